/*
 * Taking over a task whose supervisor was killed. The truth comes from the kernel: is this boot the
 * one that the record is of, does the process with the recorded identity live, does its pidfd still
 * know how it ended. The record says where to look.
 *
 *   phase             process lives      it does not
 *   PLANNED, CLONED   ended, cleaned: an interrupted start is no start (FAILED)
 *   RUNNING           supervised again   ended: status by pidfd, else unknown
 *   EXITED            cleaned (its status stands in the record)
 *   another boot      nothing of it can be alive: lost when it ran, else it was never started
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/num.h"
#include "base/own.h"
#include "base/sys.h"
#include "watch/identity.h"
#include "watch/supervisor.h"
#include "watch/usage.h"

enum {
	REAP_WAIT_S = 10,
	STATUS_TRIES = 3
};

/* Where supervisors live: we were born in the cgroups of whoever has looked at the task, a login's
 * maybe. Staying there is no reason to leave the task alone. */
static void enter_supervisors(struct supervisor *s)
{
	struct iso_err ignored;

	for (uint32_t i = 0; i < s->steps.header->n_steps; i++) {
		const struct step *step = &s->steps.step[i];
		if (step->op == STEP_CGROUP_SELF && apply_CGROUP_SELF(&s->apply, step, &ignored))
			continue;
	}
}

/* What is gone is gone; what cannot be opened now is no reason to go on without it. */
static int open_again(const char *path, int flags, int *ret, struct iso_err *err)
{
	*ret = sys_openat(AT_FDCWD, path, flags | O_CLOEXEC, 0);
	return *ret >= 0 || errno == ENOENT ? 0 : iso_err_sys(err, "open '%s' again", path);
}

/* Directories of the task's cgroups and its log FIFOs, by the plan's paths. */
static int open_all_again(struct supervisor *s, struct iso_err *err)
{
	struct apply *a = &s->apply;

	a->at = s->steps.header->n_steps; /* undo everything that there may be */
	for (uint32_t i = 0; i < s->steps.header->n_steps; i++) {
		const struct step *step = &s->steps.step[i];
		const char *path = steps_str(&s->steps, step, 0);
		if (step->op == STEP_CGROUP_MAKE && step->to != SLOT_NONE &&
			open_again(path, O_DIRECTORY | O_RDONLY, &a->slot[step->to], err))
			return -1;
		if (step->op == STEP_LOG && step->num[0] < N_STREAMS &&
			open_again(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW,
				&a->log_read[step->num[0]], err))
			return -1;
	}
	return 0;
}

enum {
	YES = 0,
	NO = 1
};
/* These answer YES, NO or -1: a task that runs is not given up because of a call that failed. */
static int is_this_boot(const struct supervisor *s, struct iso_err *err)
{
	char boot_id[RECORD_BOOT_ID_ROOM];

	if (record_boot_id(boot_id, err))
		return -1;
	return strcmp(boot_id, s->record.boot_id) ? NO : YES;
}

/* The same process, not one that has its number now. */
static int is_identity(const struct supervisor *s, int pidfd, struct iso_err *err)
{
	struct identity now;

	if (identity_of(pidfd, s->record.task_pid, &now))
		return iso_err_sys(err, "look at process %d", s->record.task_pid);
	bool same = s->record.task_pid_inode
			    ? now.pid_inode == s->record.task_pid_inode
			    : now.start_ticks == s->record.task_start_ticks && now.start_ticks != 0;
	return same ? YES : NO;
}

static int has_ended(int pidfd, struct iso_err *err)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	const struct timespec now = {0, 0};
	int n = sys_ppoll(&p, 1, &now);

	if (n < 0)
		return iso_err_sys(err, "look whether the task has ended");
	return n == 1 ? YES : NO;
}

/* The pidfd that was held all along, else a new one of the recorded process. YES: it lives. */
static int find_process(struct supervisor *s, struct iso_err *err)
{
	s->apply.child_pid = s->record.task_pid;
	bool was_held = s->held_pidfd >= 0;
	if (was_held) {
		s->apply.pidfd = s->held_pidfd;
	} else if (s->record.task_pid > 0) {
		s->apply.pidfd = sys_pidfd_open(s->record.task_pid, 0);
		if (s->apply.pidfd < 0 && errno != ESRCH)
			return iso_err_sys(err, "hold process %d", s->record.task_pid);
	}
	if (s->apply.pidfd < 0)
		return NO;
	int same = was_held ? YES : is_identity(s, s->apply.pidfd, err);
	if (same != YES) {
		s->apply.pidfd = fd_close(s->apply.pidfd);
		return same;
	}
	int ended = has_ended(s->apply.pidfd, err);
	return ended < 0 ? -1 : ended == YES ? NO : YES;
}

