/*
 * A job file is hostile: what it costs grows with its length, and ends. Counted (arena_used()), not
 * timed: twice as much of anything must cost about twice as much, never four times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "job/lang.h"
#include "job/load.h"
#include "job/to_task.h"

enum {
	SOME = 200
};

/* A file of one task with @n times @each, which holds at most two %zu: the number, the one before.
 */
struct shape {
	const char *name, *before, *first, *each, *after;
};

#define JOB(config, task)                                                                          \
	"job \"j\" {\ngroup \"g\" {\ntask \"t\" {\ndriver = \"exec\"\nconfig {\ncommand = "        \
	"\"true\"\n" config "}\n" task "}\n}\n}\n"
#define TASK_HEAD                                                                                  \
	"job \"j\" {\ngroup \"g\" {\ntask \"t\" {\ndriver = \"exec\"\nconfig {\ncommand = "        \
	"\"true\"\n}\n"
#define TASK_TAIL "}\n}\n}\n"

static const struct shape shapes[] = {
	{"env", TASK_HEAD "env {\n", "", "V%zu = \"x\"\n", "}\n" TASK_TAIL},
	{"env as a map", TASK_HEAD "env = {\n", "", "V%zu = \"x\"\n", "}\n" TASK_TAIL},
	{"env blocks", TASK_HEAD, "", "env {\nV%zu = \"x\"\n}\n", TASK_TAIL},
	{"meta", TASK_HEAD "meta {\n", "", "v%zu = \"x\"\n", "}\n" TASK_TAIL},
	{"references", TASK_HEAD "meta {\na = 1\n}\nenv {\n", "", "V%zu = \"${NOMAD_META_a}\"\n",
		"}\n" TASK_TAIL},
	{"tasks", "job \"j\" {\ngroup \"g\" {\n", "",
		"task \"t%zu\" {\ndriver = \"exec\"\nconfig {\ncommand = \"true\"\n}\n}\n",
		"}\n}\n"},
	{"groups", "job \"j\" {\n", "",
		"group \"g%zu\" {\ntask \"t\" {\ndriver = \"exec\"\nconfig {\ncommand = \"x\"\n"
		"}\n}\n}\n",
		"}\n"},
	{"artifacts", TASK_HEAD, "", "artifact {\nsource = \"http://h/%zu\"\n}\n", TASK_TAIL},
	{"variables", "", "", "variable \"v%zu\" {\ndefault = 1\n}\n", JOB("", "")},
	{"locals", "locals {\n", "", "a%zu = 1\n", "}\n" JOB("", "")},
	{"chain of locals", "locals {\n", "a0 = 1\n", "a%zu = local.a%zu\n", "}\n" JOB("", "")},
	{"locals blocks", "locals {\na0 = 1\n}\n", "", "locals {\na%zu = local.a%zu\n}\n",
		JOB("", "")},
	{"list", TASK_HEAD "env {\nA = length([", "", "%zu, ", "])\n}\n" TASK_TAIL},
	{"object", TASK_HEAD "env {\nA = length({", "", "a%zu = 1, ", "})\n}\n" TASK_TAIL},
	{"merge", TASK_HEAD "env = merge({}", "", ", {a%zu = 1}", ")\n" TASK_TAIL},
	{"template", TASK_HEAD "env {\nA = \"", "", "${%zu}", "\"\n}\n" TASK_TAIL},
	{"repeated arguments", TASK_HEAD "env {\n", "", "A = %zu\n", "}\n" TASK_TAIL},
	{"repeated blocks", TASK_HEAD, "", "logs {\nmax_files = %zu\n}\n", TASK_TAIL},
	{"unknown arguments", TASK_HEAD, "", "a%zu = 1\n", TASK_TAIL},
};

/* The formats stand in the table. */
static void add(struct buf *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf_vprintf(out, format, ap);
#pragma GCC diagnostic pop
	va_end(ap);
}

static void write_shape(const struct shape *s, size_t n, struct buf *out)
{
	buf_str(out, s->before);
	buf_str(out, s->first);
	for (size_t i = 1; i <= n; i++)
		add(out, s->each, i, i - 1);
	buf_str(out, s->after);
}

static struct job *load(struct arena *arena, const char *text, struct hcl_diags *diags)
{
	struct hcl_source *source = arena_new_of(arena, struct hcl_source);

	*source = (struct hcl_source){.name = "test.hcl", .text = text, .len = strlen(text)};
	hcl_diags_init(diags, arena);
	return job_decode(arena, source, (struct task_strings){0}, (struct task_strings){0}, diags);
}

static void place(struct arena *arena, const struct job *job, struct hcl_diags *diags)
{
	static const struct operator_config operator_config;
	const struct lang_placement at = {.alloc_id = "0",
		.data_dir = "/d",
		.state_dir = "/s",
		.operator= & operator_config,
		.n_cpus = 1};

	for (size_t i = 0; i < job->n_groups; i++)
		(void)job_place(arena, job, &job->groups[i], &at, diags);
}

static size_t cost(const struct shape *s, size_t n)
{
	own_arena arena = arena_new(0);
	own_buf text = BUF_INIT;
	struct hcl_diags diags;

	write_shape(s, n, &text);
	struct job *job = load(arena, buf_text(&text), &diags);
	if (job)
		place(arena, job, &diags);
	return arena_used(arena);
}

static void test_twice_as_much_costs_about_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < iso_len(shapes); i++) {
		size_t one = cost(&shapes[i], SOME), two = cost(&shapes[i], 2 * SOME);
		if (two > 5 * one / 2)
			fail_msg("%s: %d cost %zu, %d cost %zu", shapes[i].name, SOME, one,
				2 * SOME, two);
	}
}

