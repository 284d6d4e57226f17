/* Foreign text: what a terminal would obey is shown instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/shown.h"

static void test_table(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", ""}, {"plain name.tar.gz", "plain name.tar.gz"},
		{"na\xc3\xafve \xe4\xb8\xad \xf0\x9f\x98\x80",
			"na\xc3\xafve \xe4\xb8\xad \xf0\x9f\x98\x80"},
		{"\033]0;pwn\a.zip", "\\x1b]0;pwn\\x07.zip"},
		{"a\r\nb\tc\x7f", "a\\x0d\\x0ab\\x09c\\x7f"}, {"\23331m", "\\x9b31m"},
		{"\302\23331m", "\\xc2\\x9b31m"}, {"\xc2\xa0", "\xc2\xa0"},
		{"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
		{"\xe4\xb8", "\\xe4\\xb8"},                   /* cut short */
		{"\xe4\033[2J", "\\xe4\\x1b[2J"},             /* a lead byte hides nothing */
	};
	char got[64];
	for (size_t i = 0; i < iso_len(rows); i++) {
		shown_text(got, sizeof(got), rows[i].text);
		assert_string_equal(got, rows[i].want);
	}
}

static void test_cut_between_characters(void **state)
{
	(void)state;
	static const struct {
		size_t room;
		const char *want;
	} rows[] = {{1, ""}, {2, "a"}, {3, "a"}, {4, "a\xc3\xaf"}, {7, "a\xc3\xaf"},
		{8, "a\xc3\xaf\\x1b"}};
	char got[16];
	for (size_t i = 0; i < iso_len(rows); i++) {
		shown_text(got, rows[i].room, "a\xc3\xaf\033z");
		assert_string_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
