/*
 * See exec_loop.h. One buffer a direction; a direction reads only when its buffer is empty, so a
 * slow side slows the other and nothing grows. Our own descriptors stay blocking: they are shared
 * with the operator's shell.
 */
#include "cli/exec_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/show.h"

enum {
	ROOM = 4096, /* PIPE_BUF: what a pipe that can be written takes without blocking */
	SIGNAL_BASE = 128,
	EXIT_NO_READER = 125
};

struct flow {
	char data[ROOM];
	size_t at, len;
};

struct loop {
	const struct exec_loop *in;
	int master; /* -1 = the session has no terminal */
	struct flow to, from;
	bool input, hung_up; /* our input goes on; the other side of the terminal is closed */
	bool mid_line;       /* the last byte of our input was no newline */
	int status;
};

enum answer {
	GO_ON = 0,
	LEAVE,
	ENDED
};

int exec_loop_signals(struct iso_err *err)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
		SIGPIPE, SIGWINCH, SIGCONT};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < iso_len(signals); i++)
		(void)sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return iso_err_sys(err, "block signals");
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? iso_err_sys(err, "make a signalfd") : fd;
}

static enum answer on_signal(struct loop *l)
{
	struct signalfd_siginfo info;
	struct iso_err ignored;

	if (read(l->in->signal_fd, &info, sizeof(info)) != sizeof(info))
		return GO_ON;
	switch (info.ssi_signo) {
	case SIGCONT: /* whoever stopped us has set the terminal to its own modes */
		if (l->in->terminal->is_raw && terminal_raw(l->in->terminal, &ignored))
			return LEAVE;
		terminal_resize(l->in->terminal, l->master);
		return GO_ON;
	case SIGWINCH:
		terminal_resize(l->in->terminal, l->master);
		return GO_ON;
	case SIGPIPE:
		return GO_ON; /* the write tells */
	default:
		l->status = SIGNAL_BASE + (int)info.ssi_signo;
		return LEAVE;
	}
}

/* ---- our input ---- */

/* In the middle of a line the first one only ends the line's piece. */
static void end_input(struct loop *l)
{
	char end = terminal_end_of_input(l->master);

	l->input = false;
	if (!end)
		return;
	l->to.at = 0;
	l->to.len = l->mid_line ? 2 : 1;
	memset(l->to.data, end, l->to.len);
}

static void read_input(struct loop *l)
{
	ssize_t n = read(STDIN_FILENO, l->to.data, sizeof(l->to.data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_input(l);
		return;
	}
	l->to.at = 0;
	l->to.len = (size_t)n;
	l->mid_line = l->to.data[n - 1] != '\n';
}

static void write_master(struct loop *l)
{
	ssize_t n = write(l->master, l->to.data + l->to.at, l->to.len - l->to.at);

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		l->to.at = l->to.len; /* nobody is there to read it */
	if (n > 0)
		l->to.at += (size_t)n;
}

/* ---- its output ---- */

static void read_master(struct loop *l)
{
	ssize_t n = read(l->master, l->from.data, sizeof(l->from.data));

	l->from.at = 0;
	l->from.len = n > 0 ? (size_t)n : 0;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		l->hung_up = true; /* EIO: every process has closed the terminal */
}

static enum answer write_output(struct loop *l)
{
	ssize_t n = write(STDOUT_FILENO, l->from.data + l->from.at, l->from.len - l->from.at);

	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		l->status = EXIT_NO_READER;
		return LEAVE;
	}
	if (n > 0)
		l->from.at += (size_t)n;
	return GO_ON;
}

/* The session has ended: what it has written can be read now, n_tty_read() flushes it first. */
static void drain(struct loop *l)
{
	bool taken = show_write(STDOUT_FILENO, l->from.data + l->from.at, l->from.len - l->from.at);

	while (l->master >= 0 && taken) {
		l->hung_up = false;
		read_master(l);
		if (!l->from.len)
			return;
		taken = show_write(STDOUT_FILENO, l->from.data, l->from.len);
	}
}

/* ---- all of it ---- */

static bool is_full(const struct flow *f)
{
	return f->at < f->len;
}

static enum answer one_round(struct loop *l, struct iso_err *err)
{
	enum {
		IN,
		OUT,
		MASTER,
		SIGNALS,
		SESSION,
		N
	};
	struct pollfd p[N] = {
		[IN] = {.fd = l->input && !is_full(&l->to) ? STDIN_FILENO : -1, .events = POLLIN},
		[OUT] = {.fd = is_full(&l->from) ? STDOUT_FILENO : -1, .events = POLLOUT},
		[MASTER] = {.fd = l->hung_up ? -1 : l->master,
			.events = (short)((is_full(&l->from) ? 0 : POLLIN) |
					  (is_full(&l->to) ? POLLOUT : 0))},
		[SIGNALS] = {.fd = l->in->signal_fd, .events = POLLIN},
		[SESSION] = {.fd = iso_session_fd(l->in->session), .events = POLLIN},
	};

	if (p[MASTER].events == 0)
		p[MASTER].fd = -1; /* else its hanging up would wake us for nothing */
	if (poll(p, N, -1) < 0 && errno != EINTR) {
		(void)iso_err_sys(err, "wait for the session");
		return LEAVE;
	}
	if (p[SIGNALS].revents && on_signal(l) == LEAVE)
		return LEAVE;
	if (p[OUT].revents && write_output(l) == LEAVE)
		return LEAVE;
	if (p[MASTER].revents & POLLOUT)
		write_master(l);
	if (p[MASTER].revents & (POLLIN | POLLHUP | POLLERR) && !is_full(&l->from))
		read_master(l);
	if (p[IN].revents)
		read_input(l);
	return p[SESSION].revents ? ENDED : GO_ON;
}

int exec_loop(const struct exec_loop *in, int *ret_status, struct iso_err *err)
{
	struct loop l = {
		.in = in,
		.master = iso_session_terminal(in->session),
		.input = in->input,
	};
	enum answer answer;

	if (l.master >= 0 && fcntl(l.master, F_SETFL, O_NONBLOCK))
		return iso_err_sys(err, "set up the session's terminal");
	do
		answer = one_round(&l, err);
	while (answer == GO_ON);
	if (answer == LEAVE) {
		*ret_status = l.status;
		return l.status ? EXEC_LOOP_LEFT : -1;
	}
	drain(&l);
	return iso_session_wait(in->session, ret_status, err);
}
