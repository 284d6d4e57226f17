/* Locals use each other in any order; what cannot be known is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "job/load.h"

#define JOB                                                                                        \
	"job \"j\" {\ngroup \"g\" {\ntask \"t\" {\ndriver = \"exec\"\nconfig {\ncommand = "        \
	"\"true\"\n}\nuser = \"${local.r}\"\n}\n}\n}\n"

static void test_values(void **state)
{
	(void)state;
	static const struct {
		const char *locals, *want; /* of local.r */
	} cases[] = {
		{"r = local.a\na = local.b\nb = \"x\"\n", "x"},
		{"r = local[\"a\"]\na = \"x\"\n", "x"},
		{"r = try(local.b, \"no\")\nb = \"x\"\n", "x"}, /* whatever stands first */
		{"r = try(local.none, \"no\")\n", "no"},
		{"r = join(\",\", keys(local))\na = local.b\nb = 1\n", "a,b"},
		{"r = local.k\nk = join(\",\", keys(local))\na = 1\n", "a"},
		{"r = local[local.key]\nkey = \"a\"\na = \"x\"\n", "x"},
		{"r = [for local in [\"x\"]: local][0]\n", "x"},
		{"r = \"${local.a}${local.a}\"\na = local.b\nb = \"x\"\n}\nlocals {\nc = local.a\n",
			"xx"},
	};
	for (size_t i = 0; i < iso_len(cases); i++) {
		own_arena arena = arena_new(0);
		const char *text = arena_printf(arena, "locals {\n%s}\n" JOB, cases[i].locals);
		struct hcl_source source = {.name = "f", .text = text, .len = strlen(text)};
		struct hcl_diags diags;
		hcl_diags_init(&diags, arena);
		struct job *job = job_decode(
			arena, &source, (struct task_strings){0}, (struct task_strings){0}, &diags);
		if (!job)
			fail_msg("%s: %s: %s", cases[i].locals, diags.v[0].summary,
				diags.v[0].detail);
		assert_string_equal(job->groups[0].tasks[0].user.text, cases[i].want);
	}
}

static void test_mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *locals;
		size_t n;
		const char *summary;
		unsigned line;
	} cases[] = {
		{"r = local.r\n", 1, "local needs itself", 2},
		{"r = local.a\na = local.r\nb = 1\n", 2, "local needs itself", 3},
		{"r = 1\nr2 = 2\n}\nlocals {\nr = 3\n", 1, "duplicate local", 6},
		{"r = local.nobody\n", 1, "unsupported attribute", 2},
		/* one mistake, not one for each that uses it */
		{"r = local.a\na = local.b\nb = nobody\n", 1, "unknown variable", 4},
	};
	for (size_t i = 0; i < iso_len(cases); i++) {
		own_arena arena = arena_new(0);
		const char *text = arena_printf(arena, "locals {\n%s}\n" JOB, cases[i].locals);
		struct hcl_source source = {.name = "f", .text = text, .len = strlen(text)};
		struct hcl_diags diags;
		hcl_diags_init(&diags, arena);
		assert_null(job_decode(arena, &source, (struct task_strings){0},
			(struct task_strings){0}, &diags));
		assert_int_equal(diags.n_errors, cases[i].n);
		assert_string_equal(diags.v[0].summary, cases[i].summary);
		assert_int_equal(diags.v[0].range.start.line, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
