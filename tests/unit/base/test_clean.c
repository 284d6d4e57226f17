/* What others write is shown, not obeyed: in one piece, in all cuts of two pieces, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clean.h"

#define TEXT(t) t, sizeof(t) - 1

static const struct {
	const char *in;
	size_t len;
	const char *line, *stream;
	bool plain;
} cases[] = {
	{TEXT(""), "", "", true},
	{TEXT("plain ~ text\\x"), "plain ~ text\\x", "plain ~ text\\x", true},
	{TEXT("a\tb"), "a\tb", "a\tb", false},
	{TEXT("a\nb\n"), "a^Jb^J", "a\nb\n", false},
	{TEXT("\033[2J\a\177\0x"), "^[[2J^G^?^@x", "^[[2J^G^?^@x", false},
	{TEXT("over\rwrite"), "over^Mwrite", "over^Mwrite", false},
	{TEXT("dos\r\n"), "dos^M^J", "dos\r\n", false},
	{TEXT("\r\r\n\r"), "^M^M^J^M", "^M\r\n^M", false},
	{TEXT("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"), "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", true},
	{TEXT("\xc2\xa0"), "\xc2\xa0", "\xc2\xa0", true},
	/* C1: control sequence introducer, as UTF-8 and as a byte */
	{TEXT("\xc2\x9b"
	      "31m"),
		"\\x9b31m", "\\x9b31m", false},
	{TEXT("\x9b"
	      "31m"),
		"\\x9b31m", "\\x9b31m", false},
	{TEXT("\xc2\x80\xc2\x9f"), "\\x80\\x9f", "\\x80\\x9f", false},
	/* no UTF-8: alone, cut, overlong, surrogate, beyond, and what follows is not swallowed */
	{TEXT("\xff"), "\\xff", "\\xff", false},
	{TEXT("\xc3"), "\\xc3", "\\xc3", false},
	{TEXT("\xe2\x82"), "\\xe2\\x82", "\\xe2\\x82", false},
	{TEXT("\xe2\x82\033"), "\\xe2\\x82^[", "\\xe2\\x82^[", false},
	{TEXT("\xf0\x9f\x98\n"), "\\xf0\\x9f\\x98^J", "\\xf0\\x9f\\x98\n", false},
	{TEXT("\xc3\xc3\xa4"), "\\xc3\xc3\xa4", "\\xc3\xc3\xa4", false},
	{TEXT("\xc0\x9b"), "\\xc0\\x9b", "\\xc0\\x9b", false},
	{TEXT("\xe0\x82\x9b"), "\\xe0\\x82\\x9b", "\\xe0\\x82\\x9b", false},
	{TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80", "\\xed\\xa0\\x80", false},
	{TEXT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80", false},
	{TEXT("\xf8\x88\x80\x80\x80"), "\\xf8\\x88\\x80\\x80\\x80", "\\xf8\\x88\\x80\\x80\\x80",
		false},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < iso_len(cases); i++) {
		own_buf out = BUF_INIT;
		clean_line(&out, cases[i].in, cases[i].len);
		assert_string_equal(buf_text(&out), cases[i].line);
		assert_int_equal(clean_is_plain(cases[i].in, cases[i].len), cases[i].plain);
	}
}

static void test_streams_whatever_the_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < iso_len(cases); i++)
		for (size_t cut = 0; cut <= cases[i].len; cut++) {
			own_buf out = BUF_INIT;
			struct clean c = CLEAN_INIT;
			clean_stream(&c, &out, cases[i].in, cut);
			clean_stream(&c, &out, cases[i].in + cut, cases[i].len - cut);
			clean_end(&c, &out);
			assert_string_equal(buf_text(&out), cases[i].stream);
		}
}

static void test_streams_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < iso_len(cases); i++) {
		own_buf out = BUF_INIT;
		struct clean c = CLEAN_INIT;
		for (size_t k = 0; k < cases[i].len; k++)
			clean_stream(&c, &out, cases[i].in + k, 1);
		clean_end(&c, &out);
		assert_string_equal(buf_text(&out), cases[i].stream);
	}
}

/* Of all pairs of bytes, none leaves one that a terminal obeys. */
static void test_all_pairs(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			const char pair[] = {(char)a, (char)b, 'x'};
			own_buf out = BUF_INIT;
			clean_line(&out, pair, sizeof(pair));
			assert_true(out.len >= 2 && out.data[out.len - 1] == 'x');
			for (size_t i = 0; i < out.len; i++) {
				unsigned char c = (unsigned char)out.data[i];
				assert_true(c == '\t' || (c >= 0x20 && c != 0x7f));
				if (c < 0x80)
					continue;
				assert_in_range(c, 0xc2, 0xdf);
				assert_in_range((unsigned char)out.data[++i],
					c == 0xc2 ? 0xa0 : 0x80, 0xbf);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_streams_whatever_the_pieces),
		cmocka_unit_test(test_streams_byte_by_byte),
		cmocka_unit_test(test_all_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
