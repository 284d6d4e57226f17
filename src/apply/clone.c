/* The task's process: born into its namespaces and, on v2, into its cgroup. */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>

#include "apply/apply.h"
#include "base/own.h"
#include "base/sys.h"

int apply_CLONE(struct apply *a, const struct step *s, struct iso_err *err)
{
	int pipe[2], pidfd = -1;
	int cgroup = apply_from(a, s);
	struct clone_args args = {.pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};

	memcpy(&args.flags, &s->num[0],
		sizeof(args.flags)); /* same type, spelt differently by both */
	args.flags |= CLONE_PIDFD;
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cgroup;
	}

	if (sys_pipe2(pipe, O_CLOEXEC))
		return iso_err_sys(err, "make a pipe");
	long pid = sys_clone3(&args);
	if (pid < 0) {
		int saved = errno;
		(void)fd_close(pipe[0]);
		(void)fd_close(pipe[1]);
		errno = saved;
		return iso_err_sys(err, "make the task's process");
	}
	a->is_child = pid == 0;
	a->error_pipe = pipe[a->is_child];
	(void)fd_close(pipe[!a->is_child]);
	if (!a->is_child) {
		a->child_pid = (int)pid;
		a->pidfd = pidfd;
	}
	return 0;
}
