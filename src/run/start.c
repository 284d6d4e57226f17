/*
 * Starting a task: its file is written whole, locked, and handed to a new supervisor, which gets
 * nothing else of ours: no environment, /dev/null as its standard streams, the descriptors of
 * ctl/report.h. The lock goes with the open file: from here on the supervisor is responsible.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys.h"
#include "ctl/report.h"
#include "record/record.h"
#include "run/file.h"
#include "run/internal.h"
#include "run/program.h"
#include "run/secrets.h"

/* Sources of the descriptors are moved above the numbers they are going to: dup2 must not overwrite
 * one. */
enum {
	LOWEST_SOURCE_FD = 16,
	N_PASSED = 6
};

struct passed {
	int target, source;
};

static int spawn(const char *program, const char *dir, bool adopt, const struct passed *passed,
	pid_t *ret, struct iso_err *err)
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
		char name[] = "isoexec-supervise", word[] = "adopt", *where = strdup(dir);
		char *argv[] = {name, where, adopt ? word : NULL, NULL}, *envp[] = {NULL};
		r = where ? posix_spawn(ret, program, &actions, NULL, argv, envp) : ENOMEM;
		free(where);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	errno = r;
	return r ? iso_err_sys(err, "start '%s'", program) : 0;
}

/* A copy high up, close-on-exec; the original stays its owner's. -1 for -1. */
static int high(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_SOURCE_FD);
}

/* New pipes for a copy of the output; what the old ones held has been read or is lost to nobody:
 * the log files have it. */
static int make_console(struct iso_task *task, int *ret_out, int *ret_err, struct iso_err *err)
{
	int out[2], errs[2];

	*ret_out = *ret_err = -1;
	if (!task->console)
		return 0;
	if (pipe2(out, O_CLOEXEC))
		return iso_err_sys(err, "make a pipe");
	if (pipe2(errs, O_CLOEXEC)) {
		(void)fd_close(out[0]);
		(void)fd_close(out[1]);
		return iso_err_sys(err, "make a pipe");
	}
	iso_task_output_close(task, 1);
	iso_task_output_close(task, 2);
	task->out_fd = out[0];
	task->err_fd = errs[0];
	*ret_out = out[1];
	*ret_err = errs[1];
	return 0;
}

int run_spawn(struct iso_task *task, const struct run_spawn *in, struct iso_err *err)
{
	char program[PROGRAM_PATH_MAX];
	int pair[2], console[2];

	if (program_find("isoexec-supervise", program, err))
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return iso_err_sys(err, "make a socket pair");
	own_fd mine = pair[0];
	own_fd theirs = pair[1];
	own_fd report = high(theirs);
	own_fd file = high(in->file_fd);
	if (make_console(task, &console[0], &console[1], err))
		return -1;
	own_fd out_low = console[0];
	own_fd err_low = console[1];
	own_fd out = high(out_low);
	own_fd errs = high(err_low);
	own_fd secrets = high(in->secrets_fd);
	own_fd pidfd = high(in->pidfd);
	if (report < 0 || file < 0 || (out_low >= 0 && out < 0) || (err_low >= 0 && errs < 0) ||
		(in->secrets_fd >= 0 && secrets < 0) || (in->pidfd >= 0 && pidfd < 0))
		return iso_err_sys(err, "duplicate a descriptor");

	const struct passed passed[N_PASSED] = {
		{CTL_FILE_FD, file},
		{CTL_REPORT_FD, report},
		{CTL_CONSOLE_OUT_FD, out},
		{CTL_CONSOLE_ERR_FD, errs},
		{CTL_SECRETS_FD, secrets},
		{CTL_PIDFD_FD, pidfd},
	};
	if (spawn(program, task->dir, in->adopt, passed, &task->supervisor, err))
		return -1;
	task->fd = fd_take(&mine);
	return 0;
}

static void copy_text(char *to, size_t room, const char *from)
{
	(void)snprintf(to, room, "%s", from ? from : "");
}

static void describe(
	const struct iso_prepared *p, const struct iso_start *how, struct record_about *a)
{
	const struct task_config *t = p->task;
	struct timespec now;

	memset(a, 0, sizeof(*a));
	copy_text(a->job, sizeof(a->job), t->job_id);
	copy_text(a->group, sizeof(a->group), t->group_name);
	copy_text(a->task, sizeof(a->task), t->task_name);
	copy_text(a->alloc_name, sizeof(a->alloc_name), t->alloc_name);
	copy_text(a->user, sizeof(a->user), p->facts.user.name);
	copy_text(a->command, sizeof(a->command), t->command);
	copy_text(a->alloc_dir, sizeof(a->alloc_dir), t->alloc_dir);
	a->restarts = how->restarts;
	a->flags = how->transient ? RECORD_TRANSIENT : 0;
	a->uid = p->facts.user.uid;
	a->gid = p->facts.user.gid;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	a->created_unix_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int make_file(const char *dir, const struct iso_prepared *p,
	const struct record_about *about, struct iso_err *err)
{
	unsigned char pages[RECORD_PLAN_AT];
	char boot_id[RECORD_BOOT_ID_ROOM];

	if (record_boot_id(boot_id, err))
		return -1;
	record_init(pages, boot_id, about);
	const struct iovec parts[2] = {{pages, sizeof(pages)}, {p->plan.data, p->plan.len}};
	return run_file_make(dir, parts, err);
}

struct iso_task *run_task_new(const char *dir)
{
	struct iso_task *task = calloc(1, sizeof(*task));

	if (!task || !(task->dir = strdup(dir))) {
		free(task);
		return NULL;
	}
	task->supervisor = -1;
	task->fd = task->pidfd = task->out_fd = task->err_fd = -1;
	return task;
}

static int start(struct iso_prepared *p, const struct iso_start *how, struct iso_task *task,
	struct iso_err *err)
{
	const struct host_user *user = &p->facts.user;
	struct record_about about;

	if (prepared_make_dirs(p, err))
		return -1;
	own_fd secrets = -1;
	if (how->secrets_fd < 0 && (secrets = secrets_make(p->task->limits.secrets_bytes,
					    p->facts.tmpfs_noswap, user->uid, user->gid, err)) < 0)
		return -1;
	describe(p, how, &about);
	own_fd file = make_file(task->dir, p, &about, err);
	if (file < 0)
		return -1;
	task->console = how->console;
	const struct run_spawn in = {
		.file_fd = file,
		.pidfd = -1,
		.secrets_fd = how->secrets_fd < 0 ? secrets : how->secrets_fd,
	};
	if (!run_spawn(task, &in, err))
		return 0;
	run_file_remove(task->dir);
	return -1;
}

int iso_start(struct iso_prepared *prepared, const struct iso_start *how, struct iso_task **ret,
	struct iso_err *err)
{
	struct iso_task *task = run_task_new(prepared->task->state_dir);

	if (!task)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	if (start(prepared, how, task, err)) {
		(void)iso_task_free(task);
		return -1;
	}
	*ret = task;
	return 0;
}
