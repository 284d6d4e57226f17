/*
 * isoexec logs: what tasks have written, from the files that their supervisors keep; with -f also
 * what they write, until they have ended. Files and ends wake us, nothing is asked for twice.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/log_out.h"
#include "cli/log_reader.h"
#include "cli/say.h"
#include "cli/show.h"
#include "cli/task_plan.h"
#include "cli/tasks.h"

enum {
	DEFAULT_LINES = 10,
	READ_ROOM = 8 * 1024
};

struct logs_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	bool follow, errors, raw;
	uint64_t tail, n;
};

#define AT(field) offsetof(struct logs_options, field)
static const struct option own[] = {
	{"f", OPTION_FLAG, AT(follow), NULL, "go on with what is written, until the task ends"},
	{"stderr", OPTION_FLAG, AT(errors), NULL, "standard error instead of standard output"},
	{"tail", OPTION_COUNT, AT(tail), "[N]", "the last N lines only (default 10)"},
	{"n", OPTION_NUMBER, AT(n), "N", "the same"},
	{"raw", OPTION_FLAG, AT(raw), NULL, "pass control bytes to a terminal"},
};
static const struct option_table own_options = {own, iso_len(own)};

/* One task that is read. */
struct source {
	struct state_task *which;
	struct task_log log;
	struct log_reader reader;
	struct log_out out;
	struct iso_task *task; /* NULL: it has ended, or is not followed */
	bool over;             /* nothing will be added */
};

static int open_source(
	const struct tasks *t, struct source *s, const struct logs_options *o, struct iso_err *err)
{
	struct steps plan;
	const char *name = tasks_label(t, s->which);

	if (s->which->status == STATE_PENDING)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0, "task '%s' was not started yet", name);
	if (task_plan_read(t->arena, s->which, &plan, err))
		return iso_err_in(err, "task '%s'", name);
	if (!task_plan_log(&plan, o->errors ? 2 : 1, &s->log) || !s->log.max_files)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"the output of task '%s' is not kept: its logs are disabled", name);
	return log_reader_open(&s->reader, s->log.dir, s->log.base, err);
}

/* Before the first reading, so that what comes between it and the waiting wakes us. */
static int follow_source(const struct tasks *t, struct source *s, int watch, struct iso_err *err)
{
	s->over = true;
	if (!state_is_live(s->which))
		return 0;
	if (inotify_add_watch(watch, s->log.dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) <
		0)
		return iso_err_sys(err, "watch '%s'", s->log.dir);
	int r = tasks_attach(t, s->which, &s->task, err);
	if (r && err->fault == ISO_FAULT_NOT_FOUND)
		return 0; /* it ended just now */
	s->over = r;
	return r;
}

/* All there is. 1: nobody reads us any more. */
static int copy(const struct tasks *t, struct source *s, struct iso_err *err)
{
	char data[READ_ROOM];
	uint64_t lost = s->reader.lost;
	ssize_t n;

	while ((n = log_reader_read(&s->reader, data, sizeof(data), err)) > 0)
		if (!log_out_write(&s->out, data, (size_t)n, false))
			return 1;
	if (n < 0)
		return iso_err_in(err, "task '%s'", tasks_label(t, s->which));
	if (s->reader.lost > lost)
		say("task '%s': %" PRIu64
		    " files of output were rotated away before they were shown",
			tasks_label(t, s->which), s->reader.lost - lost);
	if (s->over && !log_out_write(&s->out, "", 0, true))
		return 1;
	return 0;
}

static void drain_watch(int watch)
{
	char events[READ_ROOM];
	ssize_t n;

	do
		n = read(watch, events, sizeof(events)); /* which file it was does not matter */
	while (n > 0);
}

static int on_task(const struct tasks *t, struct source *s, struct iso_err *err)
{
	struct iso_event event;

	if (iso_next(s->task, &event, err))
		return iso_err_in(err, "task '%s'", tasks_label(t, s->which));
	s->over = event.kind == ISO_EVENT_GONE; /* the files are complete from here on */
	if (s->over)
		s->task = iso_task_free(s->task);
	return 0;
}

