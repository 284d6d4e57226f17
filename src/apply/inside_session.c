/*
 * An exec session: a second command in a running task. The supervisor forks it, so it shares the
 * task's Landlock domain; it joins the task's namespaces by pidfd, then takes those steps of the
 * task's own plan that are marked for sessions. It can never hold more than the task.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "apply/apply.h"
#include "apply/path.h"
#include "base/own.h"
#include "base/sys.h"
#include "ctl/report.h"

enum {
	MAX_PATH = 4096,
	EXIT_SETUP = 127
};
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- in the supervisor: a child by way of one that joins the namespaces ---- */

/* What becomes known of the session while the one in between lives and dies: shared memory, so that
 * no moment is left in which there is a process that nobody knows. */
struct joined {
	int32_t pid; /* of the session, written by clone(2) itself; 0 = there is none */
	struct iso_err err;
};

static const struct step *step_of(const struct apply *a, enum step_op op)
{
	for (uint32_t i = 0; i < a->steps->header->n_steps; i++)
		if (a->steps->step[i].op == op)
			return &a->steps->step[i];
	return NULL;
}

/* A pid namespace takes children only, hence the second fork; CLONE_PARENT makes the session a
 * child of the supervisor. It is born in its v2 cgroup; v1 it joins itself (CGROUP_JOIN). */
static long join_and_fork(const struct apply *a, struct joined *joined)
{
	const struct step *clone = step_of(a, STEP_CLONE);
	struct clone_args args = {.flags = CLONE_PARENT | CLONE_PARENT_SETTID,
		.parent_tid = (uint64_t)(uintptr_t)&joined->pid};
	const unsigned spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	int types = clone ? (int)(clone->num[0] & spaces) : 0;

	if (step_of(a, STEP_NETNS))
		types |= CLONE_NEWNET;
	if (sys_setns(a->pidfd, types))
		return iso_err_sys(&joined->err, "join the task's namespaces");
	int cgroup = clone ? apply_from(a, clone) : -1;
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cgroup;
	}
	long pid = sys_clone3(&args);
	return pid < 0 ? iso_err_sys(&joined->err, "make the session's process") : pid;
}

/* Returns in the session's process, which runs nothing before the supervisor holds it: a word from
 * there, or the end of file of one that was killed or has given it up. */
static void between(const struct apply *a, struct joined *joined, int go)
{
	char word;

	if (join_and_fork(a, joined) != 0)
		sys_exit(0);
	if (sys_read(go, &word, sizeof(word)) != sizeof(word))
		sys_exit(EXIT_SETUP);
}

/* Return: 0 in both; -1. */
static int fork_by(const struct apply *a, struct joined *joined, int *ret_pid, int *ret_go,
	struct iso_err *err)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	int pipe[2];

	if (sys_pipe2(pipe, O_CLOEXEC))
		return iso_err_sys(err, "make a pipe");
	own_fd read_end = pipe[0];
	own_fd write_end = pipe[1];
	long pid = sys_clone3(&args);
	if (pid < 0)
		return iso_err_sys(err, "make a process for the session");
	if (pid == 0) {
		write_end = fd_close(write_end);
		between(a, joined, read_end);
		*ret_pid = 0;
		return 0;
	}
	while (sys_waitid(P_PID, (int)pid, NULL, WEXITED) && errno == EINTR)
		;
	*ret_pid = joined->pid;
	*ret_go = fd_take(&write_end);
	if (joined->pid > 0)
		return 0;
	if (joined->err.fault) {
		*err = joined->err;
		return -1;
	}
	return iso_err_set(
		err, ISO_FAULT_SYSTEM, 0, "the session's process was killed before it began");
}

int apply_session_fork(const struct apply *a, int *ret_pid, int *ret_go, struct iso_err *err)
{
	struct joined *joined =
		sys_map(sizeof(*joined), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);

	if (!joined)
		return iso_err_sys(err, "map a page for the session");
	int r = fork_by(a, joined, ret_pid, ret_go, err);
	(void)sys_unmap(joined, sizeof(*joined));
	return r;
}

int apply_session_go(int *go, struct iso_err *err)
{
	const char word = 1;
	own_fd fd = fd_take(go);

	return sys_write(fd, &word, sizeof(word)) == sizeof(word)
		       ? 0
		       : iso_err_sys(err, "let the session's process begin");
}

/* ---- in the session ---- */

int apply_session_run(struct apply *a, const struct apply_session *session, struct iso_err *err)
{
	a->session = session;
	a->is_child = true;
	a->at = 0;
	return apply_run(a, err);
}

/* The task's own devpts, and only if it is one: the task may have had a hand in what lies at the
 * name. The slave becomes the session's controlling terminal; the master goes to the asker. */
