/* From inside of the worker's sandbox, as its strongest user: uid 0. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "fetch/sandbox.h"

/* Names below TOP, the test's directory, or absolute ones. */
static const struct probe {
	const char *path;
	int flags;
	bool want;
} probes[] = {
	{"destination/new", O_CREAT | O_RDWR, true},
	{"staging/new", O_CREAT | O_RDWR, true},
	{"/etc/hosts", O_RDONLY, true},
	{"/etc/ssl/certs", O_RDONLY, true},
	{"/dev/null", O_RDONLY, true},
	{"outside", O_RDONLY, false},
	{"outside", O_WRONLY, false},
	{"new", O_CREAT | O_RDWR, false},
	{"/root", O_RDONLY, false},
	{"/etc/shadow", O_RDONLY, false},
	{"/etc/passwd", O_RDONLY, false},
	{"/etc/ssl/private", O_RDONLY, false},
	{"/proc/1/environ", O_RDONLY, false},
	{"/proc/self/mem", O_RDWR, false},
	{"/sys/kernel", O_RDONLY, false},
	{"/dev/tty", O_RDWR, false},
	{"/usr/bin/env", O_RDONLY, false},
	{"/etc/hosts", O_WRONLY, false},
};

/* Runs in a child. Return: number of the first probe that came out otherwise, from 1 on; 0. */
static int inside(int top, int destination, int staging)
{
	struct fetch_request r = {.limits = {.max_bytes = 1 << 20, .unpack_bytes = 1 << 20}};
	struct iso_err err = ISO_ERR_INIT;
	int report[2];

	if (pipe2(report, O_CLOEXEC) || dup2(destination, FETCH_FD_DESTINATION) < 0 ||
		dup2(staging, FETCH_FD_STAGING) < 0 || dup2(report[1], FETCH_FD_REPORT) < 0 ||
		sandbox_enter(&r, &err)) {
		(void)fprintf(stderr, "%s\n", err.text);
		return (int)iso_len(probes) + 1;
	}
	for (size_t i = 0; i < iso_len(probes); i++) {
		int fd = openat(top, probes[i].path, probes[i].flags | O_CLOEXEC, 0600);
		bool missing = fd < 0 && errno == ENOENT;
		if (!missing && (fd >= 0) != probes[i].want)
			return (int)i + 1;
		(void)fd_close(fd);
	}
	return 0;
}

static void test_files(void **state)
{
	(void)state;
	static const char *const left[] = {"outside", "destination/new", "staging/new"};
	int status = 0;
	char path[] = "/tmp/isoexec-sandbox-XXXXXX";

	if (geteuid() != 0 || syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
		skip();
	assert_non_null(mkdtemp(path));
	/* above those that the child puts in place */
	own_fd dir = open(path, O_DIRECTORY | O_CLOEXEC);
	own_fd top = fcntl(dir, F_DUPFD_CLOEXEC, 20);
	assert_int_equal(mkdirat(top, "destination", 0755), 0);
	assert_int_equal(mkdirat(top, "staging", 0755), 0);
	own_fd outside = openat(top, "outside", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(outside >= 0);
	own_fd destination = openat(top, "destination", O_DIRECTORY | O_CLOEXEC);
	own_fd staging = openat(top, "staging", O_DIRECTORY | O_CLOEXEC);
	own_fd to = fcntl(destination, F_DUPFD_CLOEXEC, 20);
	own_fd from = fcntl(staging, F_DUPFD_CLOEXEC, 20);
	assert_true(to >= 0 && from >= 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(inside(top, to, from));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (size_t i = 0; i < iso_len(left); i++)
		(void)unlinkat(top, left[i], 0);
	assert_int_equal(unlinkat(top, "destination", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(top, "staging", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(path), 0);
	assert_true(WIFEXITED(status));
	int bad = WEXITSTATUS(status);
	if (bad)
		fail_msg("%s", bad > (int)iso_len(probes) ? "no sandbox" : probes[bad - 1].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
