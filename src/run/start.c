/*
 * Spawning isoexec-supervise. Decides which descriptor number carries what (ctl/report.h has the
 * numbers) and that the supervisor gets nothing else of ours: no environment, /dev/null as its
 * standard streams.
 */
#include "run/start.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "run/program.h"
#include "steps/build.h"

/* Sources of the descriptors are moved above the numbers they are going to: dup2 must not overwrite
 * one. */
enum {
	LOWEST_SOURCE_FD = 16,
	N_PASSED = 5
};

struct passed {
	int target, source;
};

void run_task_done(struct run_task *task)
{
	task->report_fd = fd_close(task->report_fd);
	task->out_fd = fd_close(task->out_fd);
	task->err_fd = fd_close(task->err_fd);
}

static int spawn(const char *program, const struct passed *passed, pid_t *ret, struct iso_err *err)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	for (int fd = 0; fd <= 2 && !r; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	for (size_t i = 0; i < N_PASSED && !r; i++)
		if (passed[i].source >= 0)
			r = posix_spawn_file_actions_adddup2(
				&actions, passed[i].source, passed[i].target);
	if (!r) {
		char name[] = "isoexec-supervise";
		char *argv[] = {name, NULL}, *envp[] = {NULL};
		r = posix_spawn(ret, program, &actions, NULL, argv, envp);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r) {
		errno = r;
		return iso_err_sys(err, "start '%s'", program);
	}
	return 0;
}

static int move_up(int *fd, struct iso_err *err)
{
	if (*fd < 0 || *fd >= LOWEST_SOURCE_FD)
		return 0;
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, LOWEST_SOURCE_FD);
	if (moved < 0)
		return iso_err_sys(err, "duplicate a descriptor");
	(void)fd_close(*fd);
	*fd = moved;
	return 0;
}

int run_start(const struct run_start_in *in, struct run_task *ret, struct iso_err *err)
{
	char program[PROGRAM_PATH_MAX];
	if (program_find("isoexec-supervise", program, err))
		return -1;

	own_fd plan = steps_seal(in->plan, err);
	if (plan < 0)
		return -1;
	int pair[2], out[2] = {-1, -1}, errs[2] = {-1, -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return iso_err_sys(err, "make a socket pair");
	own_fd mine = pair[0];
	own_fd theirs = pair[1];
	if (in->console && (pipe2(out, O_CLOEXEC) || pipe2(errs, O_CLOEXEC))) {
		(void)fd_close(out[0]);
		(void)fd_close(out[1]);
		return iso_err_sys(err, "make a pipe");
	}
	own_fd out_read = out[0];
	own_fd out_write = out[1];
	own_fd err_read = errs[0];
	own_fd err_write = errs[1];

	if (move_up(&plan, err) || move_up(&theirs, err) || move_up(&out_write, err) ||
		move_up(&err_write, err))
		return -1;
	own_fd secrets =
		in->secrets_fd < 0 ? -1 : fcntl(in->secrets_fd, F_DUPFD_CLOEXEC, LOWEST_SOURCE_FD);
	if (in->secrets_fd >= 0 && secrets < 0)
		return iso_err_sys(err, "duplicate a descriptor");

	const struct passed passed[N_PASSED] = {
		{CTL_PLAN_FD, plan},
		{CTL_REPORT_FD, theirs},
		{CTL_CONSOLE_OUT_FD, out_write},
		{CTL_CONSOLE_ERR_FD, err_write},
		{CTL_SECRETS_FD, secrets},
	};
	pid_t pid;
	if (spawn(program, passed, &pid, err))
		return -1;
	*ret = (struct run_task){
		.supervisor = pid,
		.report_fd = fd_take(&mine),
		.out_fd = fd_take(&out_read),
		.err_fd = fd_take(&err_read),
	};
	return 0;
}

void run_reap(struct run_task *task)
{
	if (task->supervisor <= 0)
		return;
	while (waitpid(task->supervisor, NULL, 0) < 0 && errno == EINTR)
		;
	task->supervisor = -1;
}