static int open_terminal(struct apply *a, const struct step *s, int *ret_slave, struct iso_err *err)
{
	const struct session_head *head = a->session->request.head;
	const struct winsize size = {.ws_row = head->rows, .ws_col = head->columns};
	int unlocked = 0;
	own_fd master = path_open_own(a->root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);

	if (master < 0)
		return iso_err_sys(err, "open the task's '/dev/pts/ptmx'");
	if (sys_fd_is_devpts(master) != 1)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENODEV,
			"the task's '/dev/pts' is no devpts any more");
	struct winsize copy = size;
	if (sys_ioctl(master, TIOCSPTLCK, &unlocked) ||
		(head->rows && sys_ioctl(master, TIOCSWINSZ, &copy)))
		return iso_err_sys(err, "set up the terminal");
	own_fd slave =
		sys_ioctl(master, TIOCGPTPEER, (void *)(uintptr_t)(O_RDWR | O_NOCTTY | O_CLOEXEC));
	if (slave < 0 || sys_fchown(slave, (unsigned)s->num[1], ~0U) ||
		sys_ioctl(slave, TIOCSCTTY, NULL))
		return iso_err_sys(err, "make the terminal the session's");

	const struct ctl_report report = {.version = CTL_VERSION, .kind = REPORT_SESSION};
	const struct ctl_fds fds = {.fd = {master}, .n = 1};
	if (ctl_report_send(a->session->asker, &report, &fds, err))
		return err->fault ? -1
				  : iso_err_set(err, ISO_FAULT_SYSTEM, EPIPE, "the asker is gone");
	*ret_slave = fd_take(&slave);
	return 0;
}

static int tell_started(const struct apply *a, struct iso_err *err)
{
	const struct ctl_report report = {.version = CTL_VERSION, .kind = REPORT_SESSION};

	if (ctl_report_send(a->session->asker, &report, NULL, err))
		return err->fault ? -1
				  : iso_err_set(err, ISO_FAULT_SYSTEM, EPIPE, "the asker is gone");
	return 0;
}

/* The asker's descriptors are used as they are: owner and mode of an operator's terminal or file
 * stay what they were. */
int session_stream(struct apply *a, int stream, const struct step *s, struct iso_err *err)
{
	const struct apply_session *session = a->session;
	int slave = -1;

	if (!session->tty) {
		if (sys_dup3(session->stream[stream], stream, 0) < 0)
			return iso_err_sys(err, "set stream %d", stream);
		return stream == 2 ? tell_started(a, err) : 0;
	}
	if (stream > 0)
		return sys_dup3(0, stream, 0) < 0 ? iso_err_sys(err, "set stream %d", stream) : 0;
	if (open_terminal(a, s, &slave, err))
		return -1;
	int r = sys_dup3(slave, 0, 0);
	(void)fd_close(slave);
	return r < 0 ? iso_err_sys(err, "set stream 0") : 0;
}

static const char *skip(const char *strings, uint32_t n)
{
	while (n--)
		strings += strlen(strings) + 1;
	return strings;
}

static char **array(size_t n)
{
	return sys_map(
		(n + 1) * sizeof(char *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static bool same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strcspn(b, "=") == len && !memcmp(a, b, len);
}

/* The task's environment with the asker's over it. */
static char **environment(struct apply *a, const struct step *s)
{
	const struct session_head *head = a->session->request.head;
	const char *own = skip(a->session->request.strings, head->n_argv), *element;
	char **v = array(steps_list_count(a->steps, s, 1) + head->n_env);
	struct steps_list list = steps_list(a->steps, s, 1);
	size_t n = 0;

	while (v && (element = steps_list_next(&list))) {
		bool replaced = false;
		const char *at = own;
		for (uint32_t i = 0; i < head->n_env; i++, at += strlen(at) + 1)
			replaced = replaced || same_name(at, element);
		if (!replaced)
			memcpy(&v[n++], &element, sizeof(element));
	}
	for (uint32_t i = 0; v && i < head->n_env; i++, own += strlen(own) + 1)
		memcpy(&v[n++], &own, sizeof(own));
	return v;
}

static char **arguments(const struct apply *a)
{
	const struct session_head *head = a->session->request.head;
	const char *at = a->session->request.strings;
	char **v = array(head->n_argv);

	for (uint32_t i = 0; v && i < head->n_argv; i++, at += strlen(at) + 1)
		memcpy(&v[i], &at, sizeof(at));
	return v;
}

static const char *search_path(char *const *envp)
{
	for (; *envp; envp++)
		if (!strncmp(*envp, "PATH=", 5))
			return *envp + 5;
	return DEFAULT_PATH;
}

/* As execvp(3) does, with the task's PATH (B-214): a directory that cannot be searched does not end
 * the search. */
static int exec_by_path(const char *name, char *const *argv, char *const *envp)
{
	char path[MAX_PATH];
	int saw = ENOENT;

	for (const char *dir = search_path(envp); *dir;) {
		int len = (int)strcspn(dir, ":");
		int n = snprintf(path, sizeof(path), "%.*s/%s", len, dir, name);
		if (len > 0 && n > 0 && (size_t)n < sizeof(path)) {
			(void)sys_execve(path, argv, envp);
			if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
				return -1;
			saw = errno == EACCES ? EACCES : saw;
		}
		dir += len + (dir[len] == ':');
	}
	errno = saw;
	return -1;
}

int session_exec(struct apply *a, const struct step *s, struct iso_err *err)
{
	char **argv = arguments(a), **envp = environment(a, s);

	if (!argv || !envp)
		return iso_err_sys(err, "map the arguments");
	if (strchr(argv[0], '/'))
		(void)sys_execve(argv[0], argv, envp);
	else
		(void)exec_by_path(argv[0], argv, envp);
	int saved = errno;
	(void)iso_err_sys(err, "command '%s' cannot be executed in the task", argv[0]);
	if (saved == ENOENT || saved == ENOTDIR)
		return iso_err_set(err, ISO_FAULT_NOT_FOUND, saved,
			"command '%s' not found in the task%s", argv[0],
			strchr(argv[0], '/') ? "" : ": looked in its PATH");
	err->fault = saved == ENOMEM ? ISO_FAULT_SYSTEM : ISO_FAULT_NOT_EXEC;
	return -1;
}
