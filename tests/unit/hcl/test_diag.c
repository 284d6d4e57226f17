/* What a person sees of a hostile file: its bytes shown, one message one line, marks in place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hcl/eval.h"
#include "hcl/parse.h"

static void render(struct arena *arena, const char *name, const char *text, struct buf *out)
{
	const struct hcl_scope scope = {.parent = NULL};
	struct hcl_source *source = arena_new_of(arena, struct hcl_source);
	struct hcl_diags diags;
	struct hcl_value ignored;

	*source = (struct hcl_source){.name = name, .text = text, .len = strlen(text)};
	hcl_diags_init(&diags, arena);
	struct hcl_body *body = hcl_parse(arena, source, &diags);
	for (size_t i = 0; i < body->n_attributes; i++)
		(void)hcl_eval(arena, &diags, &scope, body->attributes[i].expr, &ignored);
	hcl_diags_render(&diags, out);
}

static void test_messages(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *want;
	} cases[] = {
		{"f", "\ta = \"\xc3\xa4\" x\n",
			"f:1:10: error: missing newline after argument: an argument definition "
			"must "
			"end with a newline, got 'x'\n"
			"      1 | \ta = \"\xc3\xa4\" x\n"
			"        | \t        ^\n"},
		{"f", "a = 1 \033[2J\n",
			"f:1:7: error: invalid character: this character is not used in the "
			"language\n"
			"      1 | a = 1 ^[[2J\n"
			"        |       ^^\n"
			"f:1:7: error: missing newline after argument: an argument definition must "
			"end with a newline, got '^['\n"
			"      1 | a = 1 ^[[2J\n"
			"        |       ^^\n"},
		{"f", "a = b\r\n",
			"f:1:5: error: unknown variable: there is no variable named \"b\"; a "
			"string "
			"is written in double quotes\n"
			"      1 | a = b\n"
			"        |     ^\n"},
		{"f", "a = \xc2\x9b\xff\n",
			"f:1:5: error: unknown variable: there is no variable named "
			"\"\\x9b\\xff\"; a string is written in double quotes\n"
			"      1 | a = \\x9b\\xff\n"
			"        |     ^^^^^^^^\n"},
		{"f", "a = {}[\"x\\nf:9:9: error: forged\\u001b[2J\"]\n",
			"f:1:5: error: unsupported attribute: there is no attribute named "
			"\"x^Jf:9:9: error: forged^[[2J\"\n"
			"      1 | a = {}[\"x\\nf:9:9: error: forged\\u001b[2J\"]\n"
			"        |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"},
		{"\033]0;x\a\nname", "=\n",
			"^[]0;x^G^Jname:1:1: error: argument or block definition required: "
			"expected "
			"the name of an argument or a block here, got '='\n"
			"      1 | =\n"
			"        | ^\n"},
	};
	for (size_t i = 0; i < iso_len(cases); i++) {
		own_arena arena = arena_new(0);
		own_buf out = BUF_INIT;
		render(arena, cases[i].name, cases[i].text, &out);
		assert_string_equal(buf_text(&out), cases[i].want);
	}
}

static void test_their_number_and_length_are_bounded(void **state)
{
	(void)state;
	enum {
		MANY = 1000
	};
	own_arena arena = arena_new(0);
	own_buf text = BUF_INIT, out = BUF_INIT;

	for (size_t i = 0; i < MANY; i++)
		for (size_t k = 0; k < MANY; k++)
			buf_str(&text, k ? "x" : "\n= x");
	render(arena, "f", buf_text(&text), &out);
	assert_non_null(strstr(buf_text(&out), "\ntoo many errors"));
	assert_true(out.len < 100 * 2000);
}

static void test_warnings_do_not_hide_errors(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	own_buf out = BUF_INIT;
	struct hcl_diags diags;

	hcl_diags_init(&diags, arena);
	for (int i = 0; i < HCL_MAX_DIAGS + 5; i++)
		hcl_warning(&diags, (struct hcl_range){0}, "careful", "%d", i);
	hcl_error(&diags, (struct hcl_range){0}, "wrong", "%s", "it is");
	hcl_diags_render(&diags, &out);
	assert_non_null(strstr(buf_text(&out), "error: wrong: it is\n"));
	assert_non_null(strstr(buf_text(&out), "... and 5 more warnings\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_their_number_and_length_are_bounded),
		cmocka_unit_test(test_warnings_do_not_hide_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
