/* Who runs an alloc: a foreground run by the directory's lock, a detached runner by its file's. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"
#include "state/runner.h"

/* Another process holds alloc.json until its end of the pipe is closed: *ret_pipe. */
static pid_t hold_spec(const struct place *p, int *ret_pipe)
{
	int ready[2], end[2];
	char byte, path[128];

	(void)snprintf(path, sizeof(path), "%s/alloc.json", p->dir);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		(void)close(end[1]);
		if (fd < 0 || fcntl(fd, F_SETLK, &lock) || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) != 0);
	}
	assert_int_equal(close(ready[1]) || close(end[0]), 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(close(ready[0]), 0);
	*ret_pipe = end[1];
	return pid;
}

static void assert_runner(const struct place *p, bool lives, bool detached, pid_t pid)
{
	struct state_runner runner;

	state_runner(p->dir, &runner);
	assert_int_equal(runner.lives, lives);
	assert_int_equal(runner.detached, detached);
	assert_int_equal(runner.pid, pid);
	int fd = state_runner_exclude(p->dir);
	assert_int_equal(fd < 0, lives);
	assert_true(fd < 0 || close(fd) == 0);
}

static void test_nobody(void **state)
{
	assert_runner(*state, false, false, 0);
}

static void test_foreground(void **state)
{
	struct place *p = *state;
	int fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
	assert_runner(p, true, false, 0);
	assert_runner(p, true, false, 0);
	assert_int_equal(close(fd), 0);
	assert_runner(p, false, false, 0);
}

static void test_detached(void **state)
{
	struct place *p = *state;
	int end, status;
	pid_t pid = hold_spec(p, &end);

	assert_runner(p, true, true, pid);
	assert_int_equal(close(end), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_runner(p, false, true, 0);
}

static void test_excluding(void **state)
{
	struct place *p = *state;
	int fd = state_runner_exclude(p->dir), other = open(p->dir, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(flock(other, LOCK_SH | LOCK_NB), -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(flock(other, LOCK_SH | LOCK_NB), 0);
	assert_int_equal(close(other), 0);
}

static void test_missing_directory(void **state)
{
	struct state_runner runner;

	(void)state;
	state_runner("/tmp/isoexec-test-no-such", &runner);
	assert_false(runner.lives);
	assert_int_equal(state_runner_exclude("/tmp/isoexec-test-no-such"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_foreground, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_detached, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_excluding, place_setup, place_teardown),
		cmocka_unit_test(test_missing_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
