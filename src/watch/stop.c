/*
 * Stopping: kill_signal to the main process, kill_timeout, then everything in the cgroup. A process
 * 1 without a handler never gets the signal: the kernel drops it. So the cgroup is frozen around
 * the sending and the pending set is read: a bit that is neither there nor ignored was dropped, and
 * nobody needs to wait for the timeout. It spares handlers, signalfd and sigwait in any thread,
 * which the other lines of /proc/PID/status do not all show.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/sys.h"
#include "watch/supervisor.h"
#include "watch/usage.h"

enum {
	PATH_ROOM = 64,
	STATUS_ROOM = 4096
};

/* A line of hexadecimal of /proc/PID/status. */
static uint64_t mask_of(const char *status, const char *name)
{
	const char *at = strstr(status, name);
	uint64_t mask = 0;

	if (!at)
		return 0;
	for (at += strlen(name) + strspn(at + strlen(name), "\t "); *at && *at != '\n'; at++)
		mask = mask << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	return mask;
}

/* Of a frozen process: did the signal that was just sent go nowhere? */
static bool was_dropped(int pid, int signal)
{
	char path[PATH_ROOM], status[STATUS_ROOM];
	uint64_t bit = 1ULL << (signal - 1);

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (fd_get(AT_FDCWD, path, status, sizeof(status)) <= 0)
		return false;
	uint64_t kept = mask_of(status, "\nShdPnd:") | mask_of(status, "\nSigPnd:") |
			mask_of(status, "\nSigIgn:");
	return !(kept & bit);
}

static void send_signal(struct supervisor *s, int signal)
{
	bool probe = (s->steps.header->flags & STEPS_PID_PRIVATE) && signal != SIGKILL &&
		     signal >= 1 && signal <= 64;
	bool frozen = probe && usage_freeze(&s->apply);

	(void)sys_pidfd_send_signal(s->apply.pidfd, signal);
	bool dropped = frozen && was_dropped(s->apply.child_pid, signal);
	if (probe)
		usage_thaw(&s->apply);
	if (dropped)
		stop_event(s, SUP_EV_DROPPED);
}

static void kill_all(struct supervisor *s)
{
	(void)sys_pidfd_send_signal(s->apply.pidfd, SIGKILL);
	usage_kill_cgroup(&s->apply);
}

void stop_event(struct supervisor *s, enum sup_event event)
{
	const struct sup_move move = sup_next(s->state, event);

	s->state = move.next;
	switch (move.action) {
	case SUP_DO_NOTHING:
	case SUP_DO_END: /* the caller's: it has the exit status */
		break;
	case SUP_DO_SIGNAL:
		send_signal(s, s->stop_signal);
		break;
	case SUP_DO_FORCE:
		s->report.flags |= REPORT_FORCED;
		kill_all(s);
		break;
	case SUP_DO_KILL:
		kill_all(s);
		break;
	}
}

uint64_t stop_note(struct supervisor *s, const struct ctl_ask *ask)
{
	uint64_t grace =
		ask->grace_ms == UINT64_MAX ? s->steps.header->kill_timeout_ms : ask->grace_ms;
	uint64_t at = sys_now_ms() + grace;

	s->report.flags |= REPORT_STOP_ASKED;
	if (ask->flags & ASK_THEN_RESTART)
		s->report.flags |= REPORT_RESTART_ASKED;
	else
		s->report.flags &= ~(uint32_t)REPORT_RESTART_ASKED;
	s->stop_signal = ask->signal ? ask->signal : (int)s->steps.header->kill_signal;
	if (!s->kill_at_ms || at < s->kill_at_ms)
		s->kill_at_ms = at;
	supervise_record(s, (enum record_phase)s->record.phase);
	return grace;
}

void stop_begin(struct supervisor *s, uint64_t grace_ms)
{
	stop_event(s, grace_ms ? SUP_EV_STOP : SUP_EV_KILL);
}

void stop_again(struct supervisor *s)
{
	const struct ctl_ask ask = {
		.kind = ASK_STOP,
		.grace_ms = UINT64_MAX,
		.flags = s->report.flags & REPORT_RESTART_ASKED ? ASK_THEN_RESTART : 0,
	};

	stop_begin(s, stop_note(s, &ask));
}
