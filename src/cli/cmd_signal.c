/* isoexec signal: one signal to the main process of a task. */
#include "cli/tasks.h"

struct signal_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	const char *signal;
};

static const struct option own[] = {
	{"s", OPTION_STRING, offsetof(struct signal_options, signal), "SIGNAL",
		"its name, as SIGHUP"},
};
static const struct option_table own_options = {own, iso_len(own)};

static int send(const struct tasks *t, const struct signal_options *o, struct iso_err *err)
{
	struct state_task *which;
	struct iso_task *task;
	int number;

	if (!o->signal)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "missing '-s SIGNAL'");
	if (tasks_signal(o->signal, &number, err) || tasks_one(t, &which, &task, err))
		return -1;
	int r = iso_signal(task, number, err);
	(void)iso_task_free(task);
	return r ? iso_err_in(err, "task '%s'", tasks_label(t, which)) : 0;
}

static int main_signal(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct signal_options o = {.signal = NULL};
	struct tasks t = {.arena = arena};

	if (tasks_begin(&t, self, argv, argc, &o, &err) || send(&t, &o, &err))
		return tasks_fail(&err);
	return EXIT_OK;
}

const struct command cmd_signal = {
	.name = "signal",
	.usage = "-s SIGNAL ALLOC[/TASK]",
	.summary = "send a signal to a task's main process",
	.main = main_signal,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
