/*
 * Who starts the tasks of an alloc again. Whoever runs an alloc holds a shared flock(2) on
 * STATE/<alloc> (run/sweep.h); a detached runner also holds a lock on STATE/<alloc>/alloc.json
 * (fcntl(2): the kernel tells whose), from which it can be started again when it is killed. Without
 * a runner the tasks go on, but nobody restarts them and nobody removes what they leave.
 */
#ifndef STATE_RUNNER_H
#define STATE_RUNNER_H

#include <stdbool.h>
#include <sys/types.h>

struct state_runner {
	bool lives;
	bool detached; /* it can be started again */
	pid_t pid;     /* of a detached one that lives, in our pid namespace; else 0 */
};
/** state_runner() - @alloc_state_dir: STATE/<alloc>. What is not there says no. */
void state_runner(const char *alloc_state_dir, struct state_runner *ret);

/** state_runner_exclude() - as long as the descriptor is open nobody becomes the alloc's runner:
 * for who removes its directories. Return: fd; -1: somebody runs it, or it is gone */
int state_runner_exclude(const char *alloc_state_dir);

#endif
