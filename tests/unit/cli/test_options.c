/* Options by table: spellings, lists, values that do not fit, suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"
#include "cli/options.h"

struct values {
	bool json;
	const char *user;
	struct task_strings env;
	uint64_t memory, tail;
};

static const struct option options[] = {
	{"json", OPTION_FLAG, offsetof(struct values, json), NULL, "as JSON"},
	{"user", OPTION_STRING, offsetof(struct values, user), "USER", "who"},
	{"env", OPTION_LIST, offsetof(struct values, env), "K=V", "more"},
	{"memory", OPTION_NUMBER, offsetof(struct values, memory), "MB", "limit"},
	{"tail", OPTION_COUNT, offsetof(struct values, tail), "[N]", "the last ones"},
};
static const struct option_table table = {options, iso_len(options)};
static const struct option_table *const tables[] = {&table, NULL};

enum {
	MAX_WORDS = 16
};

/* @line is cut at blanks in place. */
static int parse(struct arena *arena, const char *line, struct values *v, struct arguments *a,
	struct iso_err *err)
{
	char *words[MAX_WORDS];
	size_t n = 0;
	char *copy = arena_strdup(arena, line);

	for (char *save = NULL, *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	*v = (struct values){0};
	return options_parse(tables, 1, words, n, v, arena, a, err);
}

static void test_spellings(void **state)
{
	(void)state;
	static const char *const lines[] = {"-user bob -memory 64 -json f",
		"--user=bob --memory=64 --json=true f", "f -json -memory=64 --user bob"};
	for (size_t i = 0; i < iso_len(lines); i++) {
		own_arena arena = arena_new(0);
		struct values v;
		struct arguments a;
		struct iso_err err;
		assert_int_equal(parse(arena, lines[i], &v, &a, &err), 0);
		assert_string_equal(v.user, "bob");
		assert_int_equal(v.memory, 64);
		assert_true(v.json);
		assert_int_equal(a.n_words, 1);
		assert_string_equal(a.words[0], "f");
	}
}

static void test_command_is_left_alone(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct values v;
	struct arguments a;
	struct iso_err err;
	assert_int_equal(parse(arena, "-env A=1 -env B=2 -- ls -json --", &v, &a, &err), 0);
	assert_int_equal(v.env.n, 2);
	assert_string_equal(v.env.v[1], "B=2");
	assert_false(v.json);
	assert_true(a.has_command);
	assert_int_equal(a.n_command, 3);
	assert_string_equal(a.command[2], "--");
	assert_null(a.command[3]);
}

static void test_lone_dash_is_a_word(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct values v;
	struct arguments a;
	struct iso_err err;
	assert_int_equal(parse(arena, "-", &v, &a, &err), 0);
	assert_int_equal(a.n_words, 1);
}

static void test_count_may_stand_alone(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		uint64_t want;
		size_t n_words;
	} cases[] = {
		{"-tail 5 f", 5, 1},
		{"-tail=7 f", 7, 1},
		{"-tail f", OPTION_COUNT_ALONE, 1},
		{"f -tail", OPTION_COUNT_ALONE, 1},
		{"-tail -json f", OPTION_COUNT_ALONE, 1},
		{"-tail 5f", OPTION_COUNT_ALONE, 1},
		{"-tail 0", 0, 0},
	};
	for (size_t i = 0; i < iso_len(cases); i++) {
		own_arena arena = arena_new(0);
		struct values v;
		struct arguments a;
		struct iso_err err;
		assert_int_equal(parse(arena, cases[i].line, &v, &a, &err), 0);
		assert_int_equal(v.tail, cases[i].want);
		assert_int_equal(a.n_words, cases[i].n_words);
	}
}

static void test_head_ends_at_the_first_word(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct values v = {.json = false};
	struct iso_err err;
	char words[][8] = {"-json", "-env", "A=1", "alloc", "-user", "x"};
	char *argv[] = {words[0], words[1], words[2], words[3], words[4], words[5]};
	size_t used;
	assert_int_equal(options_head(tables, argv, iso_len(argv), &v, arena, &used, &err), 0);
	assert_int_equal(used, 3);
	assert_true(v.json && v.env.n == 1 && !v.user);
	assert_int_equal(options_head(tables, argv + 4, 1, &v, arena, &used, &err), -1);
}

static void test_mistakes_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"-usr bob", "unknown option '-usr': did you mean '-user'?"},
		{"--xyzzy", "unknown option '--xyzzy'"},
		{"-user", "option '-user' needs a value: USER"},
		{"-memory 1k", "option '-memory' takes a whole number, got '1k'"},
		{"-tail=x", "option '-tail' takes a whole number, got 'x'"},
		{"-memory=", "option '-memory' takes a whole number, got ''"},
		{"-memory 99999999999999999999999",
			"option '-memory' takes a whole number, got '99999999999999999999999'"},
		{"-json=maybe", "option '-json' takes 'true' or 'false', got 'maybe'"},
	};
	for (size_t i = 0; i < iso_len(cases); i++) {
		own_arena arena = arena_new(0);
		struct values v;
		struct arguments a;
		struct iso_err err = ISO_ERR_INIT;
		assert_int_equal(parse(arena, cases[i].line, &v, &a, &err), -1);
		assert_int_equal(err.fault, ISO_FAULT_INPUT);
		assert_string_equal(err.text, cases[i].want);
	}
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("runn", "run"), 1);
	assert_int_equal(nearest_distance("paln", "plan"), 1);
	assert_true(nearest_close("valdate", "validate"));
	assert_false(nearest_close("frobnicate", "run"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_command_is_left_alone),
		cmocka_unit_test(test_lone_dash_is_a_word),
		cmocka_unit_test(test_count_may_stand_alone),
		cmocka_unit_test(test_head_ends_at_the_first_word),
		cmocka_unit_test(test_mistakes_are_told),
		cmocka_unit_test(test_distance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
