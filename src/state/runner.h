/*
 * Who starts the tasks of an alloc again. A runner holds a lock (fcntl(2): the kernel tells whose)
 * on STATE/<alloc>/alloc.json for as long as it lives. Without one an alloc's tasks go on, but
 * nobody restarts them and nobody removes what they leave.
 */
#ifndef STATE_RUNNER_H
#define STATE_RUNNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define STATE_RUNNER_FILE "alloc.json"

enum {
	STATE_RUNNER_HELD = 1
};
/**
 * state_runner_hold() - become the runner of an alloc; the file is made when it is missing
 * @alloc_state_dir: STATE/<alloc>, which exists
 *
 * The lock is the process's: it goes with the first descriptor of the file that the process closes
 * (fcntl(2)), not only with *ret_fd. Return: 0; STATE_RUNNER_HELD: somebody else is; -1.
 */
iso_must_use int state_runner_hold(const char *alloc_state_dir, int *ret_fd, struct iso_err *err);

/** state_runner_pid() - who is the runner, in our pid namespace; 0: nobody. The caller itself is
 * never told. */
pid_t state_runner_pid(const char *alloc_state_dir);

#endif
