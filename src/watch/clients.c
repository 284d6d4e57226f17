/*
 * Who talks to the supervisor: the starter, and root over the socket in the state directory. Nobody
 * can make it wait: all descriptors are non-blocking, and who does not read is let go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "base/sys.h"
#include "watch/supervisor.h"
#include "watch/usage.h"

enum {
	PATH_ROOM = 64,
	SOCKET_UMASK = 0177
};

void clients_init(struct supervisor *s, int report_fd)
{
	s->listen_fd = -1;
	for (unsigned i = 0; i < MAX_CLIENTS; i++)
		s->client[i] = (struct client){.fd = -1, .session_pidfd = -1};
	if (report_fd >= 0) {
		(void)sys_fcntl(report_fd, F_SETFL, O_NONBLOCK);
		s->client[0].fd = report_fd;
		s->client[0].waits = true;
	}
}

/* The name is relative to the directory's descriptor: a socket's path has room for 107 bytes. */
int clients_open(struct supervisor *s, struct iso_err *err)
{
	char path[PATH_ROOM];
	own_fd dir = sys_openat(AT_FDCWD, s->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (dir < 0)
		return iso_err_sys(err, "open the state directory '%s'", s->dir);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" RECORD_CTL, dir);
	(void)sys_umask(SOCKET_UMASK);
	s->listen_fd = sys_unix_listen(path);
	if (s->listen_fd < 0 && errno == EADDRINUSE && !sys_unlinkat(dir, RECORD_CTL, 0))
		s->listen_fd = sys_unix_listen(path); /* an earlier supervisor's */
	int saved = errno;
	(void)sys_umask(0);
	errno = saved;
	if (s->listen_fd < 0)
		return iso_err_sys(err, "listen at '%s/" RECORD_CTL "'", s->dir);
	(void)sys_fcntl(s->listen_fd, F_SETFL, O_NONBLOCK);
	return 0;
}

void clients_close(struct supervisor *s)
{
	if (s->listen_fd < 0 && !s->adopted) /* else the one before us has left its name */
		return;
	s->listen_fd = fd_close(s->listen_fd);
	own_fd dir = sys_openat(AT_FDCWD, s->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (dir >= 0)
		(void)sys_unlinkat(dir, RECORD_CTL, 0);
}

static void let_go(struct client *c)
{
	c->fd = fd_close(c->fd);
	c->waits = false;
	if (c->session_pid)
		session_hang_up(c);
}

static void answer(struct client *c, const struct ctl_report *report, const struct ctl_fds *fds)
{
	struct iso_err ignored;

	if (c->fd >= 0 && ctl_report_send(c->fd, report, fds, &ignored) != 0)
		let_go(c);
}

void clients_tell(struct supervisor *s, const struct ctl_report *report, bool starter,
	const struct ctl_fds *fds)
{
	for (unsigned i = starter ? 0 : 1; i < (starter ? 1 : MAX_CLIENTS); i++)
		if (s->client[i].waits)
			answer(&s->client[i], report, fds);
}

static void done(struct client *c, const struct iso_err *err)
{
	struct ctl_report report = {.version = CTL_VERSION, .kind = REPORT_DONE, .step = ~0U};

	if (err)
		report.err = *err;
	answer(c, &report, NULL);
}

/* ---- what may be asked ---- */

static int ask_signal(struct supervisor *s, struct client *c, const struct ctl_ask *ask,
	const struct ctl_fds *fds, struct iso_err *err)
{
	(void)fds;
	if (sys_pidfd_send_signal(s->apply.pidfd, ask->signal))
		return iso_err_sys(err, "send signal %d to the task", ask->signal);
	done(c, NULL);
	return 0;
}

static int ask_stop(struct supervisor *s, struct client *c, const struct ctl_ask *ask,
	const struct ctl_fds *fds, struct iso_err *err)
{
	(void)fds;
	(void)err;
	uint64_t grace_ms = stop_note(s, ask);
	done(c, NULL); /* killing may take a while */
	stop_begin(s, grace_ms);
	return 0;
}

static int ask_wait(struct supervisor *s, struct client *c, const struct ctl_ask *ask,
	const struct ctl_fds *fds, struct iso_err *err)
{
	const struct ctl_report report = {.version = CTL_VERSION,
		.kind = REPORT_DONE,
		.step = ~0U,
		.pid = s->apply.child_pid};
	const struct ctl_fds out = {.fd = {s->apply.pidfd}, .n = s->apply.pidfd >= 0};

	(void)ask;
	(void)fds;
	(void)err;
	c->waits = true;
	answer(c, &report, &out); /* who waits holds the task (pidfd) */
	return 0;
}

static int ask_stats(struct supervisor *s, struct client *c, const struct ctl_ask *ask,
	const struct ctl_fds *fds, struct iso_err *err)
{
	struct ctl_report report = {.version = CTL_VERSION, .kind = REPORT_STATS};
	struct ctl_fds out = CTL_FDS_INIT;

	(void)ask;
	(void)fds;
	(void)err;
	for (unsigned i = 0; i < N_STATS_FDS; i++) {
		int fd = i == STATS_FD_TASK ? s->apply.pidfd
					    : usage_stats_fd(&s->apply, (enum ctl_stats_fd)i);
		if (fd < 0)
			continue;
		report.stats_fds |= 1U << i;
		out.fd[out.n++] = fd;
	}
	answer(c, &report, &out);
	return 0;
}

typedef int ask_fn(struct supervisor *s, struct client *c, const struct ctl_ask *ask,
	const struct ctl_fds *fds, struct iso_err *err);

static ask_fn *const asks[] = {
	[ASK_SIGNAL] = ask_signal,
	[ASK_STOP] = ask_stop,
	[ASK_WAIT] = ask_wait,
	[ASK_STATS] = ask_stats,
	[ASK_EXEC] = session_start,
};

static void on_ask(struct supervisor *s, struct client *c)
{
	struct ctl_ask ask;
	own_ctl_fds fds = CTL_FDS_INIT;
	struct iso_err err = ISO_ERR_INIT;

	if (ctl_ask_recv(c->fd, &ask, &fds, &err) != 0) {
		if (err.sys != EAGAIN)
			let_go(c); /* gone, or not of our build: the task goes on */
		return;
	}
	int r = ask.kind < iso_len(asks) && asks[ask.kind]
			? asks[ask.kind](s, c, &ask, &fds, &err)
			: iso_err_set(&err, ISO_FAULT_PROTOCOL, 0, "unknown ask %u", ask.kind);
	if (r)
		done(c, &err);
}

static struct client *free_client(struct supervisor *s)
{
	for (unsigned i = 1; i < MAX_CLIENTS; i++)
		if (s->client[i].fd < 0 && !s->client[i].session_pid)
			return &s->client[i];
	return NULL;
}

/* Root only, whatever the mode of the socket and its directory have become. */
static void on_connection(struct supervisor *s)
{
	unsigned uid = ~0U;
	own_fd fd = sys_accept(s->listen_fd, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = free_client(s);

	if (fd < 0 || sys_peer_uid(fd, &uid) || uid != 0)
		return;
	if (!c) {
		struct iso_err err;
		(void)iso_err_set(&err, ISO_FAULT_LIMIT, 0,
			"the task has %d connections and sessions, no more are taken",
			MAX_CLIENTS - 1);
		struct client refused = {.fd = fd, .session_pidfd = -1};
		done(&refused, &err);
		fd = refused.fd;
		return;
	}
	c->fd = fd_take(&fd);
}

/* ---- the loop's part ---- */

void clients_poll(const struct supervisor *s, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = s->listen_fd, .events = POLLIN};
	for (unsigned i = 0; i < MAX_CLIENTS; i++) {
		const struct client *c = &s->client[i];
		fds[1 + 2 * i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
		fds[2 + 2 * i] = (struct pollfd){.fd = c->session_pidfd, .events = POLLIN};
	}
}

void clients_on(struct supervisor *s, const struct pollfd *fds)
{
	for (unsigned i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &s->client[i];
		if (fds[1 + 2 * i].revents && c->fd == fds[1 + 2 * i].fd)
			on_ask(s, c);
		if (fds[2 + 2 * i].revents && c->session_pidfd == fds[2 + 2 * i].fd)
			session_on_exit(c);
	}
	if (fds[0].revents)
		on_connection(s);
}

uint64_t clients_time_ms(const struct supervisor *s)
{
	uint64_t least = 0;

	for (unsigned i = 0; i < MAX_CLIENTS; i++) {
		uint64_t at = s->client[i].kill_at_ms;
		if (at && (!least || at < least))
			least = at;
	}
	return least;
}

void clients_on_time(struct supervisor *s)
{
	uint64_t now = sys_now_ms();

	for (unsigned i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &s->client[i];
		if (!c->kill_at_ms || c->kill_at_ms > now)
			continue;
		c->kill_at_ms = 0;
		(void)sys_kill(-c->session_pid, SIGKILL);
		(void)sys_pidfd_send_signal(c->session_pidfd, SIGKILL);
	}
}

void clients_end_sessions(struct supervisor *s)
{
	for (unsigned i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &s->client[i];
		if (!c->session_pid)
			continue;
		(void)sys_pidfd_send_signal(c->session_pidfd, SIGKILL);
		session_on_exit(c);
	}
}
