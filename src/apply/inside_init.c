/*
 * A process 1 of ours (init = true): it reaps orphans, hands every signal on to the command, and
 * ends as the command does (128 + n for a signal, as process 1 cannot die of one). It has the
 * task's credentials and filter; nothing of the supervisor is open in it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "apply/apply.h"
#include "base/sys.h"

enum {
	EXIT_SETUP = 127,
	EXIT_BY_SIGNAL = 128
};

/* Everything that has ended; the command's own end is ours. */
static void reap(int command)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		int r = sys_waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
		if (r && errno == EINTR)
			continue;
		if (r || info.si_pid == 0)
			return;
		if (info.si_pid == command)
			sys_exit(info.si_code == CLD_EXITED ? info.si_status
							    : EXIT_BY_SIGNAL + info.si_status);
	}
}

static _Noreturn void be_init(const struct apply *a, int command)
{
	const uint64_t all = ~(uint64_t)0;
	struct apply_failure failure = {.step = a->at, .err = ISO_ERR_INIT};

	/* the name first: without it the supervisor takes it for one that is being set up */
	if (sys_prctl(PR_SET_NAME, (unsigned long)(uintptr_t) "init", 0, 0)) {
		(void)iso_err_sys(&failure.err, "step %u init: set the name", a->at);
		(void)sys_write(a->error_pipe, &failure, sizeof(failure));
		sys_exit(EXIT_SETUP);
	}
	(void)sys_close_range(3, ~0U, 0);
	(void)sys_prctl(
		PR_SET_CHILD_SUBREAPER, 1, 0, 0); /* with the host's pids: as if process 1 */
	for (;;) {
		int signal = sys_sigwait(&all);
		if (signal == SIGCHLD)
			reap(command);
		else if (signal > 0)
			(void)sys_kill(command, signal);
	}
}

int apply_INIT(struct apply *a, const struct step *s, struct iso_err *err)
{
	const uint64_t all = ~(uint64_t)0, none = 0;

	(void)s;
	/* blocked before the fork: a signal that comes at once is kept, and process 1 gets what it
	 * blocks although it has no handler */
	if (sys_sigmask(SIG_SETMASK, &all))
		return iso_err_sys(err, "block signals");
	long pid = sys_fork();
	if (pid < 0)
		return iso_err_sys(err, "make the command's process");
	if (pid > 0)
		be_init(a, (int)pid);
	return sys_sigmask(SIG_SETMASK, &none) ? iso_err_sys(err, "unblock signals") : 0;
}
