/* Packets: whole or a fault, descriptors with them, and none lost when the other side goes away. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "ctl/report.h"
#include "ctl/session.h"

struct pair {
	int a, b;
};

static struct pair connect_pair(void)
{
	int fd[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	return (struct pair){fd[0], fd[1]};
}

static void test_a_report_arrives_whole_with_its_descriptors(void **state)
{
	(void)state;
	struct pair p = connect_pair();
	struct iso_err err = ISO_ERR_INIT;
	const struct ctl_report out = {.version = CTL_VERSION, .kind = REPORT_STARTED, .pid = 42};
	struct ctl_report in;
	struct ctl_fds sent = {.fd = {STDIN_FILENO, STDOUT_FILENO}, .n = 2};
	own_ctl_fds got = CTL_FDS_INIT;

	assert_int_equal(ctl_report_send(p.a, &out, &sent, &err), 0);
	assert_int_equal(ctl_report_recv(p.b, &in, &got, &err), 0);
	assert_int_equal(in.pid, 42);
	assert_int_equal(got.n, 2);
	assert_true(fcntl(got.fd[0], F_GETFD) & FD_CLOEXEC);
	(void)fd_close(p.a);
	(void)fd_close(p.b);
}

static void test_descriptors_that_nobody_wants_are_closed(void **state)
{
	(void)state;
	struct pair p = connect_pair();
	struct iso_err err = ISO_ERR_INIT;
	const struct ctl_report out = {.version = CTL_VERSION, .kind = REPORT_STARTED};
	struct ctl_report in;
	int pipe[2];

	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	const struct ctl_fds sent = {.fd = {pipe[1]}, .n = 1};
	assert_int_equal(ctl_report_send(p.a, &out, &sent, &err), 0);
	(void)fd_close(pipe[1]);
	assert_int_equal(ctl_report_recv(p.b, &in, NULL, &err), 0);
	char byte;
	assert_int_equal(read(pipe[0], &byte, 1), 0); /* the last write end is closed */
	(void)fd_close(pipe[0]);
	(void)fd_close(p.a);
	(void)fd_close(p.b);
}

static void test_short_and_foreign_packets_are_faults(void **state)
{
	(void)state;
	struct pair p = connect_pair();
	struct iso_err err = ISO_ERR_INIT;
	struct ctl_ask ask;
	const struct ctl_ask old = {.version = CTL_VERSION - 1, .kind = ASK_STOP};

	assert_int_equal(send(p.a, "abcdefgh", 8, 0), 8);
	assert_int_equal(ctl_ask_recv(p.b, &ask, NULL, &err), -1);
	assert_int_equal(err.fault, ISO_FAULT_PROTOCOL);
	assert_int_equal(send(p.a, &old, sizeof(old), 0), sizeof(old));
	assert_int_equal(ctl_ask_recv(p.b, &ask, NULL, &err), -1);
	assert_int_equal(err.fault, ISO_FAULT_PROTOCOL);
	(void)fd_close(p.a);
	assert_int_equal(ctl_ask_recv(p.b, &ask, NULL, &err), CTL_GONE);
	(void)fd_close(p.b);
}

/* The other side reports and goes away with an ask unread: the kernel tells ECONNRESET first. */
static void test_a_report_outlives_its_sender(void **state)
{
	(void)state;
	struct pair p = connect_pair();
	struct iso_err err = ISO_ERR_INIT;
	const struct ctl_ask ask = {.version = CTL_VERSION, .kind = ASK_STOP};
	const struct ctl_report out = {.version = CTL_VERSION, .kind = REPORT_FAILED, .step = 7};
	struct ctl_report in;

	assert_int_equal(ctl_ask_send(p.b, &ask, NULL, &err), 0);
	assert_int_equal(ctl_report_send(p.a, &out, NULL, &err), 0);
	(void)fd_close(p.a);
	assert_int_equal(ctl_report_recv(p.b, &in, NULL, &err), 0);
	assert_int_equal(in.step, 7);
	assert_int_equal(ctl_report_recv(p.b, &in, NULL, &err), CTL_GONE);
	(void)fd_close(p.b);
}

static void test_session_requests_are_checked(void **state)
{
	(void)state;
	struct {
		struct session_head head;
		char strings[8];
	} good = {.head = {.magic = SESSION_MAGIC, .n_argv = 2, .n_env = 1, .bytes = 8},
		.strings = "a\0bc\0A="};
	struct session_request r;
	struct iso_err err = ISO_ERR_INIT;

	assert_int_equal(session_read(&good, sizeof(good), &r, &err), 0);
	assert_string_equal(r.strings, "a");
	assert_int_equal(session_read(&good, sizeof(good) - 1, &r, &err), -1);
	for (uint32_t n = 0; n < 6; n++) {
		good.head.n_argv = n;
		assert_int_equal(session_read(&good, sizeof(good), &r, &err), n == 2 ? 0 : -1);
	}
	good.head.n_argv = 2;
	good.strings[7] = 'x';
	assert_int_equal(session_read(&good, sizeof(good), &r, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_report_arrives_whole_with_its_descriptors),
		cmocka_unit_test(test_descriptors_that_nobody_wants_are_closed),
		cmocka_unit_test(test_short_and_foreign_packets_are_faults),
		cmocka_unit_test(test_a_report_outlives_its_sender),
		cmocka_unit_test(test_session_requests_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
