/*
 * The runner of a detached alloc: one process that restarts its tasks, fetches artifacts again,
 * ends siblings. Supervisors own the tasks, so they do not need it to live: when it is killed they
 * go on, and the next command that looks at the alloc starts it again from
 * STATE/<alloc>/alloc.json. It holds a lock on that file (fcntl(2): the kernel tells whose); when
 * it has nothing left to decide it ends.
 */
#ifndef ALLOC_RUNNER_H
#define ALLOC_RUNNER_H

#include <sys/types.h>

#include "run/isoexec.h"
#include "task/alloc_spec.h"

/** runner_save() - STATE/<alloc>/alloc.json, made with its directory. Return: 0 or -1 */
iso_must_use int runner_save(const struct alloc_spec *spec, struct iso_err *err);

/** runner_spawn() - start one for the alloc of @state_dir (STATE/<alloc>), in a session of its own.
 * @tell_fd: gets a line of JSON an event until every task is started or given up; -1 = nobody. It
 * is the caller's child. */
iso_must_use int runner_spawn(
	const char *state_dir, int tell_fd, pid_t *ret_pid, struct iso_err *err);

/**
 * runner_main() - be it
 * Return: 0; -1: it could not begin (another one runs: ISO_FAULT_LIMIT).
 */
iso_must_use int runner_main(const char *state_dir, int tell_fd, struct iso_err *err);

enum {
	RUNNER_NONE = 1, /* nobody runs the alloc */
};
/** runner_find() - a pidfd of the alloc's runner. Return: 0; RUNNER_NONE; -1 */
iso_must_use int runner_find(const char *state_dir, int *ret_pidfd, struct iso_err *err);

#endif
