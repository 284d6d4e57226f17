/* Sorted names: order, the first of equal ones, prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/names.h"

static void test_sorted_and_found(void **state)
{
	(void)state;
	static const char *const words[] = {"b", "a", "", "ab", "b", "a\xc3\xa4", "B"};
	static const struct {
		const char *name;
		size_t at; /* ~0: there is none */
	} cases[] = {{"a", 1}, {"b", 0}, {"", 2}, {"ab", 3}, {"a\xc3\xa4", 5}, {"B", 6}, {"c", ~0U},
		{"a\xc3", ~0U}, {"A", ~0U}};
	struct name_at v[iso_len(words)];

	for (size_t i = 0; i < iso_len(words); i++)
		v[i] = (struct name_at){words[i], strlen(words[i]), i};
	names_sort(v, iso_len(v));
	for (size_t i = 0; i < iso_len(cases); i++) {
		const struct name_at *found =
			names_find(v, iso_len(v), cases[i].name, strlen(cases[i].name));
		if (cases[i].at == ~0U)
			assert_null(found);
		else
			assert_int_equal(found->at, cases[i].at);
	}
	const struct name_at *b = names_find(v, iso_len(v), "b", 1);
	assert_true(names_equal(b, b + 1));
	assert_int_equal(b[1].at, 4);
	assert_null(names_find(v, 0, "a", 1));
	names_sort(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sorted_and_found)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
