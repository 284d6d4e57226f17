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
	REAP_WAIT_S = 10
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

/* Directories of the task's cgroups and its log FIFOs, by the plan's paths. What is gone is gone.
 */
static void open_again(struct supervisor *s)
{
	struct apply *a = &s->apply;

	a->at = s->steps.header->n_steps; /* undo everything that there may be */
	for (uint32_t i = 0; i < s->steps.header->n_steps; i++) {
		const struct step *step = &s->steps.step[i];
		const char *path = steps_str(&s->steps, step, 0);
		if (step->op == STEP_CGROUP_MAKE && step->to != SLOT_NONE)
			a->slot[step->to] =
				sys_openat(AT_FDCWD, path, O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
		if (step->op == STEP_LOG && step->num[0] < N_STREAMS)
			a->log_read[step->num[0]] = sys_openat(
				AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0);
	}
}

static bool is_this_boot(const struct supervisor *s)
{
	char boot_id[RECORD_BOOT_ID_ROOM];
	struct iso_err ignored;

	return !record_boot_id(boot_id, &ignored) && !strcmp(boot_id, s->record.boot_id);
}

/* The same process, not one that has its number now. */
static bool is_identity(const struct supervisor *s, int pidfd)
{
	struct identity now;

	identity_of(pidfd, s->record.task_pid, &now);
	return s->record.task_pid_inode
		       ? now.pid_inode == s->record.task_pid_inode
		       : now.start_ticks == s->record.task_start_ticks && now.start_ticks != 0;
}

static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	const struct timespec now = {0, 0};

	return sys_ppoll(&p, 1, &now) == 1;
}

/* The pidfd that was held all along, else a new one of the recorded process. */
static bool find_process(struct supervisor *s)
{
	s->apply.child_pid = s->record.task_pid;
	if (s->held_pidfd >= 0)
		s->apply.pidfd = s->held_pidfd;
	else if (s->record.task_pid > 0)
		s->apply.pidfd = sys_pidfd_open(s->record.task_pid, 0);
	if (s->apply.pidfd < 0)
		return false;
	if (!is_identity(s, s->apply.pidfd) && s->held_pidfd < 0) {
		s->apply.pidfd = fd_close(s->apply.pidfd);
		return false;
	}
	return !has_ended(s->apply.pidfd);
}

/* The status is told once its parent (process 1 by now) has reaped it, which is told by POLLHUP; on
 * kernels that tell nothing nobody waits. */
static bool status_by_pidfd(const struct supervisor *s, int *ret)
{
	struct pollfd p = {.fd = s->apply.pidfd};
	const struct timespec most = {.tv_sec = REAP_WAIT_S};

	if (s->apply.pidfd < 0)
		return false;
	if (!sys_pidfd_exit_status(s->apply.pidfd, ret))
		return true;
	if (errno != ENODATA || sys_ppoll(&p, 1, &most) != 1)
		return false;
	return !sys_pidfd_exit_status(s->apply.pidfd, ret);
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
	if (r->flags & RECORD_EXIT_UNKNOWN)
		s->report.flags |= REPORT_EXIT_UNKNOWN;
}

/* A start that nobody finished: what there is of it is not the task yet. */
static void end_interrupted_start(struct supervisor *s, bool this_boot)
{
	if (this_boot && find_process(s))
		(void)sys_pidfd_send_signal(s->apply.pidfd, SIGKILL);
	if (this_boot)
		usage_kill_cgroup(&s->apply);
	s->record.phase = RECORD_FAILED;
	(void)iso_err_set(&s->report.err, ISO_FAULT_SYSTEM, EINTR,
		"the task was never started: its supervisor was killed while it set it up");
}

enum adopt_verdict adopt(struct supervisor *s)
{
	s->adopted = true;
	enter_supervisors(s);
	open_again(s);
	s->report.flags |= s->record.flags & RECORD_STOP_ASKED ? REPORT_STOP_ASKED : 0;
	bool this_boot = is_this_boot(s);
	switch ((enum record_phase)s->record.phase) {
	case RECORD_PLANNED:
	case RECORD_CLONED:
		end_interrupted_start(s, this_boot);
		return ADOPT_OVER;
	case RECORD_RUNNING:
		if (!this_boot) {
			s->record.flags |= RECORD_LOST;
			adopt_status(s);
			return ADOPT_OVER;
		}
		if (find_process(s))
			return ADOPT_RUNS;
		usage_kill_cgroup(&s->apply);
		adopt_status(s);
		return ADOPT_OVER;
	case RECORD_EXITED:
	case RECORD_CLEANED:
	case RECORD_FAILED:
		from_record(s);
		return ADOPT_OVER;
	}
	return ADOPT_OVER;
}
