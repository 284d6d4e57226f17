/*
 * Following a task and acting on it: packets to and from its supervisor. A supervisor that was
 * killed gets a successor here; whoever holds a struct iso_task holds the task's pidfd, by which
 * the successor learns how it ended (Linux 6.15).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys.h"
#include "ctl/report.h"
#include "record/record.h"
#include "run/attach.h"
#include "run/file.h"
#include "run/internal.h"

enum {
	MAX_ADOPTIONS = 16, /* of one object: supervisors do not die of themselves */
	/* for what was left behind by one that was killed while it cleaned up */
	MAX_CLEANINGS = 3,
	PATH_ROOM = 64,
	WAIT_NS = 2000000
};

int run_connect(const char *dir)
{
	char path[PATH_ROOM];
	own_fd at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (at < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" RECORD_CTL, at);
	return sys_unix_connect(path);
}

void run_reap(struct iso_task *task)
{
	if (task->supervisor > 0)
		while (waitpid(task->supervisor, NULL, 0) < 0 && errno == EINTR)
			;
	task->supervisor = -1;
}

struct iso_task *iso_task_free(struct iso_task *task)
{
	if (!task)
		return NULL;
	task->fd = fd_close(task->fd);
	task->pidfd = fd_close(task->pidfd);
	task->out_fd = fd_close(task->out_fd);
	task->err_fd = fd_close(task->err_fd);
	/* one that has reported its end goes by itself; an earlier one stays somebody's child until
	 * this process ends */
	if (task->supervisor > 0)
		(void)waitpid(task->supervisor, NULL, WNOHANG);
	free(task->dir);
	free(task);
	return NULL;
}

int iso_task_fd(const struct iso_task *task)
{
	return task->fd;
}

int iso_task_output(const struct iso_task *task, int stream)
{
	return stream == 1 ? task->out_fd : task->err_fd;
}

void iso_task_output_close(struct iso_task *task, int stream)
{
	int *fd = stream == 1 ? &task->out_fd : &task->err_fd;
	*fd = fd_close(*fd);
}

/* ---- events ---- */

static void to_event(const struct ctl_report *r, struct iso_event *e)
{
	*e = (struct iso_event){
		.pid = r->pid,
		.exit_code = r->exit_code,
		.signal = r->signal,
		.exit_unknown = r->flags & REPORT_EXIT_UNKNOWN,
		.forced = r->flags & REPORT_FORCED,
		.stop_asked = r->flags & REPORT_STOP_ASKED,
		.restart_asked = r->flags & REPORT_RESTART_ASKED,
		.oom_kills = r->oom_kills,
		.mem_limit_bytes = r->mem_limit_bytes,
		.mem_peak_bytes = r->mem_peak_bytes,
		.log_dropped_bytes = r->log_dropped_bytes,
		.err = r->err,
	};
}

enum {
	NO_EVENT = 1
};
/* A report as an event; answers to asks are none. Takes the pidfd that comes with STARTED. */
static int take_event(struct iso_task *task, const struct ctl_report *report, struct ctl_fds *fds,
	struct iso_event *ret)
{
	to_event(report, ret);
	switch (report->kind) {
	case REPORT_STARTED:
		ret->kind = report->flags & REPORT_ADOPTED ? ISO_EVENT_ADOPTED : ISO_EVENT_STARTED;
		if (task->pidfd < 0 && fds->n == 1)
			task->pidfd = fd_take(&fds->fd[0]);
		return 0;
	case REPORT_FAILED:
	case REPORT_EXITED:
		if (report->flags & REPORT_ADOPTED)
			task->why = report->err;
		/* one that only cleans up says it once more */
		if (task->exited || report->flags & REPORT_ADOPTED)
			return NO_EVENT;
		ret->kind = report->kind == REPORT_FAILED ? ISO_EVENT_FAILED : ISO_EVENT_EXITED;
		task->exited = true;
		return 0;
	default:
		return NO_EVENT;
	}
}

/* An event that comes while an answer is waited for. */
static void keep_early(struct iso_task *task, const struct iso_event *event)
{
	bool again = task->n_early && event->kind == ISO_EVENT_ADOPTED &&
		     task->early[task->n_early - 1].kind == ISO_EVENT_ADOPTED;

	if (again)
		task->n_early--;
	if (task->n_early < MAX_EARLY)
		task->early[task->n_early++] = *event;
}

/* The answer, 0; CTL_GONE: there is no supervisor (any more); -1: its error. */
static int answer(struct iso_task *task, uint32_t kind, struct ctl_report *ret,
	struct ctl_fds *ret_fds, struct iso_err *err)
{
	for (;;) {
		own_ctl_fds fds = CTL_FDS_INIT;
		int r = ctl_report_recv(task->fd, ret, &fds, err);
		if (r)
			return r;
		if (ret->kind == REPORT_DONE && ret->err.fault) {
			*err = ret->err;
			return -1;
		}
		if (ret->kind == kind) {
			if (kind == REPORT_DONE && fds.n == 1 && task->pidfd < 0) {
				task->pidfd = fd_take(&fds.fd[0]); /* of ASK_WAIT */
			} else if (ret_fds) {
				*ret_fds = fds;
				fds.n = 0;
			}
			return 0;
		}
		struct iso_event event;
		if (take_event(task, ret, &fds, &event) == 0)
			keep_early(task, &event);
	}
}

/* ---- a supervisor that is gone ---- */

/* Who holds a task without listening is on its way: starting, ending, or the unfinished child of
 * one that was killed, whose socket may be gone while its lock is not. */
void run_wait_for_kernel(void)
{
	const struct timespec a_while = {.tv_nsec = WAIT_NS};
	(void)nanosleep(&a_while, NULL);
}

int run_adopt(struct iso_task *task, struct iso_err *err)
{
	own_fd file = -1;
	int r = run_file_lock(task->dir, &file, err);

	if (r)
		return r == RECORD_HELD ? RUN_ADOPT_HELD : -1;
	run_reap(task); /* not before: one that has only let go of us lives */
	return run_spawn(task,
		&(struct run_spawn){
			.file_fd = file, .adopt = true, .pidfd = task->pidfd, .secrets_fd = -1},
		err);
}

/* Somebody else was quicker: theirs serves as well. Return: 0; CTL_GONE: it does not listen. */
static int join(struct iso_task *task, struct iso_err *err)
{
	const struct ctl_ask ask = {.version = CTL_VERSION, .kind = ASK_WAIT};
	struct ctl_report report;

	task->fd = run_connect(task->dir);
	if (task->fd < 0)
		return errno == ENOENT || errno == ECONNREFUSED
			       ? CTL_GONE
			       : iso_err_sys(err, "connect to the task's supervisor");
	int r = ctl_ask_send(task->fd, &ask, NULL, err);
	if (!r)
		r = answer(task, REPORT_DONE, &report, NULL, err);
	if (r) {
		task->fd = fd_close(task->fd);
		return r;
	}
	keep_early(task, &(struct iso_event){.kind = ISO_EVENT_ADOPTED, .pid = report.pid});
	return 0;
}

/* A supervisor again for a task whose own was killed. */
static int succeed(struct iso_task *task, struct iso_err *err)
{
	task->fd = fd_close(task->fd);
	if (task->adoptions >= MAX_ADOPTIONS && task->why.fault) {
		*err = task->why;
		return iso_err_in(err, "take over the task");
	}
	if (task->adoptions++ >= MAX_ADOPTIONS)
		return iso_err_set(err, ISO_FAULT_LIMIT, 0,
			"the task's supervisor was killed %d times", MAX_ADOPTIONS);
	for (unsigned i = 0; i < RUN_TRIES; i++) {
		int r = run_adopt(task, err);
		if (r != RUN_ADOPT_HELD)
			return r;
		r = join(task, err);
		if (r != CTL_GONE)
			return r;
		run_wait_for_kernel();
	}
	return iso_err_set(err, ISO_FAULT_SYSTEM, EBUSY,
		"somebody holds the task of '%s' and does not answer", task->dir);
}

/* The end of file came: is nothing left, as ISO_EVENT_GONE says, or was the supervisor killed while
 * it cleaned up? */
static bool is_clean(const struct iso_task *task)
{
	struct iso_event ignored;
	struct iso_err err;
	int r = run_look(task->dir, &ignored, &err);

	return r == RUN_LOOK_NONE || r == RUN_LOOK_CLEAN || r < 0;
}

static bool take_early(struct iso_task *task, struct iso_event *ret)
{
	if (!task->n_early)
		return false;
	*ret = task->early[0];
	task->n_early--;
	memmove(&task->early[0], &task->early[1], task->n_early * sizeof(*ret));
	return true;
}

/* Nobody is there to tell of more. Return: 0: go on; 1: it is gone; -1 */
static int on_end_of_file(struct iso_task *task, struct iso_err *err)
{
	enum {
		GONE = 1
	};

	task->fd = fd_close(task->fd);
	if (!task->exited)
		return succeed(task, err);
	run_reap(task);
	if (is_clean(task) || task->cleanings++ >= MAX_CLEANINGS || succeed(task, err))
		return GONE; /* what is still there is in use: gc looks again */
	return 0;
}

int iso_next(struct iso_task *task, struct iso_event *ret, struct iso_err *err)
{
	while (!take_early(task, ret)) {
		struct ctl_report report;
		own_ctl_fds fds = CTL_FDS_INIT;
		int r = task->fd < 0 ? CTL_GONE : ctl_report_recv(task->fd, &report, &fds, err);
		if (r < 0)
			return -1;
		if (r == 0 && take_event(task, &report, &fds, ret) != NO_EVENT)
			return 0;
		if (r == CTL_GONE)
			r = on_end_of_file(task, err);
		if (r < 0)
			return -1;
		if (r > 0) {
			*ret = (struct iso_event){.kind = ISO_EVENT_GONE};
			return 0;
		}
	}
	return 0;
}

int iso_wait(struct iso_task *task, struct iso_event *ret, struct iso_err *err)
{
	for (;;) {
		if (iso_next(task, ret, err))
			return -1;
		if (ret->kind == ISO_EVENT_FAILED) {
			*err = ret->err;
			return -1;
		}
		if (ret->kind == ISO_EVENT_EXITED)
			return 0;
		if (ret->kind == ISO_EVENT_GONE)
			return iso_err_set(err, ISO_FAULT_NOT_FOUND, 0, "the task has ended");
	}
}

/* ---- asks ---- */

static int ended(struct iso_err *err)
{
	return iso_err_set(err, ISO_FAULT_NOT_FOUND, ESRCH, "the task has ended");
}

/* It ended between our connecting and our ask, and its starter has removed its record. */
static bool is_removed(const struct iso_task *task)
{
	struct iso_event ignored;
	struct iso_err err;

	return run_look(task->dir, &ignored, &err) == RUN_LOOK_NONE;
}

/* An ask that nobody answers goes to the next supervisor: a signal may come twice, never not at
 * all. */
int run_ask(struct iso_task *task, const struct ctl_ask *ask, uint32_t kind, struct ctl_report *ret,
	struct ctl_fds *ret_fds, struct iso_err *err)
{
	for (;;) {
		int r = task->fd < 0 ? CTL_GONE : ctl_ask_send(task->fd, ask, NULL, err);
		if (!r)
			r = answer(task, kind, ret, ret_fds, err);
		if (r == CTL_GONE && task->exited)
			return ended(err);
		if (r != CTL_GONE)
			return r;
		if (succeed(task, err))
			return is_removed(task) ? ended(err) : -1;
	}
}

int iso_signal(struct iso_task *task, int signal, struct iso_err *err)
{
	const struct ctl_ask a = {.version = CTL_VERSION, .kind = ASK_SIGNAL, .signal = signal};
	struct ctl_report report;

	return run_ask(task, &a, REPORT_DONE, &report, NULL, err);
}

int iso_stop(
	struct iso_task *task, int signal, uint64_t grace_ms, bool restart, struct iso_err *err)
{
	const struct ctl_ask a = {.version = CTL_VERSION,
		.kind = ASK_STOP,
		.signal = signal,
		.flags = restart ? ASK_THEN_RESTART : 0,
		.grace_ms = grace_ms};
	struct ctl_report report;

	return run_ask(task, &a, REPORT_DONE, &report, NULL, err);
}
