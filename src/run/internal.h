/* What the public objects are made of, for run/ and for the layers above that are in this tree. */
#ifndef RUN_INTERNAL_H
#define RUN_INTERNAL_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ctl/report.h"
#include "host/facts.h"
#include "run/isoexec.h"
#include "task/config.h"

struct iso_machine {
	struct arena *arena;
	struct host_facts facts;
};

struct iso_config {
	struct arena *arena;
	struct task_config task;
	const char *state_dir, *data_dir;
	/* lists while they grow */
	struct task_strings args, env, cap_add, cap_drop;
	bool from_inside; /* made by config_from_task(): @task is complete */
};

struct iso_prepared {
	struct arena *arena;
	const struct task_config *task;
	struct host_facts facts;
	struct buf plan;
	const char **warnings; /* ends with NULL */
	bool has_dirs;
};

enum {
	MAX_EARLY = 4 /* STARTED, ADOPTED, EXITED */
};

struct iso_task {
	pid_t supervisor;   /* our child until reaped, -1 = not ours */
	int fd;             /* to the supervisor, -1 = gone */
	int pidfd;          /* the task's, -1 = not yet */
	int out_fd, err_fd; /* read ends of the console pipes, -1 = none */
	char *dir;          /* STATE/<alloc>/<task> */
	bool exited, console;
	unsigned adoptions, cleanings;
	struct iso_err why; /* what the last supervisor that could not take over has said */
	struct iso_event early[MAX_EARLY]; /* came while an answer was waited for */
	unsigned n_early;
};

struct iso_session {
	int fd, terminal;
	bool ended;
	int exit_code;
};

/** config_from_task() - a configuration that somebody else has filled; @task: borrowed */
iso_must_use int config_from_task(
	const struct task_config *task, struct iso_config **ret, struct iso_err *err);

/** run_alloc_id() - a new one: a UUID, version 4 (RFC 9562) */
iso_must_use int run_alloc_id(struct arena *arena, const char **ret, struct iso_err *err);

/** config_finish() - (config.c) what is derived: directories, ids, environment */
iso_must_use int config_finish(struct iso_config *config, struct iso_err *err);

/** prepared_make_dirs() - what iso_start() does first, for who puts something there before */
iso_must_use int prepared_make_dirs(struct iso_prepared *prepared, struct iso_err *err);

/** run_spawn() - a supervisor for the locked task file @file_fd; fills supervisor, fd, pipes of
 * @task. @adopt_pidfd: -1 or the task's. */
struct run_spawn {
	int file_fd;
	bool adopt;
	int pidfd, secrets_fd; /* to pass, -1 = none */
};
iso_must_use int run_spawn(struct iso_task *task, const struct run_spawn *in, struct iso_err *err);

enum {
	RUN_ADOPT_HELD = 1 /* its supervisor lives */
};
/** run_adopt() - a new supervisor for the task of @task->dir whose old one is gone */
iso_must_use int run_adopt(struct iso_task *task, struct iso_err *err);

/** run_ask() - one ask, and its answer of @kind; events on the way are kept for iso_next() */
iso_must_use int run_ask(struct iso_task *task, const struct ctl_ask *ask, uint32_t kind,
	struct ctl_report *ret, struct ctl_fds *ret_fds, struct iso_err *err);

/** run_forget() - nobody will ask for the ended task of STATE/<alloc>/<task> any more: its file and
 * directory go, now or when its supervisor has cleaned up */
iso_must_use int run_forget(const char *dir, struct iso_err *err);

/** run_task_new() - nothing connected yet */
struct iso_task *run_task_new(const char *dir);

enum {
	RUN_TRIES = 1000 /* with run_wait_for_kernel() between them: some seconds */
};
/** run_wait_for_kernel() - a moment, between two looks at what a killed process still holds */
void run_wait_for_kernel(void);

/** run_reap() - the supervisor has closed its end: collect it if it is our child */
void run_reap(struct iso_task *task);

/** run_connect() - to STATE/.../ctl of a directory. Return: fd; -1, errno */
int run_connect(const char *dir);

#endif
