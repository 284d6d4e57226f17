/*
 * Artifacts of a task: what goes to isoexec-fetch, the only program of ours that reads bytes from
 * the network or unpacks archives, and what comes back. Several artifacts are fetched one after the
 * other.
 */
#ifndef ALLOC_ARTIFACT_H
#define ALLOC_ARTIFACT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "host/facts.h"
#include "task/alloc_spec.h"

/* One fetch under way. */
struct artifact_fetch {
	pid_t pid;     /* our child, -1 = none */
	int report_fd; /* readable when it says something or has ended */
	bool shown;    /* its progress stands on our terminal */
};

/* Answer of artifact_finish(). */
enum {
	ARTIFACT_UNDER_WAY = 1
};

#define ARTIFACT_FETCH_INIT                                                                        \
	{                                                                                          \
		.pid = -1, .report_fd = -1                                                         \
	}

/**
 * artifact_start() - open (and make) the destination below the task directory without following
 * links, start a fetch
 * @secrets_fd: tmpfs of the task; a destination below secrets/ goes there
 *
 * Return: 0; -1 nothing runs.
 */
iso_must_use int artifact_start(const struct task_artifact *artifact,
	const struct task_config *task, const struct host_facts *facts, int secrets_fd,
	struct artifact_fetch *ret, struct iso_err *err);

/**
 * artifact_finish() - take what it says: progress goes to standard error, if that is a terminal; an
 * error or the end: reap
 *
 * Return: 0 the artifact is there; ARTIFACT_UNDER_WAY not yet; -1 its error.
 */
iso_must_use int artifact_finish(struct artifact_fetch *fetch, const struct task_artifact *artifact,
	const struct task_config *task, struct iso_err *err);

/** artifact_kill() - end a fetch under way and reap it */
void artifact_kill(struct artifact_fetch *fetch);

#endif
