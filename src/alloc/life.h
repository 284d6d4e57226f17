/*
 * The life of one task of an alloc, as this runner drives it:
 *
 *   PENDING --start--> FETCHING (each artifact) --> STARTING --REPORT_STARTED--> RUNNING
 * --REPORT_EXITED--> CLEANING --end of file--> DEAD |                            | |
 *                         +--REPORT_FAILED--> CLEANING +--stop--> (same, no restart)   restart
 * policy says again: WAITING --timer--> STARTING
 */
#ifndef ALLOC_LIFE_H
#define ALLOC_LIFE_H

#include "alloc/artifact.h"
#include "alloc/restart.h"
#include "run/isoexec.h"
#include "task/alloc_spec.h"

enum life_state {
	LIFE_PENDING,
	LIFE_FETCHING,
	LIFE_STARTING,
	LIFE_RUNNING,
	LIFE_CLEANING,
	LIFE_WAITING,
	LIFE_DEAD
};

enum life_event {
	LIFE_EV_WARNING,
	LIFE_EV_ARTIFACT,
	LIFE_EV_STARTED,
	LIFE_EV_EXITED,
	LIFE_EV_EXIT_UNKNOWN, /* also an exit; without it the 125 of `run` would be unexplained */
	LIFE_EV_OOM,
	LIFE_EV_KILLED,
	LIFE_EV_LOG_DROPPED,
	LIFE_EV_RESTARTING,
	LIFE_EV_NOT_RESTARTING,
	LIFE_EV_FAILED, /* could not be started */
};

struct life_watcher {
	void *context;
	/* @stream 1 or 2; may block (backpressure reaches the task) */
	void (*output)(void *context, const struct alloc_task *task, int stream, const char *data,
		size_t len);
	void (*event)(void *context, const struct alloc_task *task, enum life_event event,
		const char *text);
};

/* What the runner wants of a life. */
struct life_how {
	bool console, keep; /* as in struct life */
};

struct life {
	const struct alloc_task *task;
	struct iso_machine *machine;
	const struct life_watcher *watcher;
	enum life_state state;
	struct iso_config *config;
	struct iso_prepared *prepared; /* the first before anything is made */
	bool console;                  /* copies of the output for the watcher */
	bool keep;                     /* its directories stay when it has ended */
	bool stale;                    /* the task directory may have changed since */
	int secrets_fd;
	int hold_fd;          /* nobody sweeps the alloc while it is open */
	struct iso_task *run; /* NULL = no supervisor */
	uint32_t n_starts;
	struct restart_history history;
	uint64_t wake_ms; /* WAITING: when */
	struct artifact_fetch fetch;
	size_t n_fetched; /* artifacts that are there */
	bool stop_asked, restart_asked, failed;
	int exit_code; /* of the last run; 125..127 when it could not be started */
};

/**
 * life_init() - facts and plan; touches nothing on the machine
 * Return: 0; -1: the task may not or cannot run here, nothing was made.
 */
iso_must_use int life_init(struct life *l, const struct alloc_task *task,
	struct iso_machine *machine, const struct life_watcher *watcher, const struct life_how *how,
	struct iso_err *err);
void life_done(struct life *l);

/** life_begin() - life_start(), or with @resume go on with what an earlier runner has started */
void life_begin(struct life *l, uint64_t now_ms, bool resume);
/** life_may_restart() - would its end be followed by another start? */
bool life_may_restart(const struct life *l);
/** life_start() - directories, then the first missing artifact or the supervisor; failure: restart
 * policy */
void life_start(struct life *l, uint64_t now_ms);
/** life_on_fetch() - the fetch has ended: next artifact, or the supervisor */
void life_on_fetch(struct life *l, uint64_t now_ms);
/** life_on_report() - the supervisor's descriptor is readable */
void life_on_report(struct life *l, uint64_t now_ms);
/** life_on_output() - a console pipe is readable; closes it at its end. @stream 1 or 2 */
void life_on_output(struct life *l, int stream);
/** life_stop() - stop the task and never start it again; @at_once: no grace */
void life_stop(struct life *l, bool at_once);

#endif
