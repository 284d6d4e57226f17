/*
 * Exec sessions: forked here, so that they share the task's Landlock domain, and held by pidfd. The
 * supervisor keeps a pid and a connection of each; bytes go between the session and its asker.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/own.h"
#include "base/sys.h"
#include "watch/supervisor.h"

enum {
	SCOPE_ABSTRACT_UNIX_SOCKET = 1, /* linux/landlock.h of 6.12; the 6.1 headers lack it */
	EXIT_FAILED = 125,
	EXIT_NOT_EXEC = 126,
	EXIT_NOT_FOUND = 127
};

static int exit_code_of(const struct iso_err *err)
{
	if (err->fault == ISO_FAULT_NOT_FOUND)
		return EXIT_NOT_FOUND;
	return err->fault == ISO_FAULT_NOT_EXEC ? EXIT_NOT_EXEC : EXIT_FAILED;
}

/*
 * The supervisor that made the task's Landlock domain is gone, and nobody can join a domain. So a
 * session of its successor makes one of its own. Not for signals: it could not send any to the
 * task, which is what many sessions are for, and a private pid namespace shows it nobody else.
 */
static int enter_scope(const struct supervisor *s, struct iso_err *err)
{
	for (uint32_t i = 0; i < s->steps.header->n_steps; i++) {
		const struct step *step = &s->steps.step[i];
		if (step->op != STEP_LANDLOCK_SCOPE || !(step->num[0] & SCOPE_ABSTRACT_UNIX_SOCKET))
			continue;
		if (sys_landlock_scope(SCOPE_ABSTRACT_UNIX_SOCKET))
			return iso_err_sys(err, "enter a Landlock domain");
	}
	return 0;
}

/* In the session's process: the request is mapped here, not in the supervisor. */
static int run(
	struct supervisor *s, struct apply_session *session, int request, struct iso_err *err)
{
	const uint64_t none = 0;
	struct sys_stat st;

	if (sys_sigmask(SIG_SETMASK, &none))
		return iso_err_sys(err, "unblock signals");
	if (sys_statx(request, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
		return iso_err_sys(err, "look at the request for a session");
	const void *data = st.size && st.size <= SESSION_MAX_BYTES
				   ? sys_map((size_t)st.size, PROT_READ, MAP_PRIVATE, request)
				   : NULL;
	if (!data || session_read(data, (size_t)st.size, &session->request, err))
		return data ? -1
			    : iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
				      "the request for a session is empty or too large");
	if (s->adopted && enter_scope(s, err))
		return -1;
	return apply_session_run(&s->apply, session, err);
}

static _Noreturn void child(struct supervisor *s, struct apply_session *session, int request)
{
	struct ctl_report report = {.version = CTL_VERSION, .kind = REPORT_SESSION_FAILED};
	struct iso_err ignored;

	(void)run(s, session, request, &report.err);
	int unheard = ctl_report_send(session->asker, &report, NULL, &ignored);
	(void)unheard;
	sys_exit(exit_code_of(&report.err));
}

int session_start(struct supervisor *s, struct client *c, const struct ctl_ask *ask,
	const struct ctl_fds *fds, struct iso_err *err)
{
	bool tty = ask->flags & ASK_TTY;
	int pid;

	if (c->session_pid || fds->n != (tty ? 1U : 4U))
		return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
			"a session takes %d descriptors and a connection of its own", tty ? 1 : 4);
	struct apply_session session = {.asker = c->fd, .tty = tty};
	for (unsigned i = 0; i < 3 && !tty; i++)
		session.stream[i] = fds->fd[1 + i];
	own_fd go = -1;
	if (apply_session_fork(&s->apply, &pid, &go, err))
		return -1;
	if (pid == 0)
		child(s, &session, fds->fd[0]);
	own_fd pidfd = sys_pidfd_open(pid, 0);
	if (pidfd < 0)
		(void)iso_err_sys(err, "hold the session's process");
	if (pidfd < 0 || apply_session_go(&go, err)) {
		go = fd_close(go); /* that ends it */
		(void)sys_kill(pid, SIGKILL);
		(void)sys_waitid(P_PID, pid, NULL, WEXITED);
		return -1;
	}
	c->session_pid = pid;
	c->session_pidfd = fd_take(&pidfd);
	return 0;
}

/* A session leads a process group of its own once it has called setsid. */
void session_hang_up(struct client *c)
{
	(void)sys_kill(-c->session_pid, SIGHUP);
	(void)sys_pidfd_send_signal(c->session_pidfd, SIGHUP);
	(void)sys_pidfd_send_signal(c->session_pidfd, SIGCONT);
	c->kill_at_ms = sys_now_ms() + HANG_UP_GRACE_MS;
}

void session_on_exit(struct client *c)
{
	siginfo_t info = {.si_pid = 0};
	struct iso_err ignored;

	if (sys_waitid(P_PID, c->session_pid, &info, WEXITED))
		return;
	bool killed = info.si_code != CLD_EXITED;
	const struct ctl_report report = {
		.version = CTL_VERSION,
		.kind = REPORT_SESSION_EXITED,
		.exit_code = killed ? 128 + info.si_status : info.si_status,
		.signal = killed ? info.si_status : 0,
	};
	if (c->fd >= 0) {
		int unheard = ctl_report_send(c->fd, &report, NULL, &ignored);
		(void)unheard;
	}
	c->fd = fd_close(c->fd);
	c->session_pidfd = fd_close(c->session_pidfd);
	c->session_pid = 0;
	c->kill_at_ms = 0;
	c->waits = false;
}
