/*
 * Doing what the plan says. A supervisor applies the OUTSIDE steps up to CLONE; its child applies
 * the rest and ends in execve. Only apply/ changes namespaces, mounts, cgroups and credentials.
 */
#ifndef APPLY_APPLY_H
#define APPLY_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ctl/session.h"
#include "steps/steps.h"

/*
 * What the child has made in the task directory, for cleaning afterwards: in a page shared with the
 * supervisor, which believes only the numbers: the path is the plan's own string up to a length.
 */
struct made {
	uint32_t step;
	uint16_t prefix; /* bytes of the step's path, without its leading '/' */
	uint8_t is_dir;
	uint8_t pad;
};
enum {
	MAX_MADE = 500,
	MAX_MOUNT_IDS = 256
};
struct made_list {
	uint32_t n;
	struct made v[MAX_MADE];
};

/* A layer of whiteouts that is just being made, in the task's state directory. */
#define APPLY_LAYER_NAME "layer"

struct apply {
	const struct steps *steps;
	const char *state_dir; /* STATE/<alloc>/<task> */
	uint32_t at;           /* number of the current step */
	int slot[N_SLOTS];     /* -1 = empty */
	int log_read[3];       /* by stream: our end of the FIFO, -1 = none */
	struct made_list *made;
	uint32_t n_cgroups; /* CGROUP_MAKE steps done, for undo */

	/* of the child */
	int root_fd;                       /* the task's root, before the pivot */
	uint64_t mount_ids[MAX_MOUNT_IDS]; /* mounts below which something may be attached */
	unsigned n_mount_ids;
	uint64_t root_mount_id;
	const char *command; /* found by COMMAND, in the plan's strings */
	bool keeps_caps;

	/* of an exec session; NULL: the task itself */
	const struct apply_session *session;

	/* answer of CLONE */
	int pidfd;
	int child_pid;
	int error_pipe; /* parent: read end; child: write end */
	bool is_child;
};

/* What a session brings with it; descriptors are borrowed. */
struct apply_session {
	struct session_request request;
	int asker;     /* its connection: REPORT_SESSION goes there */
	bool tty;      /* a terminal of the task's own devpts, else: */
	int stream[3]; /* the asker's */
};

typedef int apply_fn(struct apply *a, const struct step *s, struct iso_err *err);

/* One function a step, by the list in steps/ops.h: apply_CGROUP_MAKE, ... */
#define X(symbol, ...) apply_fn apply_##symbol;
ISO_STEP_OPS(X)
#undef X

/** apply_init() - nothing done yet; @state_dir, @made (a shared page): borrowed */
void apply_init(struct apply *a, const struct steps *steps, const char *state_dir,
	struct made_list *made, int secrets_fd);

/**
 * apply_run() - steps from a->at on, up to and including CLONE (in the supervisor), or to the end
 * (in the child, where it returns only with an error)
 *
 * Return: 0; -1 with the step's words in front of the error.
 */
iso_must_use int apply_run(struct apply *a, struct iso_err *err);

/**
 * apply_session_fork() - a process in the task's namespaces and cgroups: a child of the caller's
 * @a: of the running task: pidfd, slots of its cgroups
 *
 * Return: 0 twice: in the caller with the child's pid (host's pid namespace) in *ret_pid, and in
 * the child with 0 as soon as the caller gives *ret_go to apply_session_go(); if that is closed
 * instead, the child ends. -1: there is none.
 */
iso_must_use int apply_session_fork(
	const struct apply *a, int *ret_pid, int *ret_go, struct iso_err *err);
/** apply_session_go() - consumes @go */
iso_must_use int apply_session_go(int *go, struct iso_err *err);

/**
 * apply_session_run() - in that child: the steps that sessions take, then execve
 * Return: -1, always: what failed; fault as for a task's own command.
 */
iso_must_use int apply_session_run(
	struct apply *a, const struct apply_session *session, struct iso_err *err);

/* For apply/ only: what STDIO and EXEC are in a session. */
iso_must_use int session_stream(
	struct apply *a, int stream, const struct step *s, struct iso_err *err);
iso_must_use int session_exec(struct apply *a, const struct step *s, struct iso_err *err);

/* What the child sends when a step fails: one write, smaller than PIPE_BUF. End of file: execve
 * succeeded. */
struct apply_failure {
	uint32_t step;
	struct iso_err err;
};

/**
 * apply_undo() - remove what was made outside and in the task directory, newest first
 *
 * What is in use by others or not what was made stays: it is the task's or somebody else's. Return:
 * true: nothing of ours is left; false: something could not be removed, which another try may.
 */
bool apply_undo(const struct apply *a);

/** apply_task_dir() - the task's directory on the host, from the plan; "" = none */
const char *apply_task_dir(const struct apply *a);

/* slots */
int apply_from(const struct apply *a, const struct step *s);
void apply_to(struct apply *a, const struct step *s, int fd);

#endif
