/* Every pair of state and event of a task's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watch/machine.h"

static void test_the_end_is_reached_from_everywhere_and_left_by_nothing(void **state)
{
	(void)state;
	for (int s = 0; s < N_SUP_STATES; s++)
		for (int e = 0; e < N_SUP_EVENTS; e++) {
			struct sup_move m = sup_next((enum sup_state)s, (enum sup_event)e);
			if (s == SUP_ENDED) {
				assert_int_equal(m.next, SUP_ENDED);
				assert_int_equal(m.action, SUP_DO_NOTHING);
			} else if (e == SUP_EV_EXITED) {
				assert_int_equal(m.next, SUP_ENDED);
				assert_int_equal(m.action, SUP_DO_END);
			} else {
				assert_int_not_equal(m.next, SUP_ENDED);
				assert_int_not_equal(m.action, SUP_DO_END);
				assert_true((int)m.next >= s); /* never back to life */
			}
		}
}

static void test_every_kill_is_done_wherever_it_comes(void **state)
{
	(void)state;
	for (int s = 0; s < SUP_ENDED; s++) {
		struct sup_move m = sup_next((enum sup_state)s, SUP_EV_KILL);
		assert_int_equal(m.next, SUP_KILLING);
		assert_int_equal(m.action, SUP_DO_KILL);
	}
}

static void test_only_a_stop_makes_time_count(void **state)
{
	(void)state;
	assert_int_equal(sup_next(SUP_RUNNING, SUP_EV_TIME).action, SUP_DO_NOTHING);
	assert_int_equal(sup_next(SUP_STOPPING, SUP_EV_TIME).action, SUP_DO_FORCE);
	assert_int_equal(sup_next(SUP_KILLING, SUP_EV_TIME).action, SUP_DO_NOTHING);
	assert_int_equal(sup_next(SUP_RUNNING, SUP_EV_STOP).action, SUP_DO_SIGNAL);
	assert_int_equal(sup_next(SUP_STOPPING, SUP_EV_DROPPED).action, SUP_DO_KILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_end_is_reached_from_everywhere_and_left_by_nothing),
		cmocka_unit_test(test_every_kill_is_done_wherever_it_comes),
		cmocka_unit_test(test_only_a_stop_makes_time_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
