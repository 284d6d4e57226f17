/* isoexec restart: a task is ended and its alloc's runner starts it again. */
#include "cli/ending.h"
#include "state/runner.h"

struct restart_options {
	struct tasks_options tasks;
};

/* Ending a task that nobody would start again is what stop is for. */
static int restart(const struct tasks *t, struct iso_err *err)
{
	const struct ending_how how = {.grace_ms = ISO_GRACE_DEFAULT, .restart = true};
	struct state_match match;

	if (tasks_find(t, STATE_WANT_TASK, &match, err))
		return -1;
	struct ending e = {.which = match.v[0]};
	if (!state_runner_pid(tasks_alloc_state_dir(t, e.which->alloc_id)))
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"task '%s' cannot be restarted: the process that ran its alloc has ended, "
			"so nobody would start it again (the task was left alone)",
			tasks_label(t, e.which));
	if (!state_is_live(e.which))
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"task '%s' does not run: its runner starts it again by its restart policy",
			tasks_label(t, e.which));
	int r = ending_ask(t, &e, &how, err);
	if (!r)
		r = ending_wait(t, &e, 1, err);
	ending_done(&e, 1);
	return r;
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
