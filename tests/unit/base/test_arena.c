/* The arena as a meter, and growing arrays: counted work, never a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

enum {
	MANY = 100000
};

static void test_pushing_costs_no_more_than_four_times_the_array(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	size_t *v = NULL;

	for (size_t n = 0; n < MANY; n++) {
		v = arena_push(arena, v, n, sizeof(*v));
		assert_int_equal(v[n], 0);
		v[n] = n;
	}
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(v[i], i);
	assert_true(arena_used(arena) < 4 * MANY * sizeof(*v));
}

static void test_an_array_may_begin_elsewhere_with_a_power_of_two(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	size_t *v = arena_array(arena, 1, sizeof(*v));

	v[0] = 7;
	v = arena_push(arena, v, 1, sizeof(*v));
	v[1] = 8;
	assert_int_equal(v[0], 7);
}

static void test_full_is_told_and_never_refused(void **state)
{
	(void)state;
	own_arena arena = arena_new(100);

	assert_false(arena_is_full(arena));
	(void)arena_alloc(arena, 96);
	assert_false(arena_is_full(arena));
	assert_non_null(arena_alloc(arena, 1000));
	assert_true(arena_is_full(arena));
	assert_non_null(arena_strdup(arena, "still works"));
}

static void test_work_counts(void **state)
{
	(void)state;
	own_arena arena = arena_new(100);

	assert_true(arena_spend(arena, 100));
	assert_false(arena_spend(arena, 1));
	assert_false(arena_spend(arena, SIZE_MAX)); /* and does not wrap around */
	assert_false(arena_spend(arena, 1));
	assert_int_equal(arena_used(arena), SIZE_MAX);
	own_arena endless = arena_new(0);
	assert_true(arena_spend(endless, SIZE_MAX));
	assert_false(arena_is_full(endless));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pushing_costs_no_more_than_four_times_the_array),
		cmocka_unit_test(test_an_array_may_begin_elsewhere_with_a_power_of_two),
		cmocka_unit_test(test_full_is_told_and_never_refused),
		cmocka_unit_test(test_work_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
