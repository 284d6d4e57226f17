/* Tables, numbers, JSON of any bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "cli/show.h"

static void test_table(void **state)
{
	static const char *const header[] = {"A", "LONGER", "C"};
	static const char *const first[] = {"1234", NULL, "x"};
	static const char *const second[] = {"\xc3\xaf", "a\nb", ""};
	own_arena arena = arena_new(0);
	own_buf out = BUF_INIT;
	struct show_table table;

	(void)state;
	show_table_init(&table, arena, header, iso_len(header));
	show_table_row(&table, first);
	show_table_row(&table, second);
	show_table_print(&table, &out);
	assert_string_equal(buf_text(&out), "A     LONGER  C\n"
					    "1234  -       x\n"
					    "\xc3\xaf     a^Jb    -\n");
}

static void test_numbers(void **state)
{
	own_arena arena = arena_new(0);
	static const struct {
		uint64_t bytes;
		const char *want;
	} sizes[] = {{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1536, "1.5 KiB"},
		{300 << 20, "300.0 MiB"}, {UINT64_C(5) << 40, "5.0 TiB"}};
	static const struct {
		uint64_t ms;
		const char *want;
	} ages[] = {{0, "0s"}, {119999, "119s"}, {120000, "2m"}, {7200000, "2h"}, {172800000, "2d"},
		{UINT64_MAX, "213503982334d"}};

	(void)state;
	for (size_t i = 0; i < iso_len(sizes); i++)
		assert_string_equal(show_bytes(arena, sizes[i].bytes), sizes[i].want);
	for (size_t i = 0; i < iso_len(ages); i++)
		assert_string_equal(show_age(arena, ages[i].ms), ages[i].want);
	assert_string_equal(show_time(arena, 0), "-");
}

static void test_json_of_any_bytes(void **state)
{
	json_t *value = show_json_text("a\xff"
				       "b");

	(void)state;
	assert_string_equal(json_string_value(value), "a\\xffb");
	json_decref(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_json_of_any_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
