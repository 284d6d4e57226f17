/*
 * Packets between a supervisor and its starter (report.h has the diagram). One struct a packet: a
 * short, long or foreign one is a protocol fault, never half believed.
 */
#include "ctl/report.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

static int packet_send(int fd, const void *data, size_t len, struct iso_err *err)
{
	ssize_t n;

	do
		n = send(fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
		return CTL_GONE;
	if (n < 0)
		return iso_err_sys(err, "send a packet between supervisor and starter");
	return iso_err_set(
		err, ISO_FAULT_PROTOCOL, 0, "packet between supervisor and starter was cut");
}

static int packet_recv(int fd, void *data, size_t len, struct iso_err *err)
{
	ssize_t n;

	do
		n = recv(fd, data, len, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return CTL_GONE;
	if (n < 0)
		return iso_err_sys(err, "receive a packet between supervisor and starter");

	uint32_t version;
	memcpy(&version, data, sizeof(version));
	if ((size_t)n != len || version != CTL_VERSION)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0,
			"unknown packet of %zd bytes, expected %zu of version %d: supervisor and "
			"starter are of different builds",
			n, len, CTL_VERSION);
	return 0;
}

int ctl_report_send(int fd, const struct ctl_report *report, struct iso_err *err)
{
	return packet_send(fd, report, sizeof(*report), err);
}

int ctl_report_recv(int fd, struct ctl_report *ret, struct iso_err *err)
{
	int r = packet_recv(fd, ret, sizeof(*ret), err);
	if (r == 0) /* the text is printed: whatever came, it ends */
		ret->err.text[sizeof(ret->err.text) - 1] = '\0';
	return r;
}

int ctl_ask_send(int fd, const struct ctl_ask *ask, struct iso_err *err)
{
	return packet_send(fd, ask, sizeof(*ask), err);
}

int ctl_ask_recv(int fd, struct ctl_ask *ret, struct iso_err *err)
{
	return packet_recv(fd, ret, sizeof(*ret), err);
}
