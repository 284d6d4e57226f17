/* What killed processes of ours have left in a state directory. */
#ifndef RUN_SWEEP_H
#define RUN_SWEEP_H

#include "base/err.h"

/**
 * run_sweep() - one look at every task of @state_dir
 *
 * A task that nobody supervises gets a supervisor: it goes on, or is cleaned up and its record says
 * how it ended. An alloc of a foreground run that nobody runs any more and whose tasks have ended
 * is removed, with its directory below @data_dir. What is in use, broken or not ours stays.
 */
void run_sweep(const char *state_dir, const char *data_dir);

/** run_hold_alloc() - as long as the descriptor is open, nobody sweeps the alloc of the task at
 * STATE/<alloc>/<task>. Return: fd; -1 */
iso_must_use int run_hold_alloc(const char *task_state_dir, struct iso_err *err);

#endif
