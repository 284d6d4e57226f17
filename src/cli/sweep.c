/* Sweeping allocs (sweep.h). While directories go, every record's lock is held: nobody starts a
 * task in them. */
#include "cli/sweep.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/own.h"
#include "base/sys.h"
#include "cli/say.h"
#include "cli/show.h"
#include "run/attach.h"
#include "run/dirs.h"
#include "state/runner.h"

enum {
	MIN_AGE_S = 600
};

void sweep_say(const struct sweep *s, const char *format, ...)
{
	own_buf text = BUF_INIT, out = BUF_INIT;
	va_list ap;

	buf_str(&text, s->dry ? "would remove " : "removed ");
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	clean_line(&out, buf_text(&text), text.len);
	buf_chr(&out, '\n');
	(void)show_write(STDOUT_FILENO, buf_text(&out), out.len);
}

bool sweep_is_old(const char *path)
{
	struct stat st;

	return !lstat(path, &st) &&
	       (uint64_t)st.st_mtim.tv_sec + MIN_AGE_S < sys_unix_now_ms() / 1000;
}

static void cannot(struct sweep *s, const char *what, const struct iso_err *err)
{
	s->failed = true;
	say("%s: %s", what, err->text);
}

/* Its directories may go. @clean: make sure of it. */
static bool is_over(struct sweep *s, struct state_task *t)
{
	const struct tasks *tasks = s->tasks;
	struct iso_err err = ISO_ERR_INIT;
	struct iso_event event;

	switch (t->status) {
	case STATE_STARTING:
	case STATE_RUNNING:
		return false;
	case STATE_PENDING: /* somebody may be about to start it */
		return sweep_is_old(t->dir);
	case STATE_BROKEN:
		say("task '%s' is left alone: %s", tasks_label(tasks, t), t->why);
		s->failed = true;
		return false;
	case STATE_FAILED:
		return true;
	case STATE_ORPHANED:
	case STATE_EXITED:
	case STATE_LOST:
		break;
	}
	if (t->file.record.phase == RECORD_CLEANED)
		return true;
	if (s->dry)
		return t->status !=
		       STATE_ORPHANED; /* what it is nobody knows before it is adopted */
	int r = attach_repair(t->dir, &event, &err);
	if (r < 0)
		cannot(s, arena_printf(tasks->arena, "task '%s'", tasks_label(tasks, t)), &err);
	return r == 0 && event.kind != ISO_EVENT_ADOPTED;
}

/* Return: a descriptor that holds the lock; -1: somebody else does, or there is no record. */
static int hold(const struct state_task *t, bool *ret_free)
{
	struct iso_err ignored;
	own_fd at = open(t->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd fd = at < 0 ? -1
			   : openat(at, RECORD_FILE,
				     O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*ret_free = fd < 0 || record_lock(fd, &ignored) == 0;
	return *ret_free ? fd_take(&fd) : -1;
}

/* From a record, whose words about the task have no checksum: it must at least be this alloc's. */
static bool is_alloc_dir(const char *path, const char *alloc_id)
{
	const char *slash = strrchr(path, '/');

	return path[0] == '/' && slash != path && !strcmp(slash + 1, alloc_id) &&
	       !strstr(path, "/../") && !strstr(path, "/./");
}

struct held {
	struct state_task **tasks;
	int *fd;
	size_t n;
};

static void remove_alloc(struct sweep *s, const char *alloc_id, const struct held *h)
{
	const struct tasks *t = s->tasks;
	const char *state_dir = tasks_alloc_state_dir(t, alloc_id);
	const char *alloc_dir = NULL, *job = "";
	struct iso_err err = ISO_ERR_INIT;

	for (size_t i = 0; i < h->n; i++) {
		const struct record_about *a = &h->tasks[i]->file.about;
		if (is_alloc_dir(a->alloc_dir, alloc_id)) {
			alloc_dir = a->alloc_dir;
			job = a->job;
		}
	}
	if (!alloc_dir) /* it was never as far as a record */
		alloc_dir = arena_printf(t->arena, "%s/alloc/%s", s->data_dir, alloc_id);
	if (!s->dry && alloc_dirs_remove(alloc_dir, state_dir, &err))
		cannot(s, arena_printf(t->arena, "alloc '%s'", tasks_short(t, alloc_id)), &err);
	else if (*job)
		sweep_say(s, "alloc %s (job '%s')", alloc_id, job);
	else
		sweep_say(s, "alloc %s", alloc_id);
}

void sweep_alloc(struct sweep *s, const char *alloc_id)
{
	const struct tasks *t = s->tasks;
	const char *state_dir = tasks_alloc_state_dir(t, alloc_id);
	struct held h = {.tasks = arena_array(t->arena, t->list.n + 1, sizeof(*h.tasks)),
		.fd = arena_array(t->arena, t->list.n + 1, sizeof(*h.fd))};
	own_fd alone = state_runner_exclude(state_dir);
	bool over = alone >= 0;

	for (size_t i = 0; i < t->list.n && over; i++)
		if (!strcmp(t->list.v[i].alloc_id, alloc_id)) {
			h.tasks[h.n++] = &t->list.v[i];
			over = is_over(s, &t->list.v[i]);
		}
	if (over && !h.n) /* a runner makes its directories after this one */
		over = sweep_is_old(state_dir);
	for (size_t i = 0; i < h.n; i++)
		h.fd[i] = -1;
	for (size_t i = 0; i < h.n && over; i++)
		h.fd[i] = hold(h.tasks[i], &over);
	if (over)
		remove_alloc(s, alloc_id, &h);
	for (size_t i = 0; i < h.n; i++)
		h.fd[i] = fd_close(h.fd[i]);
}

void sweep_unfinished(struct sweep *s)
{
	const struct state_list *list = &s->tasks->list;

	for (size_t i = 0; i < list->n_unfinished; i++) {
		const char *state_dir = tasks_alloc_state_dir(s->tasks, list->unfinished[i]);
		struct iso_err err = ISO_ERR_INIT;
		if (!s->dry && alloc_dirs_remove(NULL, state_dir, &err))
			cannot(s, state_dir, &err);
		else
			sweep_say(s, "the rest of '%s'", state_dir);
	}
}
