/* The runner's lock: seen by others while it is held, and taken by nobody's looking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"
#include "state/runner.h"

/* Another process holds it until its end of the pipe is closed: *ret_pipe. */
static pid_t hold(const char *dir, int *ret_pipe)
{
	int ready[2], end[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct iso_err err = ISO_ERR_INIT;
		int fd;
		(void)close(end[1]);
		if (state_runner_hold(dir, &fd, &err) || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) != 0);
	}
	assert_int_equal(close(ready[1]) || close(end[0]), 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(close(ready[0]), 0);
	*ret_pipe = end[1];
	return pid;
}

static void test_lock(void **state)
{
	struct place *p = *state;
	struct iso_err err = ISO_ERR_INIT;
	int fd = -1, pipe_end, status;

	assert_int_equal(state_runner_pid(p->dir), 0);
	pid_t pid = hold(p->dir, &pipe_end);
	assert_int_equal(state_runner_pid(p->dir), pid);
	assert_int_equal(state_runner_pid(p->dir), pid);
	assert_int_equal(state_runner_hold(p->dir, &fd, &err), STATE_RUNNER_HELD);
	assert_int_equal(fd, -1);
	assert_int_equal(close(pipe_end), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(state_runner_pid(p->dir), 0);
	assert_int_equal(state_runner_hold(p->dir, &fd, &err), 0);
	assert_int_equal(close(fd), 0);
}

static void test_missing_directory(void **state)
{
	struct iso_err err = ISO_ERR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(state_runner_pid("/tmp/isoexec-test-no-such"), 0);
	assert_int_equal(state_runner_hold("/tmp/isoexec-test-no-such", &fd, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lock, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			test_missing_directory, place_setup, place_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
