/*
 * What the commands that look at or act on tasks have in common: where the state directory is, the
 * list of its tasks, what the person's words mean in it, and how errors end.
 */
#ifndef CLI_TASKS_H
#define CLI_TASKS_H

#include "cli/command.h"
#include "cli/options.h"
#include "run/isoexec.h"
#include "state/state.h"

/* First member of every such command's options. */
struct tasks_options {
	const char *state_dir;
};
extern const struct option_table tasks_options; /* state-dir */

struct tasks {
	struct arena *arena; /* set by the command */
	const char *state_dir;
	struct arguments arguments;
	struct state_list list;
};

/**
 * tasks_begin() - from the words of the command line to the list of the state directory
 * @options: the command's own, which begin with a struct tasks_options; filled by self->tables
 *
 * Return: 0; -1: wrong usage, not root, or the directory cannot be read.
 */
iso_must_use int tasks_begin(struct tasks *t, const struct command *self, char **argv, size_t argc,
	void *options, struct iso_err *err);

/** tasks_open() - (the second half of it) @t->arguments is there */
iso_must_use int tasks_open(struct tasks *t, const struct command *self,
	const struct tasks_options *options, struct iso_err *err);

/** tasks_find() - state_find() for the words of a command line: ALLOC, ALLOC/TASK, or ALLOC TASK.
 * More words are an error. */
iso_must_use int tasks_find(
	const struct tasks *t, enum state_want want, struct state_match *ret, struct iso_err *err);

/** tasks_one() - the only one of tasks_find(), attached to */
iso_must_use int tasks_one(const struct tasks *t, struct state_task **ret,
	struct iso_task **ret_attached, struct iso_err *err);

/** tasks_attach() - attach_dir(); the task's name is in the error */
iso_must_use int tasks_attach(const struct tasks *t, const struct state_task *task,
	struct iso_task **ret, struct iso_err *err);

/** tasks_settle() - an orphan gets a supervisor again; look at the task again. What went wrong is
 * said on stderr. */
void tasks_settle(const struct tasks *t, struct state_task *task);

/** tasks_signal() - "SIGHUP", "HUP" or "hup". Return: 0; -1 with ISO_FAULT_INPUT */
iso_must_use int tasks_signal(const char *name, int *ret, struct iso_err *err);
/** tasks_duration() - "300ms", "1m30s", or seconds. Return: 0; -1 with ISO_FAULT_INPUT */
iso_must_use int tasks_duration(
	const char *option, const char *text, uint64_t *ret_ms, struct iso_err *err);

/** tasks_short() - the beginning of an alloc id, at least 8 characters and as many as it takes */
const char *tasks_short(const struct tasks *t, const char *alloc_id);
/** tasks_label() - "1a2b3c4d/main" */
const char *tasks_label(const struct tasks *t, const struct state_task *task);
/** tasks_alloc_state_dir() - STATE/<alloc> */
const char *tasks_alloc_state_dir(const struct tasks *t, const char *alloc_id);

/** tasks_fail() - say what is wrong. Return: EXIT_USAGE for what the person wrote, else EXIT_FAILED
 */
int tasks_fail(const struct iso_err *err);

#endif
