/* What a worker says is taken as hostile: it may be taken over by what it fetched. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc/artifact.h"

static const struct task_artifact artifact;
static const struct task_config task;

/* A child that writes @n records and ends; or, when @stay, closes its end and does not. */
static struct artifact_fetch worker(const struct iso_err *records, size_t n, bool stay)
{
	int pipe[2];
	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		for (size_t i = 0; i < n; i++)
			(void)!write(pipe[1], &records[i], sizeof(records[i]));
		if (stay)
			(void)close(pipe[1]);
		while (stay)
			(void)pause();
		_exit(n ? 1 : 0);
	}
	(void)close(pipe[1]);
	return (struct artifact_fetch){.pid = pid, .report_fd = pipe[0]};
}

static void test_end_without_words(void **state)
{
	(void)state;
	struct iso_err err = ISO_ERR_INIT;
	struct artifact_fetch f = worker(NULL, 0, false);
	assert_int_equal(artifact_finish(&f, &artifact, &task, &err), 0);
	assert_int_equal(f.pid, -1);
	assert_int_equal(f.report_fd, -1);
}

static void test_pretended_end(void **state)
{
	(void)state;
	struct iso_err err = ISO_ERR_INIT;
	struct artifact_fetch f = worker(NULL, 0, true);
	assert_int_equal(artifact_finish(&f, &artifact, &task, &err), -1);
	assert_non_null(strstr(err.text, "ended by signal 9 without a word"));
}

static void test_progress_then_error(void **state)
{
	(void)state;
	const struct iso_err records[] = {{.fault = ISO_FAULT_NONE, .text = "half"},
		{.fault = ISO_FAULT_NOT_FOUND, .sys = 2, .text = "entry '\033]0;pwn\a'"}};
	struct iso_err err = ISO_ERR_INIT;
	struct artifact_fetch f = worker(records, 2, true);
	assert_int_equal(artifact_finish(&f, &artifact, &task, &err), ARTIFACT_UNDER_WAY);
	assert_int_equal(artifact_finish(&f, &artifact, &task, &err), -1);
	/* whole; who shows it cleans it (base/clean.h) */
	assert_string_equal(err.text, "failed to download artifact: entry '\033]0;pwn\a'");
	/* "command not found" would be an exit status of its own */
	assert_int_equal(err.fault, ISO_FAULT_PROTOCOL);
}

static void test_kill(void **state)
{
	(void)state;
	struct artifact_fetch f = worker(NULL, 0, true), none = ARTIFACT_FETCH_INIT;
	artifact_kill(&f);
	assert_int_equal(f.pid, -1);
	artifact_kill(&f);
	artifact_kill(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_without_words),
		cmocka_unit_test(test_pretended_end),
		cmocka_unit_test(test_progress_then_error),
		cmocka_unit_test(test_kill),
	};
	(void)alarm(20); /* a worker that is waited for is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