static void test_what_does_not_fit_is_an_error_of_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < iso_len(shapes); i++) {
		size_t limit = cost(&shapes[i], SOME);
		own_arena arena = arena_new(limit);
		own_buf text = BUF_INIT, messages = BUF_INIT;
		struct hcl_diags diags;
		write_shape(&shapes[i], 10 * SOME, &text);
		struct job *job = load(arena, buf_text(&text), &diags);
		if (job)
			place(arena, job, &diags);
		assert_true(diags.n_errors > 0);
		hcl_diags_render(&diags, &messages);
		if (diags.n_errors < HCL_MAX_DIAGS &&
			!strstr(buf_text(&messages), "file is too large"))
			fail_msg("%s: %s", shapes[i].name, buf_text(&messages));
		/* and it stopped there: some of the text, not all of it */
		if (arena_used(arena) > 4 * limit + 20 * text.len)
			fail_msg("%s: limit %zu, used %zu", shapes[i].name, limit,
				arena_used(arena));
	}
}

/* Short files that would make much. */
static void test_bombs(void **state)
{
	(void)state;
	static const char *const bombs[] = {
		"env = { A = length([for x in range(1024): [for y in range(1024): [for z in "
		"range(1024): x]]]) }",
		"env = { A = can([for x in range(1024): [for y in range(1024): [for z in "
		"range(1024): x]]]) }",
		"env = { A = length([for x in range(1024): [for y in range(1024): try(x.a, 0) + "
		"try(y.a, 0)]]) }",
		"env = { A = join(\"\", [for x in range(1024): join(\"\", [for y in "
		"range(1024): \"0123456789012345678901234567890123456789\"])]) }",
	};
	for (size_t i = 0; i < iso_len(bombs); i++) {
		enum {
			LIMIT = 8 * 1024 * 1024
		};
		own_arena arena = arena_new(LIMIT);
		struct hcl_diags diags;
		assert_null(load(
			arena, arena_printf(arena, TASK_HEAD "%s\n" TASK_TAIL, bombs[i]), &diags));
		assert_int_equal(diags.n_errors, 1);
		assert_string_equal(diags.v[0].summary, "file is too large");
		assert_true(arena_used(arena) < 2 * LIMIT);
	}
}

/* a0 .. a29, each made of the one before. */
static void test_locals_that_double(void **state)
{
	(void)state;
	static const struct {
		const char *first, *each, *last;
	} cases[] = {
		{"a0 = [1, 2]\n", "a%1$zu = concat(local.a%2$zu, local.a%2$zu)\n", ""},
		{"a0 = \"0123456789abcdef\"\n", "a%1$zu = \"${local.a%2$zu}${local.a%2$zu}\"\n",
			""},
		{"a0 = \"x\"\n", "a%1$zu = replace(\"xxxx\", \"x\", local.a%2$zu)\n", ""},
		{"a0 = [1]\nb0 = [1]\n",
			"a%1$zu = [local.a%2$zu, local.a%2$zu]\nb%1$zu = [local.b%2$zu, "
			"local.b%2$zu]\n",
			"same = local.a29 == local.b29\n"},
		{"a0 = [1]\nb0 = [1]\n",
			"a%1$zu = [local.a%2$zu, local.a%2$zu]\nb%1$zu = [local.b%2$zu, "
			"local.b%2$zu]\n",
			"same = contains([local.a29], local.b29)\n"},
	};
	for (size_t i = 0; i < iso_len(cases); i++) {
		enum {
			LIMIT = 8 * 1024 * 1024
		};
		own_arena arena = arena_new(LIMIT);
		own_buf text = BUF_INIT;
		struct hcl_diags diags;
		buf_printf(&text, "locals {\n%s", cases[i].first);
		for (size_t k = 1; k < 30; k++)
			add(&text, cases[i].each, k, k - 1);
		buf_printf(&text, "%s}\n" JOB("", ""), cases[i].last);
		assert_null(load(arena, buf_text(&text), &diags));
		assert_int_equal(diags.n_errors, 1);
		assert_string_equal(diags.v[0].summary, "file is too large");
		assert_true(arena_used(arena) < 2 * LIMIT);
	}
}

static void test_too_many_tasks(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct hcl_diags diags;

	assert_null(load(arena,
		"job \"j\" {\ngroup \"g\" {\ncount = 1000\n"
		"task \"a\" {\ndriver = \"exec\"\nconfig {\ncommand = \"x\"\n}\n}\n"
		"task \"b\" {\ndriver = \"exec\"\nconfig {\ncommand = \"x\"\n}\n}\n"
		"task \"c\" {\ndriver = \"exec\"\nconfig {\ncommand = \"x\"\n}\n}\n"
		"task \"d\" {\ndriver = \"exec\"\nconfig {\ncommand = \"x\"\n}\n}\n"
		"task \"e\" {\ndriver = \"exec\"\nconfig {\ncommand = \"x\"\n}\n}\n}\n}\n",
		&diags));
	assert_int_equal(diags.n_errors, 1);
	assert_string_equal(diags.v[0].detail,
		"job \"j\" would run 5000 tasks on this machine, at most 4096 are");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twice_as_much_costs_about_twice),
		cmocka_unit_test(test_what_does_not_fit_is_an_error_of_the_file),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_locals_that_double),
		cmocka_unit_test(test_too_many_tasks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
