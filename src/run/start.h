/*
 * Starting a task: hand a finished plan to a supervisor and hold its ends. Nothing is cloned in the
 * caller: the supervisor is a small static program of its own, started with posix_spawn.
 */
#ifndef RUN_START_H
#define RUN_START_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "ctl/report.h"

/* What the starter holds of a running supervisor. */
struct run_task {
	pid_t supervisor;   /* our child until run_reap() */
	int report_fd;      /* SOCK_SEQPACKET, ctl/report.h */
	int out_fd, err_fd; /* read ends of the console pipes, -1 = none */
};

#define RUN_TASK_INIT                                                                              \
	{                                                                                          \
		.supervisor = -1, .report_fd = -1, .out_fd = -1, .err_fd = -1                      \
	}

/** run_task_done() - close the descriptors; the supervisor and the task go on */
void run_task_done(struct run_task *task);

struct run_start_in {
	const struct buf *plan;
	bool console;   /* make pipes for a copy of the output */
	int secrets_fd; /* detached tmpfs, borrowed; -1 = none */
};

/**
 * run_start() - spawn a supervisor for @in->plan
 *
 * Returns as soon as the supervisor runs; whether the task does is told by the first report.
 * Return: 0; -1 nothing runs.
 */
iso_must_use int run_start(
	const struct run_start_in *in, struct run_task *ret, struct iso_err *err);

/** run_reap() - wait for the supervisor's own end (after end of file on report_fd it comes at once)
 */
void run_reap(struct run_task *task);

#endif
