/*
 * isoexec events: what has happened to the tasks of a detached alloc, oldest first. Its runner
 * writes STATE/<alloc>/events; an end that no runner was there to see is told from the task's
 * record.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "cli/show.h"
#include "cli/tasks.h"
#include "cli/tell.h"

#define EVENTS_FILE "events" /* alloc/runner.c */

struct events_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	bool json;
};

static const struct option own[] = {
	{"json", OPTION_FLAG, offsetof(struct events_options, json), NULL,
		"one JSON object a line"},
};
static const struct option_table own_options = {own, iso_len(own)};

struct event {
	uint64_t time_unix_ms;
	const char *task, *type, *message;
};

struct events {
	struct arena *arena;
	struct event *v;
	size_t n, room;
};

static void add(struct events *e, struct event event)
{
	if (e->n == e->room) {
		e->room = e->room ? 2 * e->room : 16;
		e->v = arena_grow(e->arena, e->v, e->n, e->room, sizeof(*e->v));
	}
	e->v[e->n++] = event;
}

static void add_line(struct events *e, const char *line)
{
	json_t *object = json_loads(line, 0, NULL);
	json_int_t time;
	const char *task, *type, *message;

	/* a line that a full disk has cut is left out */
	if (object && !json_unpack(object, "{s:I, s:s, s:s, s:s}", "time_unix_ms", &time, "task",
			      &task, "type", &type, "message", &message))
		add(e, (struct event){(uint64_t)time, arena_strdup(e->arena, task),
			       arena_strdup(e->arena, type), arena_strdup(e->arena, message)});
	json_decref(object);
}

static int read_file(struct events *e, const char *dir, struct iso_err *err)
{
	own_fd at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd fd = at < 0 ? -1 : openat(at, EVENTS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *line = NULL;
	size_t room = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : iso_err_sys(err, "open '%s/" EVENTS_FILE "'", dir);
	FILE *file = fdopen(fd, "re");
	if (!file)
		return iso_err_sys(err, "read '%s/" EVENTS_FILE "'", dir);
	(void)fd_take(&fd);
	while (getline(&line, &room, file) > 0)
		add_line(e, line);
	free(line);
	(void)fclose(file);
	return 0;
}

/* Did the task's last event tell its end? */
static bool end_is_told(const struct events *e, const char *task)
{
	bool told = false;

	for (size_t i = 0; i < e->n; i++)
		if (!strcmp(e->v[i].task, task))
			told = !strcmp(e->v[i].type, "Terminated") ||
			       !strcmp(e->v[i].type, "Driver Failure");
	return told;
}

static void add_end(struct events *e, const struct state_task *task)
{
	if (state_is_live(task) || !task->file.record.ended_unix_ms || end_is_told(e, task->name))
		return;
	add(e, (struct event){task->file.record.ended_unix_ms, task->name, "Terminated",
		       tell_end(e->arena, &task->file.record)});
}

static int print_json(const struct event *event)
{
	return show_json_line(json_pack("{s:I, s:o, s:o, s:o}", "time_unix_ms",
		(json_int_t)event->time_unix_ms, "task", show_json_text(event->task), "type",
		show_json_text(event->type), "message", show_json_text(event->message)));
}

static int print(const struct tasks *t, const struct events *e, bool json)
{
	static const char *const header[] = {"TIME", "TASK", "EVENT", "MESSAGE"};
	struct show_table table;
	own_buf out = BUF_INIT;

	for (size_t i = 0; json && i < e->n; i++)
		if (print_json(&e->v[i]))
			return EXIT_FAILED;
	if (json)
		return EXIT_OK;
	show_table_init(&table, t->arena, header, iso_len(header));
	for (size_t i = 0; i < e->n; i++) {
		const char *cells[] = {show_time(t->arena, e->v[i].time_unix_ms), e->v[i].task,
			e->v[i].type, e->v[i].message};
		show_table_row(&table, cells);
	}
	show_table_print(&table, &out);
	return show_write(1, buf_text(&out), out.len) ? EXIT_OK : EXIT_FAILED;
}

static int main_events(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct events_options o = {.json = false};
	struct tasks t = {.arena = arena};
	struct events events = {.arena = arena};
	struct state_match match;

	if (tasks_begin(&t, self, argv, argc, &o, &err) ||
		tasks_find(&t, STATE_WANT_ALLOC, &match, &err) ||
		read_file(&events, tasks_alloc_state_dir(&t, match.v[0]->alloc_id), &err))
		return tasks_fail(&err);
	for (size_t i = 0; i < match.n; i++) {
		tasks_settle(&t, match.v[i]);
		add_end(&events, match.v[i]);
	}
	return print(&t, &events, o.json);
}

const struct command cmd_events = {
	.name = "events",
	.usage = "[-json] ALLOC",
	.summary = "what has happened to the tasks of a detached alloc",
	.main = main_events,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
