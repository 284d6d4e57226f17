/* What a person sees: prefixes for several tasks, control bytes made visible on a terminal. And
 * that a reader who stalls does not keep the loop from its signals. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/console.h"

enum {
	STREAM_OUT = 1,
	STREAM_ERR = 2,
	PIECE = 1000,
	MOST = 1024 * 1024 /* beyond what a pipe or a socket holds */
};

static const struct alloc_task task_a = {.config = {.task_name = "a"}},
			       task_b = {.config = {.task_name = "b"}};

/* Standard output or error is turned into a pipe (or a pair of sockets) for a while. */
struct capture {
	int stream, saved, end[2];
};

static void capture_end_of(struct capture *c, int stream, const int end[2])
{
	*c = (struct capture){.stream = stream, .end = {end[0], end[1]}};
	c->saved = fcntl(stream, F_DUPFD_CLOEXEC, 10);
	assert_true(c->saved >= 0);
	assert_int_equal(dup2(end[1], stream), stream);
	assert_int_equal(close(end[1]), 0);
	assert_int_equal(fcntl(end[0], F_SETFL, O_NONBLOCK), 0);
}

static void capture_begin(struct capture *c, int stream)
{
	int end[2];
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	capture_end_of(c, stream, end);
}

/* All that is there now. */
static size_t capture_read(struct capture *c, char *ret, size_t room)
{
	size_t len = 0;
	ssize_t n;

	while (len < room && (n = read(c->end[0], ret + len, room - len)) > 0)
		len += (size_t)n;
	return len;
}

static void capture_end(struct capture *c)
{
	assert_int_equal(dup2(c->saved, c->stream), c->stream);
	assert_int_equal(close(c->saved), 0);
	assert_int_equal(close(c->end[0]), 0);
}

static void output(struct console *c, const struct alloc_task *task, const char *data, size_t len)
{
	const struct life_watcher w = console_watcher(c);
	w.output(w.context, task, STREAM_OUT, data, len);
}

struct piece {
	const struct alloc_task *task;
	const char *text;
};

struct showing {
	size_t n_tasks;
	bool is_tty, raw;
	struct piece pieces[6];
	const char *want;
};

static void show(const struct showing *s)
{
	struct console c;
	struct capture capture;
	char got[4096] = {0};

	capture_begin(&capture, STREAM_OUT);
	console_init(&c, 1, s->n_tasks, false, s->raw);
	c.stream[STREAM_OUT].is_tty = s->is_tty;
	for (size_t i = 0; i < iso_len(s->pieces) && s->pieces[i].text; i++)
		output(&c, s->pieces[i].task, s->pieces[i].text, strlen(s->pieces[i].text));
	console_done(&c);
	(void)capture_read(&capture, got, sizeof(got) - 1);
	capture_end(&capture);
	assert_string_equal(got, s->want);
}

static void test_output(void **state)
{
	(void)state;
	static const struct showing cases[] = {
		/* one task into a pipe: as it is */
		{1, false, false, {{&task_a, "\033[1mx\033[0m\nhalf"}}, "\033[1mx\033[0m\nhalf"},
		/* lines of several tasks keep apart */
		{2, false, false,
			{{&task_a, "1\n2"}, {&task_a, "2\n"}, {&task_a, "half"},
				{&task_b, "other\n"}},
			"a | 1\na | 22\na | half\nb | other\n"},
		/* a terminal is not steered: escape sequences, C1 as UTF-8 and as bytes, also in
		 * pieces */
		{1, true, false, {{&task_a, "\033]0;title\a\tok\xc3\xa4\xc2\x9bm\x7f\n"}},
			"^[]0;title^G\tok\xc3\xa4\\x9bm^?\n"},
		{1, true, false,
			{{&task_a, "x\xc2"}, {&task_a, "\x9b"
						       "2J\n"}},
			"x\\x9b2J\n"},
		{1, true, false,
			{{&task_a, "\x9b"
				   "2J\n"}},
			"\\x9b2J\n"},
		{1, true, false, {{&task_a, "\xe2\x82"}, {&task_a, "\xac\n"}}, "\xe2\x82\xac\n"},
		{1, true, false, {{&task_a, "end\xe2\x82"}}, "end\\xe2\\x82"},
		/* nor are our lines overwritten */
		{2, true, false, {{&task_a, "x\rforged"}, {&task_a, "\r"}, {&task_a, "\n"}},
			"a | x^Mforged\r\n"},
		/* halves of two tasks do not meet */
		{2, true, false,
			{{&task_a, "x\xc2"}, {&task_b, "\x9b"
						       "2J\n"}},
			"a | x\\xc2\nb | \\x9b2J\n"},
		/* unless a person wants it */
		{1, true, true, {{&task_a, "\033[1mx\r\xc2\x9b"}}, "\033[1mx\r\xc2\x9b"},
	};
	for (size_t i = 0; i < iso_len(cases); i++)
		show(&cases[i]);
}

