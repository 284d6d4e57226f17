/* See ending.h. An end is told as soon as the main process is reaped; then the supervisor cleans
 * up, which is waited for only a while: it may be held by a console that nobody reads. */
#include "cli/ending.h"

#include <errno.h>
#include <poll.h>

#include "base/sys.h"
#include "cli/show.h"
#include "cli/tell.h"

enum {
	CLEANING_MS = 2000
};

int ending_ask(
	const struct tasks *t, struct ending *e, const struct ending_how *how, struct iso_err *err)
{
	int r = tasks_attach(t, e->which, &e->task, err);

	if (!r)
		r = iso_stop(e->task, how->signal, how->grace_ms, how->restart, err);
	if (r && err->fault == ISO_FAULT_NOT_FOUND) { /* it was there when it was listed */
		e->task = iso_task_free(e->task);
		return 0;
	}
	return r;
}

static void say(const struct tasks *t, struct ending *e, const char *how)
{
	own_buf out = BUF_INIT;

	e->ended = true;
	buf_printf(&out, "%s: %s\n", tasks_label(t, e->which), how);
	(void)show_write(1, buf_text(&out), out.len);
}

/* From the event: the record may be gone, its alloc's runner removes it. */
static const char *how_it_ended(const struct tasks *t, const struct iso_event *event)
{
	const struct record r = {
		.phase = event->kind == ISO_EVENT_FAILED ? RECORD_FAILED : RECORD_EXITED,
		.flags = (event->exit_unknown ? RECORD_EXIT_UNKNOWN : 0U) |
			 (event->forced ? RECORD_FORCED : 0U),
		.exit_code = event->exit_code,
		.signal = event->signal,
		.oom_kills = event->oom_kills,
	};
	return tell_end(t->arena, &r);
}

static const char *how_it_had_ended(const struct tasks *t, struct ending *e)
{
	state_read(t->arena, e->which);
	return e->which->status == STATE_EXITED || e->which->status == STATE_FAILED
		       ? tell_end(t->arena, &e->which->file.record)
		       : "has ended";
}

static int on_event(const struct tasks *t, struct ending *e, struct iso_err *err)
{
	struct iso_event event;

	if (iso_next(e->task, &event, err))
		return iso_err_in(err, "task '%s'", tasks_label(t, e->which));
	if (event.kind == ISO_EVENT_EXITED || event.kind == ISO_EVENT_FAILED)
		say(t, e, how_it_ended(t, &event));
	e->gone = event.kind == ISO_EVENT_GONE;
	return 0;
}

static bool all(const struct ending *list, size_t n, bool gone)
{
	for (size_t i = 0; i < n; i++)
		if (!(gone ? list[i].gone : list[i].ended))
			return false;
	return true;
}

static int one_round(const struct tasks *t, struct ending *list, struct pollfd *fds, size_t n,
	int timeout_ms, struct iso_err *err)
{
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){
			.fd = list[i].gone ? -1 : iso_task_fd(list[i].task), .events = POLLIN};
	if (poll(fds, n, timeout_ms) < 0)
		return errno == EINTR ? 0 : iso_err_sys(err, "wait for the tasks");
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents && on_event(t, &list[i], err))
			return -1;
	return 0;
}

int ending_wait(const struct tasks *t, struct ending *list, size_t n, struct iso_err *err)
{
	struct pollfd *fds = arena_array(t->arena, n + 1, sizeof(*fds));
	uint64_t until = 0;

	for (size_t i = 0; i < n; i++)
		if (!list[i].task) {
			say(t, &list[i], how_it_had_ended(t, &list[i]));
			list[i].gone = true;
		}
	while (!all(list, n, true)) {
		uint64_t now = sys_now_ms();
		bool ended = all(list, n, false);
		if (ended && !until)
			until = now + CLEANING_MS;
		if (ended && now >= until)
			break;
		if (one_round(t, list, fds, n, ended ? (int)(until - now) : -1, err))
			return -1;
	}
	return 0;
}

void ending_done(struct ending *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		list[i].task = iso_task_free(list[i].task);
}
