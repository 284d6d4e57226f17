/* isoexec ps: the tasks of this machine. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/say.h"
#include "cli/show.h"
#include "cli/tasks.h"
#include "cli/tell.h"

struct ps_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	bool all, json, quiet;
};

static const struct option own[] = {
	{"a", OPTION_FLAG, offsetof(struct ps_options, all), NULL,
		"also tasks that have ended and are not swept yet"},
	{"json", OPTION_FLAG, offsetof(struct ps_options, json), NULL, "as JSON"},
	{"quiet", OPTION_FLAG, offsetof(struct ps_options, quiet), NULL, "alloc ids only"},
};
static const struct option_table own_options = {own, iso_len(own)};

static void print_row(struct tasks *t, struct show_table *table, const struct state_task *s)
{
	const struct record_about *a = &s->file.about;
	const char *const cells[] = {
		tasks_short(t, s->alloc_id),
		a->job,
		a->group,
		s->name,
		tell_status(t->arena, s),
		tell_pid(t->arena, s),
		tell_age(t->arena, s),
		arena_printf(t->arena, "%" PRIu32, a->restarts),
		a->command,
	};
	show_table_row(table, cells);
}

/* In the list's order, each once. */
static void print_ids(struct buf *out, const struct state_task *const *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool seen = false;
		for (size_t k = 0; k < i && !seen; k++)
			seen = tasks[k]->alloc_id == tasks[i]->alloc_id;
		if (!seen)
			buf_printf(out, "%s\n", tasks[i]->alloc_id);
	}
}

static int print_json(const struct state_task *const *tasks, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, tell_json(tasks[i])))
			return EXIT_FAILED;
	return show_json(list) ? EXIT_FAILED : EXIT_OK;
}

static int print(struct tasks *t, const struct ps_options *o)
{
	static const char *const header[] = {
		"ALLOC", "JOB", "GROUP", "TASK", "STATUS", "PID", "AGE", "RESTARTS", "COMMAND"};
	const struct state_task **chosen = arena_array(t->arena, t->list.n + 1, sizeof(*chosen));
	struct show_table table;
	own_buf out = BUF_INIT;
	size_t n = 0;

	show_table_init(&table, t->arena, header, iso_len(header));
	for (size_t i = 0; i < t->list.n; i++) {
		struct state_task *s = &t->list.v[i];
		tasks_settle(t, s);
		if (!o->all && !state_is_live(s))
			continue;
		chosen[n++] = s;
		print_row(t, &table, s);
	}
	if (o->json)
		return print_json(chosen, n);
	if (o->quiet)
		print_ids(&out, chosen, n);
	else
		show_table_print(&table, &out);
	return show_write(1, buf_text(&out), out.len) ? EXIT_OK : EXIT_FAILED;
}

static int main_ps(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct ps_options o = {0};
	struct tasks t = {.arena = arena};

	if (tasks_begin(&t, self, argv, argc, &o, &err))
		return tasks_fail(&err);
	if (t.arguments.n_words || t.arguments.has_command) {
		say("ps takes no words: see 'isoexec status ALLOC|JOB'");
		return EXIT_USAGE;
	}
	return print(&t, &o);
}

const struct command cmd_ps = {
	.name = "ps",
	.usage = "[-a] [-json] [-quiet]",
	.summary = "the tasks that run",
	.main = main_ps,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