static void test_events_are_one_line(void **state)
{
	(void)state;
	struct console c;
	struct capture capture;
	char got[4096] = {0};

	capture_begin(&capture, STREAM_ERR);
	console_init(&c, 1, 1, false, true); /* raw is said of the task's output only */
	const struct life_watcher w = console_watcher(&c);
	w.event(w.context, &task_a, LIFE_EV_FAILED,
		"find '/x\033]0;pwn\a': no\nisoexec: task 'b': exited with status 0 \x9b");
	console_done(&c);
	(void)capture_read(&capture, got, sizeof(got) - 1);
	capture_end(&capture);
	assert_string_equal(got, "isoexec: task 'a': find '/x^[]0;pwn^G': no^Jisoexec: task 'b': "
				 "exited with status 0 \\x9b\n");
}

/* ---- a reader that stalls ---- */

static void signal_waits(sigset_t *old)
{
	sigset_t set;

	assert_int_equal(sigemptyset(&set), 0);
	assert_int_equal(sigaddset(&set, SIGTERM), 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, old), 0);
	assert_int_equal(raise(SIGTERM), 0);
}

static void signal_is_read(const sigset_t *old)
{
	sigset_t set;
	int signal;

	assert_int_equal(sigemptyset(&set), 0);
	assert_int_equal(sigaddset(&set, SIGTERM), 0);
	assert_int_equal(sigwait(&set, &signal), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, old, NULL), 0);
}

/* Piece after piece, until one does not fit. Returns how many. */
static size_t fill(struct console *c, const char *piece)
{
	size_t n = 0;

	for (; c->stream[STREAM_OUT].outlet.state == OUTLET_OPEN &&
		!c->stream[STREAM_OUT].outlet.pending.len;
		n++)
		output(c, &task_a, piece, PIECE);
	return n;
}

static void stall(const int end[2])
{
	static char got[MOST];
	char piece[PIECE];
	struct console c;
	struct capture capture;
	sigset_t old;

	for (size_t i = 0; i < PIECE; i++)
		piece[i] = (char)('a' + i % 26);
	(void)alarm(60); /* the guard: before, this never came back */
	capture_end_of(&capture, STREAM_OUT, end);
	int flags = fcntl(STREAM_OUT, F_GETFL);
	console_init(&c, 1, 1, false, false);
	const struct outlet *o = &c.stream[STREAM_OUT].outlet;
	signal_waits(&old);
	size_t want = fill(&c, piece) * PIECE;
	assert_int_equal(o->state, OUTLET_OPEN);
	signal_is_read(&old);

	/* nothing is lost when the reader goes on */
	size_t len = capture_read(&capture, got, sizeof(got));
	output(&c, &task_a, "", 0);
	assert_int_equal(o->pending.len, 0);
	len += capture_read(&capture, got + len, sizeof(got) - len);
	assert_int_equal(len, want);
	for (size_t i = 0; i < want; i += PIECE)
		assert_memory_equal(got + i, piece, PIECE);

	/* and when it does not, it is not waited for */
	(void)fill(&c, piece);
	assert_int_equal(o->state, OUTLET_GIVEN_UP);
	output(&c, &task_a, piece, PIECE);
	assert_int_equal(o->pending.len, 0);
	console_done(&c);
	assert_int_equal(fcntl(STREAM_OUT, F_GETFL), flags); /* others use it too */
	capture_end(&capture);
	(void)alarm(0);
}

static void test_a_reader_that_stalls(void **state)
{
	(void)state;
	int end[2];
	struct capture quiet;

	capture_begin(&quiet, STREAM_ERR); /* for the warning */
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	stall(end);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end), 0);
	stall(end);
	char told[4096] = {0};
	(void)capture_read(&quiet, told, sizeof(told) - 1);
	capture_end(&quiet);
	assert_non_null(strstr(told, "warning: nobody reads the standard output"));
}

static void test_a_reader_that_is_gone(void **state)
{
	(void)state;
	struct console c;
	struct capture capture;
	int end[2];

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	capture_end_of(&capture, STREAM_OUT, end);
	console_init(&c, 1, 1, false, false);
	assert_int_equal(close(capture.end[0]), 0);
	output(&c, &task_a, "x", 1);
	assert_int_equal(c.stream[STREAM_OUT].outlet.state, OUTLET_CLOSED);
	output(&c, &task_a, "x", 1);
	console_done(&c);
	capture.end[0] = fcntl(STREAM_ERR, F_DUPFD_CLOEXEC, 10);
	capture_end(&capture);
	(void)signal(SIGPIPE, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_events_are_one_line),
		cmocka_unit_test(test_a_reader_that_stalls),
		cmocka_unit_test(test_a_reader_that_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