/* The status is told once its parent (process 1 by now) has reaped it, which is told by POLLHUP
 * (ESRCH: it is being reaped right now); on kernels that tell nothing nobody waits. */
static bool status_by_pidfd(const struct supervisor *s, int *ret)
{
	struct pollfd p = {.fd = s->apply.pidfd};
	const struct timespec most = {.tv_sec = REAP_WAIT_S};

	for (unsigned tries = 0; s->apply.pidfd >= 0 && tries < STATUS_TRIES; tries++) {
		if (!sys_pidfd_exit_status(s->apply.pidfd, ret))
			return true;
		if (errno == ENOTTY || errno == EINVAL || sys_ppoll(&p, 1, &most) == 0)
			return false;
	}
	return false;
}

void adopt_status(struct supervisor *s)
{
	int status;

	if (status_by_pidfd(s, &status)) {
		supervise_set_exit(s, !WIFEXITED(status),
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		return;
	}
	s->report.exit_code = -1;
	s->report.signal = 0;
	s->report.flags |= REPORT_EXIT_UNKNOWN;
}

static void from_record(struct supervisor *s)
{
	const struct record *r = &s->record;

	s->report.exit_code = r->exit_code;
	s->report.signal = r->signal;
	s->report.oom_kills = r->oom_kills;
	s->report.mem_peak_bytes = r->mem_peak_bytes;
	s->report.log_dropped_bytes = r->log_dropped_bytes;
}

static void flags_from_record(struct supervisor *s)
{
	static const struct {
		uint32_t record, report;
	} flags[] = {{RECORD_EXIT_UNKNOWN, REPORT_EXIT_UNKNOWN}, {RECORD_FORCED, REPORT_FORCED},
		{RECORD_STOP_ASKED, REPORT_STOP_ASKED},
		{RECORD_RESTART_ASKED, REPORT_RESTART_ASKED}};

	for (size_t i = 0; i < iso_len(flags); i++)
		if (s->record.flags & flags[i].record)
			s->report.flags |= flags[i].report;
}

static int never_started(struct supervisor *s)
{
	s->record.phase = RECORD_FAILED;
	(void)iso_err_set(&s->report.err, ISO_FAULT_SYSTEM, EINTR,
		"the task was never started: its supervisor was killed while it set it up");
	return ADOPT_OVER;
}

/* A start that nobody finished: what there is of it is not the task yet. */
static int end_interrupted_start(struct supervisor *s, struct iso_err *err)
{
	int lives = find_process(s, err);

	if (lives < 0)
		return -1;
	if (lives == YES && sys_pidfd_send_signal(s->apply.pidfd, SIGKILL) && errno != ESRCH)
		return iso_err_sys(err, "kill process %d", s->record.task_pid);
	usage_kill_cgroup(&s->apply);
	return never_started(s);
}

static void set_ended(struct supervisor *s)
{
	adopt_status(s);
	s->record.ended_unix_ms = sys_unix_now_ms();
	supervise_record(s, RECORD_EXITED);
}

static int of_this_boot(struct supervisor *s, struct iso_err *err)
{
	int lives;

	switch ((enum record_phase)s->record.phase) {
	case RECORD_PLANNED:
	case RECORD_CLONED:
		return end_interrupted_start(s, err);
	case RECORD_RUNNING:
		lives = find_process(s, err);
		if (lives < 0)
			return -1;
		if (lives == YES)
			return ADOPT_RUNS;
		usage_kill_cgroup(&s->apply);
		set_ended(s);
		return ADOPT_OVER;
	case RECORD_EXITED:
	case RECORD_CLEANED:
		from_record(s);
		return ADOPT_OVER;
	case RECORD_FAILED:
		return never_started(s);
	}
	return ADOPT_OVER;
}

/* Nothing of it can be alive. */
static int of_another_boot(struct supervisor *s)
{
	switch ((enum record_phase)s->record.phase) {
	case RECORD_PLANNED:
	case RECORD_CLONED:
	case RECORD_FAILED:
		return never_started(s);
	case RECORD_RUNNING:
		s->record.flags |= RECORD_LOST;
		set_ended(s);
		return ADOPT_OVER;
	case RECORD_EXITED:
	case RECORD_CLEANED:
		from_record(s);
		return ADOPT_OVER;
	}
	return ADOPT_OVER;
}

int adopt(struct supervisor *s, struct iso_err *err)
{
	s->adopted = true;
	enter_supervisors(s);
	if (open_all_again(s, err))
		return -1;
	flags_from_record(s);
	int same = is_this_boot(s, err);
	if (same < 0)
		return -1;
	return same == YES ? of_this_boot(s, err) : of_another_boot(s);
}
