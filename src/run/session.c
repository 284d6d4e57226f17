/* Exec sessions from the asker's side: the request goes in a memfd, the streams go by descriptor,
 * on a connection of the session's own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/own.h"
#include "ctl/session.h"
#include "run/internal.h"

static uint32_t add_strings(struct buf *out, const char *const *strings)
{
	uint32_t n = 0;

	for (; strings && strings[n]; n++)
		buf_add(out, strings[n], strlen(strings[n]) + 1);
	return n;
}

static int make_request(const struct iso_exec *what, struct iso_err *err)
{
	own_buf out = BUF_INIT;
	struct session_head head = {
		.magic = SESSION_MAGIC, .rows = what->rows, .columns = what->columns};

	buf_add(&out, &head, sizeof(head));
	head.n_argv = add_strings(&out, what->argv);
	head.n_env = add_strings(&out, what->env);
	if (!head.n_argv)
		return iso_err_set(err, ISO_FAULT_INPUT, EINVAL, "missing command");
	if (out.failed || out.len > SESSION_MAX_BYTES)
		return iso_err_set(err, ISO_FAULT_LIMIT, E2BIG,
			"the command and its environment are too long: at most %d bytes",
			SESSION_MAX_BYTES);
	head.bytes = (uint32_t)(out.len - sizeof(head));
	memcpy(out.data, &head, sizeof(head));
	own_fd fd = memfd_create("isoexec-session", MFD_CLOEXEC);
	if (fd < 0 || write(fd, out.data, out.len) != (ssize_t)out.len)
		return iso_err_sys(err, "make the request for a session");
	return fd_take(&fd);
}

static int wait_for_start(struct iso_session *session, struct iso_err *err)
{
	struct ctl_report report;
	own_ctl_fds fds = CTL_FDS_INIT;
	int r = ctl_report_recv(session->fd, &report, &fds, err);

	if (r < 0)
		return -1;
	if (r == CTL_GONE)
		return iso_err_set(err, ISO_FAULT_NOT_FOUND, ESRCH,
			"the task's supervisor ended before the session began");
	if (report.kind == REPORT_SESSION) {
		if (fds.n == 1)
			session->terminal = fd_take(&fds.fd[0]);
		return 0;
	}
	if (report.kind == REPORT_SESSION_FAILED || report.kind == REPORT_DONE) {
		*err = report.err;
		return -1;
	}
	return iso_err_set(err, ISO_FAULT_SYSTEM, 0, "the session ended before it began");
}

static int start(struct iso_task *task, const struct iso_exec *what, struct iso_session *session,
	struct iso_err *err)
{
	own_fd request = make_request(what, err);

	if (request < 0)
		return -1;
	session->fd = run_connect(task->dir);
	if (session->fd < 0)
		return errno == ENOENT || errno == ECONNREFUSED
			       ? iso_err_set(err, ISO_FAULT_NOT_FOUND, ESRCH, "the task has ended")
			       : iso_err_sys(err, "connect to the task's supervisor");
	const struct ctl_ask ask = {
		.version = CTL_VERSION, .kind = ASK_EXEC, .flags = what->tty ? ASK_TTY : 0};
	struct ctl_fds fds = {.fd = {request}, .n = 1};
	for (unsigned i = 0; i < iso_len(what->stream) && !what->tty; i++)
		fds.fd[fds.n++] = what->stream[i];
	int r = ctl_ask_send(session->fd, &ask, &fds, err);
	if (r)
		return r < 0 ? -1
			     : iso_err_set(err, ISO_FAULT_NOT_FOUND, ESRCH, "the task has ended");
	return wait_for_start(session, err);
}

int iso_exec(struct iso_task *task, const struct iso_exec *what, struct iso_session **ret,
	struct iso_err *err)
{
	struct iso_session *session = calloc(1, sizeof(*session));

	if (!session)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	session->fd = session->terminal = -1;
	if (start(task, what, session, err)) {
		(void)iso_session_free(session);
		return -1;
	}
	*ret = session;
	return 0;
}

int iso_session_terminal(const struct iso_session *session)
{
	return session->terminal;
}

int iso_session_fd(const struct iso_session *session)
{
	return session->fd;
}

int iso_session_wait(struct iso_session *session, int *ret_exit_code, struct iso_err *err)
{
	while (!session->ended) {
		struct ctl_report report;
		int r = ctl_report_recv(session->fd, &report, NULL, err);
		if (r < 0)
			return -1;
		if (r == CTL_GONE)
			return iso_err_set(err, ISO_FAULT_SYSTEM, EPIPE,
				"the task's supervisor was killed: how the session ends is "
				"unknown");
		if (report.kind == REPORT_SESSION_FAILED) { /* execve, after the streams were set */
			*err = report.err;
			return -1;
		}
		session->ended = report.kind == REPORT_SESSION_EXITED;
		session->exit_code = report.exit_code;
	}
	*ret_exit_code = session->exit_code;
	return 0;
}

struct iso_session *iso_session_free(struct iso_session *session)
{
	if (session) {
		session->fd = fd_close(session->fd);
		session->terminal = fd_close(session->terminal);
	}
	free(session);
	return NULL;
}
