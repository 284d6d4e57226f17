/* What a person sees: prefixes for several tasks, control bytes made visible on a terminal. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/console.h"

enum {
	STREAM_OUT = 1,
	ROOM = 4096
};

struct capture {
	int saved, pipe[2];
};

/* Standard output is turned into a pipe for a moment: what is written is small, nothing blocks. */
static void capture_begin(struct capture *c)
{
	assert_int_equal(pipe2(c->pipe, O_CLOEXEC), 0);
	c->saved = fcntl(STREAM_OUT, F_DUPFD_CLOEXEC, 10);
	assert_true(c->saved >= 0);
	assert_int_equal(dup2(c->pipe[1], STREAM_OUT), STREAM_OUT);
}

static void capture_end(struct capture *c, char *ret)
{
	assert_int_equal(dup2(c->saved, STREAM_OUT), STREAM_OUT);
	assert_int_equal(close(c->saved), 0);
	assert_int_equal(close(c->pipe[1]), 0);
	ssize_t n = read(c->pipe[0], ret, ROOM - 1);
	ret[n > 0 ? n : 0] = '\0';
	assert_int_equal(close(c->pipe[0]), 0);
}

static void print(struct console *c, const struct alloc_task *task, const char *text)
{
	const struct life_watcher w = console_watcher(c);
	w.output(w.context, task, STREAM_OUT, text, strlen(text));
}

static void test_one_task_is_passed_through(void **state)
{
	(void)state;
	struct console c = {.prefixed = false};
	const struct alloc_task a = {.config = {.task_name = "a"}};
	struct capture capture;
	char got[ROOM];
	capture_begin(&capture);
	print(&c, &a, "\033[1mx\033[0m\nhalf");
	capture_end(&capture, got);
	assert_string_equal(got, "\033[1mx\033[0m\nhalf");
}

static void test_lines_of_several_tasks_keep_apart(void **state)
{
	(void)state;
	struct console c = {.prefixed = true};
	const struct alloc_task a = {.config = {.task_name = "a"}},
				b = {.config = {.task_name = "b"}};
	struct capture capture;
	char got[ROOM];
	capture_begin(&capture);
	print(&c, &a, "1\n2");
	print(&c, &a, "2\n");
	print(&c, &a, "half");
	print(&c, &b, "other\n");
	capture_end(&capture, got);
	assert_string_equal(got, "a | 1\na | 22\na | half\nb | other\n");
}

static void test_control_bytes_on_a_terminal(void **state)
{
	(void)state;
	struct console c = {.is_tty = {false, true, true}};
	const struct alloc_task a = {.config = {.task_name = "a"}};
	struct capture capture;
	char got[ROOM];
	capture_begin(&capture);
	print(&c, &a, "\033]0;title\a\tok\xc3\xa4\xc2\x9bm\x7f\n");
	capture_end(&capture, got);
	assert_string_equal(got, "^[]0;title^G\tok\xc3\xa4\\x9bm^?\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_task_is_passed_through),
		cmocka_unit_test(test_lines_of_several_tasks_keep_apart),
		cmocka_unit_test(test_control_bytes_on_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
