/*
 * The state directory as a list, and what a person's words mean in it. STATE/<alloc>/<task>/task is
 * a record (record/record.h), whose lock says whether a supervisor lives; who runs the alloc is
 * told by runner.h. Only looks: nothing is made, ended or adopted here.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "record/record.h"

/* What has become of a task. X(SYMBOL, "name") */
#define STATE_STATUSES(X)                                                                          \
	X(PENDING, "pending")   /* it has a directory and no record yet */                         \
	X(STARTING, "starting") /* its supervisor sets it up */                                    \
	X(RUNNING, "running")                                                                      \
	X(ORPHANED, "orphaned") /* the record says that it runs and nobody supervises it */        \
	X(EXITED, "exited")                                                                        \
	X(FAILED, "failed") /* was never started */                                                \
	X(LOST, "lost")     /* ended by a reboot */                                                \
	X(BROKEN, "broken") /* its record cannot be read: why */
enum state_status {
#define X(symbol, name) STATE_##symbol,
	STATE_STATUSES(X)
#undef X
};
const char *state_status_name(enum state_status status);

struct state_task {
	const char *alloc_id, *name; /* of the directories */
	const char *dir;             /* STATE/<alloc>/<task> */
	enum state_status status;
	const char *why;         /* BROKEN */
	struct record_file file; /* zeros for PENDING and BROKEN */
};

/** state_is_live() - it may have processes: starting, running or orphaned */
bool state_is_live(const struct state_task *task);

struct state_list {
	struct state_task *v; /* by creation, then by name */
	size_t n;
	const char **allocs; /* every alloc directory by name, also those without a task */
	size_t n_allocs;
	const char **unfinished; /* allocs whose removal was interrupted (run/dirs.h) */
	size_t n_unfinished;
};

/**
 * state_list() - every task of a state directory
 * @state_dir: absolute; one that is missing is an empty list
 *
 * Names that no alloc and no task can have are passed over, as is what is no directory. A record
 * that cannot be read is a task of its own: BROKEN. Return: 0; -1 with ISO_FAULT_SYSTEM.
 */
iso_must_use int state_list(
	struct arena *arena, const char *state_dir, struct state_list *ret, struct iso_err *err);

/** state_read() - look at one task again: status, why and file are as they are now */
void state_read(struct arena *arena, struct state_task *task);

enum state_want {
	STATE_WANT_TASK,  /* one task */
	STATE_WANT_ALLOC, /* tasks of one alloc */
	STATE_WANT_ANY,   /* tasks of one alloc or of all allocs of a job */
};
struct state_match {
	struct state_task **v;
	size_t n; /* at least 1 */
};

/**
 * state_find() - what is meant by "ALLOC", "ALLOC/TASK", "ALLOC" and "TASK", or a job's name
 * @alloc: an alloc id, a job's name (its "/TASK" too), or the beginning of an alloc id, in this
 *         order; @task: NULL = not said, or said in @alloc
 *
 * Where one alloc is wanted, a job means its only alloc, or the only one of them that is live.
 * Return: 0; -1 with ISO_FAULT_INPUT: unknown, ambiguous (with the candidates), or which task.
 */
iso_must_use int state_find(struct arena *arena, const struct state_list *list, const char *alloc,
	const char *task, enum state_want want, struct state_match *ret, struct iso_err *err);

#endif
