/* Several tasks that were asked to end, followed at once until they have (stop, restart). */
#ifndef CLI_ENDING_H
#define CLI_ENDING_H

#include "cli/tasks.h"

struct ending {
	struct state_task *which;
	struct iso_task *task; /* NULL: it had ended before it could be asked */
	bool ended, gone;
};

struct ending_how {
	int signal;        /* 0 = the task's kill_signal */
	uint64_t grace_ms; /* ISO_GRACE_DEFAULT */
	bool restart;
};

/**
 * ending_ask() - attach and ask; a task that has ended meanwhile is no error
 * Return: 0; -1: it is not known to end. @e is for ending_done() either way.
 */
iso_must_use int ending_ask(
	const struct tasks *t, struct ending *e, const struct ending_how *how, struct iso_err *err);

/** ending_wait() - until all have ended; says on standard output how, one line each */
iso_must_use int ending_wait(
	const struct tasks *t, struct ending *list, size_t n, struct iso_err *err);
void ending_done(struct ending *list, size_t n);

#endif