static int wait_for_more(const struct tasks *t, struct source *list, size_t n, int watch,
	struct pollfd *fds, struct iso_err *err)
{
	fds[0] = (struct pollfd){.fd = watch, .events = POLLIN};
	for (size_t i = 0; i < n; i++)
		fds[1 + i] = (struct pollfd){
			.fd = list[i].task ? iso_task_fd(list[i].task) : -1, .events = POLLIN};
	/* our reader's end: a pager that was left, a head that has enough */
	fds[1 + n] = (struct pollfd){.fd = STDOUT_FILENO};
	if (poll(fds, n + 2, -1) < 0)
		return errno == EINTR ? 0 : iso_err_sys(err, "wait for output");
	if (fds[1 + n].revents)
		return 1;
	if (fds[0].revents)
		drain_watch(watch);
	for (size_t i = 0; i < n; i++)
		if (fds[1 + i].revents && on_task(t, &list[i], err))
			return -1;
	return 0;
}

static bool all_over(const struct source *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!list[i].over)
			return false;
	return true;
}

static int show_all(
	const struct tasks *t, struct source *list, size_t n, int watch, struct iso_err *err)
{
	struct pollfd *fds = arena_array(t->arena, n + 2, sizeof(*fds));

	for (;;) {
		bool over = all_over(list, n);
		for (size_t i = 0; i < n; i++) {
			int r = copy(t, &list[i], err);
			if (r)
				return r < 0 ? -1 : 0;
		}
		if (over)
			return 0;
		int r = wait_for_more(t, list, n, watch, fds, err);
		if (r)
			return r < 0 ? -1 : 0;
	}
}

static bool lines_wanted(const struct logs_options *o, uint64_t *ret)
{
	*ret = o->n != UINT64_MAX ? o->n : o->tail == OPTION_COUNT_ALONE ? DEFAULT_LINES : o->tail;
	return o->n != UINT64_MAX || o->tail != UINT64_MAX;
}

static int open_all(const struct tasks *t, struct source *list, const struct state_match *m,
	const struct logs_options *o, int watch, struct iso_err *err)
{
	uint64_t lines;
	bool is_tty = isatty(STDOUT_FILENO);

	for (size_t i = 0; i < m->n; i++) {
		struct source *s = &list[i];
		s->which = m->v[i];
		s->out.filtered = is_tty && !o->raw;
		if (m->n > 1)
			s->out.prefix = arena_printf(t->arena, "%s | ", s->which->name);
		if (open_source(t, s, o, err))
			return -1;
		s->over = true;
		if (o->follow && follow_source(t, s, watch, err))
			return -1;
		if (lines_wanted(o, &lines) && log_reader_tail(&s->reader, lines, err))
			return -1;
	}
	return 0;
}

static int logs(const struct tasks *t, const struct logs_options *o, struct iso_err *err)
{
	struct state_match match;

	if (tasks_find(t, STATE_WANT_ALLOC, &match, err))
		return -1;
	own_fd watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch < 0)
		return iso_err_sys(err, "watch files");
	struct source *list = arena_array(t->arena, match.n, sizeof(*list));
	for (size_t i = 0; i < match.n; i++)
		list[i] =
			(struct source){.reader = {.dir = -1, .file = -1}, .out = {.prefix = NULL}};
	int r = open_all(t, list, &match, o, watch, err);
	if (!r)
		r = show_all(t, list, match.n, watch, err);
	for (size_t i = 0; i < match.n; i++) {
		list[i].task = iso_task_free(list[i].task);
		log_reader_done(&list[i].reader);
		log_out_done(&list[i].out);
	}
	return r;
}

static int main_logs(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct logs_options o = {.tail = UINT64_MAX, .n = UINT64_MAX};
	struct tasks t = {.arena = arena};

	if (tasks_begin(&t, self, argv, argc, &o, &err) || logs(&t, &o, &err))
		return tasks_fail(&err);
	return EXIT_OK;
}

const struct command cmd_logs = {
	.name = "logs",
	.usage = "[-f] [-stderr] [-tail [N]] [-n N] [-raw] ALLOC[/TASK]",
	.summary = "what tasks have written",
	.main = main_logs,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
