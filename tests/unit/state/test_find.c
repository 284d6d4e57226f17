/* What a person's words mean: ids, beginnings, jobs, tasks, and the words for what they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "place.h"

#define WEB_1 "a1000000-0000"
#define WEB_2 "a2000000-0000"
#define DB    "b1000000-0000"

/* web twice (the first one live), db with two tasks, a job of a periodic's name, and a job that is
 * named like the beginning of an alloc id */
static void fill(struct place *p, int *ret_live)
{
	static const struct {
		const char *alloc, *task, *job;
	} rows[] = {{WEB_2, "t", "web"}, {DB, "server", "db"}, {DB, "side", "db"},
		{"c1", "t", "cron/periodic-7"}, {"c2", "t", "a2"}};

	*ret_live = place_task(p, WEB_1, "t", "web", 1, &(struct record){.phase = RECORD_RUNNING});
	assert_int_equal(flock(*ret_live, LOCK_EX | LOCK_NB), 0);
	for (size_t i = 0; i < iso_len(rows); i++)
		assert_int_equal(close(place_task(p, rows[i].alloc, rows[i].task, rows[i].job,
					 2 + i, &(struct record){.phase = RECORD_CLEANED})),
			0);
}

/* "alloc/task alloc/task", or the error's text */
static const char *find(struct place *p, const struct state_list *list, const char *alloc,
	const char *task, enum state_want want)
{
	struct state_match match;
	struct iso_err err = ISO_ERR_INIT;
	const char *text = "";

	if (state_find(p->arena, list, alloc, task, want, &match, &err)) {
		assert_int_equal(err.fault, ISO_FAULT_INPUT);
		return arena_strdup(p->arena, err.text);
	}
	assert_true(match.n > 0);
	for (size_t i = 0; i < match.n; i++)
		text = arena_printf(p->arena, "%s%s%.2s/%s", text, *text ? " " : "",
			match.v[i]->alloc_id, match.v[i]->name);
	return text;
}

static void test_words(void **state)
{
	struct place *p = *state;
	static const struct {
		const char *alloc, *task;
		enum state_want want;
		const char *answer;
	} rows[] = {
		{WEB_1, NULL, STATE_WANT_TASK, "a1/t"},
		{"a1", NULL, STATE_WANT_TASK, "a1/t"},
		{"c1", NULL, STATE_WANT_TASK, "c1/t"},
		{"a", NULL, STATE_WANT_TASK,
			"'a' is the beginning of 2 alloc ids, name one of them: " WEB_1
			" (job 'web'), " WEB_2 " (job 'web')"},
		{"a", NULL, STATE_WANT_ANY,
			"'a' is the beginning of 2 alloc ids, name one of them: " WEB_1
			" (job 'web'), " WEB_2 " (job 'web')"},
		{"web", NULL, STATE_WANT_TASK, "a1/t"}, /* the live one */
		{"web", NULL, STATE_WANT_ANY, "a1/t a2/t"},
		{"web/t", NULL, STATE_WANT_ANY, "a1/t a2/t"},
		{"cron/periodic-7", NULL, STATE_WANT_TASK, "c1/t"},
		{"cron/periodic-7/t", NULL, STATE_WANT_TASK, "c1/t"},
		{"cron", NULL, STATE_WANT_ANY, "no alloc or job 'cron': see 'isoexec ps'"},
		{"a2", NULL, STATE_WANT_TASK,
			"c2/t"}, /* a job's whole name goes before a beginning */
		{"a20", NULL, STATE_WANT_TASK, "a2/t"},
		{"db", NULL, STATE_WANT_ALLOC, "b1/server b1/side"},
		{"b", NULL, STATE_WANT_TASK,
			"alloc 'b' has 2 tasks, name one of them as 'b/TASK': server, side"},
		{"b/side", NULL, STATE_WANT_TASK, "b1/side"},
		{"b", "side", STATE_WANT_TASK, "b1/side"},
		{"b/side", NULL, STATE_WANT_ALLOC, "b1/side"},
		{"b/nope", NULL, STATE_WANT_TASK,
			"alloc 'b' has no task 'nope', only: server, side"},
		{"b/", NULL, STATE_WANT_TASK, "alloc 'b' has no task '', only: server, side"},
		{"x", NULL, STATE_WANT_ANY, "no alloc or job 'x': see 'isoexec ps'"},
		{"", NULL, STATE_WANT_ANY, "no alloc or job '': see 'isoexec ps'"},
		{"/", NULL, STATE_WANT_ANY, "no alloc or job '/': see 'isoexec ps'"},
		{"x/t", NULL, STATE_WANT_TASK, "no alloc or job 'x/t': see 'isoexec ps'"},
		{WEB_1 "0", NULL, STATE_WANT_TASK,
			"no alloc or job '" WEB_1 "0': see 'isoexec ps'"},
	};
	int live;

	fill(p, &live);
	const struct state_list list = place_list(p);
	for (size_t i = 0; i < iso_len(rows); i++)
		assert_string_equal(
			find(p, &list, rows[i].alloc, rows[i].task, rows[i].want), rows[i].answer);
	assert_int_equal(close(live), 0);
}

static void test_a_job_without_a_live_alloc(void **state)
{
	struct place *p = *state;
	int live;

	fill(p, &live);
	assert_int_equal(close(place_task(p, "d1", "t", "old", 9,
				 &(struct record){.phase = RECORD_CLEANED})),
		0);
	assert_int_equal(
		close(place_task(p, "d2", "t", "old", 9, &(struct record){.phase = RECORD_FAILED})),
		0);
	const struct state_list list = place_list(p);
	assert_string_equal(find(p, &list, "old", NULL, STATE_WANT_TASK),
		"job 'old' has 2 allocs, name one of them: d1, d2");
	assert_string_equal(find(p, &list, "old", NULL, STATE_WANT_ANY), "d1/t d2/t");
	assert_int_equal(close(live), 0);
}

static void test_many_candidates_are_cut(void **state)
{
	struct place *p = *state;
	char name[16];

	for (int i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "e%02d", i);
		assert_int_equal(close(place_task(p, name, "t", "many", (uint64_t)i,
					 &(struct record){.phase = RECORD_CLEANED})),
			0);
	}
	const struct state_list list = place_list(p);
	assert_string_equal(find(p, &list, "many", NULL, STATE_WANT_TASK),
		"job 'many' has 40 allocs, name one of them: e00, e01, e02, e03, e04, e05, e06, "
		"e07, ...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_job_without_a_live_alloc, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			test_many_candidates_are_cut, place_setup, place_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
