/* The restart policy, case by case from Nomad's description of the restart block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc/restart.h"

static const struct task_restart batch = {.attempts = 2, .interval_ms = 10000, .delay_ms = 400};

static void test_no_attempts_never_restarts(void **state)
{
	(void)state;
	const struct task_restart none = {.interval_ms = 1000, .delay_ms = 1};
	struct restart_history h = {0};
	uint64_t wait;
	assert_int_equal(restart_decide(&none, &h, true, 0, 0, &wait), RESTART_DONE);
	assert_int_equal(restart_decide(&none, &h, false, 0, 0, &wait), RESTART_FAILED);
}

static void test_success_is_done_unless_service(void **state)
{
	(void)state;
	struct restart_history h = {0};
	uint64_t wait;
	assert_int_equal(restart_decide(&batch, &h, true, 5, 0, &wait), RESTART_DONE);
	struct task_restart service = batch;
	service.on_success = true;
	assert_int_equal(restart_decide(&service, &h, true, 5, 0, &wait), RESTART_AGAIN);
}

static void test_attempts_within_interval(void **state)
{
	(void)state;
	struct restart_history h = {0};
	uint64_t wait = 0;
	assert_int_equal(restart_decide(&batch, &h, false, 1000, 0, &wait), RESTART_AGAIN);
	assert_int_equal(wait, 400);
	assert_int_equal(restart_decide(&batch, &h, false, 2000, 0, &wait), RESTART_AGAIN);
	assert_int_equal(restart_decide(&batch, &h, false, 3000, 0, &wait), RESTART_FAILED);
	/* a new interval: the count begins again */
	assert_int_equal(restart_decide(&batch, &h, false, 11000, 0, &wait), RESTART_AGAIN);
}

static void test_mode_delay_waits_for_the_interval(void **state)
{
	(void)state;
	struct task_restart p = batch;
	p.mode_delay = true;
	p.attempts = 1;
	struct restart_history h = {0};
	uint64_t wait = 0;
	assert_int_equal(restart_decide(&p, &h, false, 1000, 0, &wait), RESTART_AGAIN);
	assert_int_equal(restart_decide(&p, &h, false, 4000, 0, &wait), RESTART_AGAIN);
	assert_int_equal(wait, 7000);
}

static void test_delay_is_spread_by_a_quarter_at_most(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 1000; random++) {
		struct restart_history h = {0};
		uint64_t wait = 0;
		assert_int_equal(
			restart_decide(&batch, &h, false, 0, random, &wait), RESTART_AGAIN);
		assert_in_range(wait, 400, 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_attempts_never_restarts),
		cmocka_unit_test(test_success_is_done_unless_service),
		cmocka_unit_test(test_attempts_within_interval),
		cmocka_unit_test(test_mode_delay_waits_for_the_interval),
		cmocka_unit_test(test_delay_is_spread_by_a_quarter_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
