/*
 * Packets between a supervisor and who talks to it (report.h has the diagram). One struct a packet:
 * a short, long or foreign one is a protocol fault, never half believed.
 */
#include "ctl/report.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/own.h"
#include "base/sys.h"

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * CTL_MAX_FDS)];
};

void ctl_fds_done(struct ctl_fds *fds)
{
	while (fds->n)
		(void)fd_close(fds->fd[--fds->n]);
}

static int packet_send(
	int fd, const void *data, size_t len, const struct ctl_fds *fds, struct iso_err *err)
{
	union control control;
	struct iovec io = {.iov_len = len};
	struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
	ssize_t n;

	memcpy(&io.iov_base, &data, sizeof(data)); /* the kernel only reads it */
	if (fds && fds->n) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.room;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fds->n);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fds->n);
		memcpy(CMSG_DATA(&control.align), fds->fd, sizeof(int) * fds->n);
	}
	do
		n = sys_sendmsg(fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
		return CTL_GONE;
	if (n < 0)
		return iso_err_sys(err, "send a packet to or from a supervisor");
	return iso_err_set(err, ISO_FAULT_PROTOCOL, 0, "a packet to or from a supervisor was cut");
}

/* Whatever came is ours to close, also when the packet is no good. */
static void take_fds(const struct msghdr *message, struct ctl_fds *ret)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(message);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	ret->n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(ret->fd, CMSG_DATA(c), sizeof(int) * ret->n);
}

static int packet_recv(int fd, void *data, size_t len, struct ctl_fds *ret_fds, struct iso_err *err)
{
	union control control;
	struct iovec io = {.iov_base = data, .iov_len = len};
	struct msghdr message = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	own_ctl_fds fds = CTL_FDS_INIT;
	ssize_t n;

	/* ECONNRESET is told once, before the packets that came earlier: the other side went away
	 * with something of ours unread (unix(7)) */
	for (unsigned tries = 0;; tries++) {
		n = sys_recvmsg(fd, &message, MSG_TRUNC | MSG_CMSG_CLOEXEC);
		if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || tries)))
			break;
	}
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return CTL_GONE;
	if (n < 0)
		return iso_err_sys(err, "receive a packet to or from a supervisor");
	take_fds(&message, &fds);

	uint32_t version;
	memcpy(&version, data, sizeof(version));
	if ((size_t)n != len || version != CTL_VERSION || (message.msg_flags & MSG_CTRUNC))
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0,
			"unknown packet of %zd bytes, expected %zu of version %d: supervisor and "
			"asker are of different builds",
			n, len, CTL_VERSION);
	if (ret_fds) {
		*ret_fds = fds;
		fds.n = 0;
	}
	return 0;
}

int ctl_report_send(
	int fd, const struct ctl_report *report, const struct ctl_fds *fds, struct iso_err *err)
{
	return packet_send(fd, report, sizeof(*report), fds, err);
}

int ctl_report_recv(int fd, struct ctl_report *ret, struct ctl_fds *ret_fds, struct iso_err *err)
{
	int r = packet_recv(fd, ret, sizeof(*ret), ret_fds, err);
	if (r == 0) /* the text is printed: whatever came, it ends */
		ret->err.text[sizeof(ret->err.text) - 1] = '\0';
	return r;
}

int ctl_ask_send(int fd, const struct ctl_ask *ask, const struct ctl_fds *fds, struct iso_err *err)
{
	return packet_send(fd, ask, sizeof(*ask), fds, err);
}

int ctl_ask_recv(int fd, struct ctl_ask *ret, struct ctl_fds *ret_fds, struct iso_err *err)
{
	return packet_recv(fd, ret, sizeof(*ret), ret_fds, err);
}
