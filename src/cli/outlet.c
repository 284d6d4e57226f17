/* Writing without being held up for ever (outlet.h). */
#include "cli/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/own.h"

enum {
	PATIENCE_MS = 1000,
	MOST_PENDING = 4 * 1024 * 1024
};

void outlet_watch_init(struct outlet_watch *w)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < iso_len(signals); i++)
		(void)sigaddset(&set, signals[i]);
	/* -1: poll ignores it, and a reader that stalls is waited for */
	*w = (struct outlet_watch){.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

void outlet_watch_done(struct outlet_watch *w)
{
	w->signal_fd = fd_close(w->signal_fd);
}

/* O_NONBLOCK belongs to the open description, which the shell and others share: pipes and terminals
 * are opened once more. Files do not block, and would lose their position. */
void outlet_open(struct outlet *o, int fd)
{
	char path[32];
	struct stat st;

	*o = (struct outlet){.fd = fd, .pending = BUF_INIT};
	if (fstat(fd, &st))
		return;
	o->is_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again < 0)
		return;
	o->fd = again;
	o->is_own = true;
}

/* May something be written? false: not now, or never again. */
static bool wait_for_reader(struct outlet *o, struct outlet_watch *w)
{
	struct pollfd p[] = {
		{.fd = o->fd, .events = POLLOUT}, {.fd = w->signal_fd, .events = POLLIN}};
	int n;

	do
		n = poll(p, iso_len(p), w->stopping ? PATIENCE_MS : -1);
	while (n < 0 && errno == EINTR);
	if (p[0].revents)
		return true;
	if (p[1].revents)
		w->stopping = true;
	else
		o->state = OUTLET_GIVEN_UP;
	return false;
}

static ssize_t write_some(const struct outlet *o, const char *data, size_t len)
{
	if (o->is_socket)
		return send(o->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* poll promises that so much does not block, when the description could not be opened again
	 */
	return write(o->fd, data, o->is_own || len < PIPE_BUF ? len : PIPE_BUF);
}

/* Returns how much was written. */
static size_t write_most(struct outlet *o, struct outlet_watch *w, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len && wait_for_reader(o, w)) {
		ssize_t n = write_some(o, data + done, len - done);
		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			o->state = OUTLET_CLOSED; /* nobody is there to be told */
			break;
		}
	}
	return done;
}

static void write_pending(struct outlet *o, struct outlet_watch *w)
{
	size_t done = write_most(o, w, buf_text(&o->pending), o->pending.len);

	if (done)
		memmove(o->pending.data, o->pending.data + done, o->pending.len - done);
	o->pending.len -= done;
}

void outlet_put(struct outlet *o, struct outlet_watch *w, const char *data, size_t len)
{
	if (o->state == OUTLET_OPEN && o->pending.len)
		write_pending(o, w);
	if (o->state == OUTLET_OPEN && !o->pending.len) {
		size_t done = write_most(o, w, data, len);
		data += done;
		len -= done;
	}
	if (o->state == OUTLET_OPEN && o->pending.len + len > MOST_PENDING)
		o->state = OUTLET_GIVEN_UP;
	if (o->state == OUTLET_OPEN)
		buf_add(&o->pending, data, len);
	else
		buf_done(&o->pending);
}

void outlet_done(struct outlet *o, struct outlet_watch *w)
{
	if (o->state == OUTLET_OPEN && o->pending.len)
		write_pending(o, w);
	buf_done(&o->pending);
	if (o->is_own)
		o->fd = fd_close(o->fd);
}
