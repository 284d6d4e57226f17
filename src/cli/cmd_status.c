/* isoexec status: what is known of an alloc, or of all allocs of a job. */
#include <inttypes.h>
#include <string.h>

#include "cli/show.h"
#include "cli/tasks.h"
#include "cli/tell.h"
#include "state/runner.h"

struct status_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	bool json;
};

static const struct option own[] = {
	{"json", OPTION_FLAG, offsetof(struct status_options, json), NULL, "as JSON"},
};
static const struct option_table own_options = {own, iso_len(own)};

/* Of one alloc: the matched ones with its id, beginning at @first. */
static bool is_of(const struct state_match *m, size_t i, size_t first)
{
	return !strcmp(m->v[i]->alloc_id, m->v[first]->alloc_id);
}

static bool is_first(const struct state_match *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_of(m, k, i))
			return false;
	return true;
}

static const char *about_end(struct arena *arena, const struct state_task *s)
{
	if (s->status == STATE_BROKEN)
		return s->why;
	if (s->status == STATE_LOST)
		return "lost by a reboot";
	return s->status == STATE_EXITED || s->status == STATE_FAILED
		       ? tell_end(arena, &s->file.record)
		       : NULL;
}

static void print_tasks(
	const struct tasks *t, const struct state_match *m, size_t first, struct buf *out)
{
	static const char *const header[] = {
		"TASK", "STATUS", "PID", "USER", "STARTED", "ENDED", "RESTARTS", "END"};
	struct show_table table;

	show_table_init(&table, t->arena, header, iso_len(header));
	for (size_t i = first; i < m->n; i++) {
		const struct state_task *s = m->v[i];
		if (!is_of(m, i, first))
			continue;
		const char *const cells[] = {
			s->name,
			tell_status(t->arena, s),
			tell_pid(t->arena, s),
			s->file.about.user,
			show_time(t->arena, s->file.record.started_unix_ms),
			show_time(t->arena, s->file.record.ended_unix_ms),
			arena_printf(t->arena, "%" PRIu32, s->file.about.restarts),
			about_end(t->arena, s),
		};
		show_table_row(&table, cells);
	}
	show_table_print(&table, out);
}

static const char *tell_runner(const struct tasks *t, const char *alloc_id)
{
	struct state_runner runner;

	state_runner(tasks_alloc_state_dir(t, alloc_id), &runner);
	if (!runner.lives)
		return "none: the tasks go on, nobody restarts them";
	return runner.pid ? arena_printf(t->arena, "pid %d", (int)runner.pid) : "in the foreground";
}

static void print_alloc(
	const struct tasks *t, const struct state_match *m, size_t first, struct buf *out)
{
	const struct state_task *s = m->v[first];
	const struct record_about *a = &s->file.about;
	const struct {
		const char *title, *value;
	} lines[] = {
		{"alloc", s->alloc_id},
		{"name", a->alloc_name},
		{"job", a->job},
		{"group", a->group},
		{"made", show_time(t->arena, a->created_unix_ms)},
		{"directory", a->alloc_dir},
		{"runner", tell_runner(t, s->alloc_id)},
	};

	for (size_t i = 0; i < iso_len(lines); i++)
		if (*lines[i].value)
			buf_printf(out, "%-10s %s\n", lines[i].title,
				show_word(t->arena, lines[i].value));
	buf_chr(out, '\n');
	print_tasks(t, m, first, out);
}

static json_t *alloc_json(const struct tasks *t, const struct state_match *m, size_t first)
{
	const struct state_task *s = m->v[first];
	struct state_runner runner;
	json_t *list = json_array();
	int bad = 0;

	state_runner(tasks_alloc_state_dir(t, s->alloc_id), &runner);

	for (size_t i = first; i < m->n; i++)
		if (is_of(m, i, first))
			bad |= json_array_append_new(list, tell_json(m->v[i]));
	json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "alloc_id",
		show_json_text(s->alloc_id), "job", show_json_text(s->file.about.job), "group",
		show_json_text(s->file.about.group), "alloc_dir",
		show_json_text(s->file.about.alloc_dir), "has_runner", runner.lives ? 1 : 0,
		"runner_pid", runner.pid ? json_integer(runner.pid) : json_null(), "tasks", list);
	if (!bad)
		return object;
	json_decref(object);
	return NULL;
}

static int print(const struct tasks *t, const struct state_match *m, bool json)
{
	json_t *list = json ? json_array() : NULL;
	own_buf out = BUF_INIT;

	for (size_t i = 0; i < m->n; i++)
		tasks_settle(t, m->v[i]);
	for (size_t i = 0; i < m->n; i++) {
		if (!is_first(m, i))
			continue;
		if (json && json_array_append_new(list, alloc_json(t, m, i)))
			return EXIT_FAILED;
		if (!json) {
			buf_str(&out, i ? "\n" : "");
			print_alloc(t, m, i, &out);
		}
	}
	if (json)
		return show_json(list) ? EXIT_FAILED : EXIT_OK;
	return show_write(1, buf_text(&out), out.len) ? EXIT_OK : EXIT_FAILED;
}

static int main_status(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct status_options o = {.json = false};
	struct tasks t = {.arena = arena};
	struct state_match match;

	if (tasks_begin(&t, self, argv, argc, &o, &err) ||
		tasks_find(&t, STATE_WANT_ANY, &match, &err))
		return tasks_fail(&err);
	return print(&t, &match, o.json);
}

const struct command cmd_status = {
	.name = "status",
	.usage = "[-json] ALLOC[/TASK]|JOB",
	.summary = "what is known of an alloc or of a job's allocs",
	.main = main_status,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
