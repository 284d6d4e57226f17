/* isoexec restart: a task is ended and its alloc's runner starts it again. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "alloc/runner.h"
#include "base/own.h"
#include "cli/ending.h"
#include "cli/tell.h"
#include "state/runner.h"

enum {
	WAIT_NS = 5000000,
	WAIT_TRIES = 2000 /* ten seconds */
};

struct restart_options {
	struct tasks_options tasks;
};

/* A detached runner that had nothing left to decide has ended: it finds what to do in the task's
 * record. Until it has done it, it holds the pipe. */
static int call_runner(const struct tasks *t, struct state_task *which, struct iso_err *err)
{
	int pipe[2];
	char data[512];
	pid_t runner;

	if (pipe2(pipe, O_CLOEXEC))
		return iso_err_sys(err, "make a pipe");
	own_fd read_end = pipe[0];
	own_fd write_end = pipe[1];
	if (runner_spawn(tasks_alloc_state_dir(t, which->alloc_id), write_end, &runner, err))
		return -1;
	write_end = fd_close(write_end);
	for (ssize_t n = 1; n > 0 || (n < 0 && errno == EINTR);)
		n = read(read_end, data, sizeof(data));
	state_read(t->arena, which);
	if (state_is_live(which))
		return 0;
	return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
		"task '%s' was ended and not started again: %s", tasks_label(t, which),
		tell_status(t->arena, which));
}

/* A runner that lived when it was asked for may have been about to end, with nothing left to
 * decide; it does not see the end then. Whoever starts the task again, it runs when this returns.
 */
static int wait_for_runner(const struct tasks *t, struct state_task *which, struct iso_err *err)
{
	const struct timespec a_while = {.tv_nsec = WAIT_NS};

	for (unsigned tries = 0; tries < WAIT_TRIES; tries++) {
		struct state_runner runner;
		state_read(t->arena, which);
		if (state_is_live(which))
			return 0;
		state_runner(tasks_alloc_state_dir(t, which->alloc_id), &runner);
		if (!runner.lives)
			return call_runner(t, which, err);
		(void)nanosleep(&a_while, NULL);
	}
	return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
		"task '%s' was ended and its runner has not started it again yet",
		tasks_label(t, which));
}

/* Ending a task that nobody would start again is what stop is for. */
static int check(
	const struct tasks *t, const struct state_task *s, bool *ret_call, struct iso_err *err)
{
	struct state_runner runner;

	state_runner(tasks_alloc_state_dir(t, s->alloc_id), &runner);
	*ret_call = !runner.lives;
	if (!runner.lives && !runner.detached)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"task '%s' cannot be restarted: the process that ran its alloc has ended, "
			"so nobody would start it again (the task was left alone)",
			tasks_label(t, s));
	if (!state_is_live(s))
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"task '%s' does not run (%s): only its restart policy starts it again",
			tasks_label(t, s), tell_status(t->arena, s));
	return 0;
}

static int restart(const struct tasks *t, struct iso_err *err)
{
	const struct ending_how how = {.grace_ms = ISO_GRACE_DEFAULT, .restart = true};
	struct state_match match;
	bool call;

	if (tasks_find(t, STATE_WANT_TASK, &match, err) || check(t, match.v[0], &call, err))
		return -1;
	struct ending e = {.which = match.v[0]};
	int r = ending_ask(t, &e, &how, err);
	if (!r)
		r = ending_wait(t, &e, 1, err);
	ending_done(&e, 1);
	if (r)
		return r;
	return call ? call_runner(t, e.which, err) : wait_for_runner(t, e.which, err);
}

static int main_restart(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct restart_options o = {.tasks = {.state_dir = NULL}};
	struct tasks t = {.arena = arena};

	if (tasks_begin(&t, self, argv, argc, &o, &err) || restart(&t, &err))
		return tasks_fail(&err);
	return EXIT_OK;
}

const struct command cmd_restart = {
	.name = "restart",
	.usage = "ALLOC[/TASK]",
	.summary = "end a task and have it started again",
	.main = main_restart,
	.tables = (const struct option_table *const[]){&tasks_options, NULL},
};
