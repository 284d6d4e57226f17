/* Running the tasks of one or more allocs in the foreground until all have ended. */
#ifndef ALLOC_ALLOC_RUN_H
#define ALLOC_ALLOC_RUN_H

#include "alloc/life.h"

struct alloc_run_in {
	struct alloc_spec *const *allocs;
	size_t n_allocs;
	struct iso_machine *machine;
	const struct life_watcher *watcher;
	bool keep; /* leave the alloc directories */
	/* Detached: tasks that run already are attached to; output goes to the log files only;
	 * nothing is removed; returns as soon as there is nothing left to decide, tasks may still
	 * run. */
	bool detached;
	/* called once when no task is on its way any more: each runs or is given up; NULL = nobody
	 */
	void (*settled)(void *context);
	void *context;
};

/**
 * alloc_run() - check every task, then start them all and wait
 *
 * Blocks SIGINT, SIGTERM, SIGHUP, SIGQUIT for the process and reads them: the first stops the tasks
 * with their kill_signal, a second one kills at once. A task that fails ends its siblings, a leader
 * that ends does too.
 * @ret_status: one task: its exit status; several: 0 when all completed, else 1.
 * Return: 0; -1: nothing was started, nothing is left behind.
 */
iso_must_use int alloc_run(
	struct arena *arena, const struct alloc_run_in *in, int *ret_status, struct iso_err *err);

#endif
