/*
 * libisoexec: run a command isolated by the kernel, follow it, end it.
 *
 *   1. iso_machine_new()                     what this machine offers; once, for many tasks
 *   2. iso_config_new(), iso_config_set()    what runs and what it may do
 *   3. iso_prepare()                         checked and planned; nothing is touched
 *   4. iso_start()                           a supervisor process is started; it owns the task
 *   5. iso_next() or iso_wait()              how it goes on
 *   6. iso_task_free()                       let go of it: the task goes on; iso_stop() ends it
 *
 * iso_attach() finds a running task again, also from another process. Needs root from iso_start()
 * on, and isoexec-supervise beside the calling program or in libexecdir.
 *
 * Every function that can fail takes a struct iso_err last and returns 0, -1 (the error is full) or
 * a documented answer greater than 0. The library never prints, never exits, starts no thread, sets
 * no signal handler and leaves no child behind: it spawns supervisors by posix_spawn and reaps
 * them. (One exception: when memory runs out while a task is planned the process ends with status
 * 125.) One object may be used by one thread at a time. "mem_bytes", "grace_ms": units are in the
 * names. Text of errors: lower case, without a full stop.
 */
#ifndef RUN_ISOEXEC_H
#define RUN_ISOEXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct iso_machine;
struct iso_config;
struct iso_prepared;
struct iso_task;
struct iso_session;

/* ---- 1. the machine ---- */

/**
 * iso_machine_new() - look at the kernel, the cgroup hierarchies and the mounts
 * Return: 0 and an object for iso_machine_free() in *ret; -1 with ISO_FAULT_SYSTEM.
 */
ISO_API iso_must_use int iso_machine_new(struct iso_machine **ret, struct iso_err *err);
/** iso_machine_free() - Return: NULL; NULL is fine */
ISO_API struct iso_machine *iso_machine_free(struct iso_machine *machine);

/* ---- 2. what runs ---- */

/**
 * iso_config_new() - an empty description: user nobody, profile hardened, 300 MB, 100 MHz, kill
 * signal SIGINT, kill timeout 5 s, directories /run/isoexec and /var/lib/isoexec, a random alloc id
 */
ISO_API iso_must_use int iso_config_new(struct iso_config **ret, struct iso_err *err);
ISO_API struct iso_config *iso_config_free(struct iso_config *config);

/**
 * iso_config_set() - one value by name; the last one counts
 * @value: copied
 *
 * Names: command, user, work_dir, pid_mode, ipc_mode (private, host), profile (hardened,
 * compatible), alloc_id, task, job, group, state_dir, data_dir (absolute), cgroup_parent,
 * memory_mb, cpu_mhz, cores ("0-1,3"), pids_max (0 = no limit), kill_signal (name),
 * kill_timeout_ms, log_max_files, log_max_file_mb, logs, writable_root, init, allow_root,
 * allow_host_pid, allow_host_ipc (true, false). Return: 0; -1 with ISO_FAULT_INPUT: unknown name
 * (with a suggestion), or what was expected.
 */
ISO_API iso_must_use int iso_config_set(
	struct iso_config *config, const char *name, const char *value, struct iso_err *err);

/**
 * iso_config_add() - one more value of a list; @value: copied
 *
 * Names: arg, env (NAME=VALUE), cap_add, cap_drop, allow_cap (beyond the operator's defaults),
 * volume (SRC:DST[:ro]).
 */
ISO_API iso_must_use int iso_config_add(
	struct iso_config *config, const char *name, const char *value, struct iso_err *err);

/* ---- 3. plan ---- */

/**
 * iso_prepare() - may the task have what it asks for, and how is it done here
 * @machine, @config: borrowed; must outlive *ret
 *
 * Touches nothing on the machine. *ret serves one start: files of the task may have changed since.
 * Return: 0; -1: ISO_FAULT_INPUT (refused: the text says which option and why) or
 * ISO_FAULT_SYSTEM (this machine lacks something).
 */
ISO_API iso_must_use int iso_prepare(struct iso_machine *machine, struct iso_config *config,
	struct iso_prepared **ret, struct iso_err *err);
ISO_API struct iso_prepared *iso_prepared_free(struct iso_prepared *prepared);
/** iso_prepared_warning() - the @i-th thing that the owner should know, NULL behind the last */
ISO_API const char *iso_prepared_warning(const struct iso_prepared *prepared, size_t i);

/* ---- 4. start ---- */

struct iso_start {
	bool console;      /* copies of the output by pipes: iso_task_output() */
	int secrets_fd;    /* detached tmpfs for /secrets, borrowed; -1: a new empty one */
	uint32_t restarts; /* starts of this task before this one, told by others' listings */
	bool transient;    /* when it has ended and nobody holds it, its directories may be swept */
};
#define ISO_START_INIT                                                                             \
	{                                                                                          \
		.console = false, .secrets_fd = -1, .restarts = 0, .transient = false              \
	}

/**
 * iso_start() - make the directories and the task's record, then start its supervisor
 *
 * Returns as soon as the supervisor runs; whether the task does is told by the first event. From
 * then on the task does not depend on this process.
 * Return: 0; -1: nothing runs, nothing is left but empty directories.
 */
ISO_API iso_must_use int iso_start(struct iso_prepared *prepared, const struct iso_start *how,
	struct iso_task **ret, struct iso_err *err);

/**
 * iso_attach() - a task that runs already
 * @state_dir: NULL = /run/isoexec; @alloc_id: whole; @task: its name
 *
 * A task whose supervisor was killed gets a new one on the way.
 * Return: 0; -1: ISO_FAULT_NOT_FOUND: there is none, or it has ended.
 */
ISO_API iso_must_use int iso_attach(const char *state_dir, const char *alloc_id, const char *task,
	struct iso_task **ret, struct iso_err *err);

/** iso_task_free() - let go; the task goes on. Return: NULL */
ISO_API struct iso_task *iso_task_free(struct iso_task *task);

/* ---- 5. follow ---- */

enum iso_event_kind {
	ISO_EVENT_STARTED = 1, /* execve succeeded; pid */
	ISO_EVENT_FAILED,      /* it could not be started: err; everything is undone */
	ISO_EVENT_EXITED,      /* exit_code ... */
	ISO_EVENT_GONE,        /* nothing of it is left on the machine; the last event */
	ISO_EVENT_ADOPTED, /* its supervisor was killed; a new one has taken over, the same pid */
};

struct iso_event {
	enum iso_event_kind kind;
	int pid;           /* STARTED, ADOPTED */
	int exit_code;     /* 0..255, 128 + signal; -1: unknown */
	int signal;        /* that ended it, 0 = none */
	bool exit_unknown; /* its supervisor was killed and nobody held the task */
	bool forced;       /* killed after kill_timeout */
	bool stop_asked, restart_asked;
	uint32_t oom_kills; /* processes that the kernel's OOM killer ended */
	uint64_t mem_limit_bytes, mem_peak_bytes, log_dropped_bytes;
	uint32_t restarts;  /* starts of this task before the one that the event is of */
	struct iso_err err; /* FAILED */
};

/** iso_task_fd() - poll(2) it for POLLIN, then iso_next(); changes after ISO_EVENT_ADOPTED; -1
 * after ISO_EVENT_GONE */
ISO_API int iso_task_fd(const struct iso_task *task);

/** iso_next() - wait for the next event. Return: 0; -1 */
ISO_API iso_must_use int iso_next(
	struct iso_task *task, struct iso_event *ret, struct iso_err *err);

/** iso_wait() - events up to EXITED or FAILED (then -1 with its error) */
ISO_API iso_must_use int iso_wait(
	struct iso_task *task, struct iso_event *ret, struct iso_err *err);

/** iso_task_output() - read end of a console pipe, @stream 1 or 2; -1 = none; the task's object
 * owns it */
ISO_API int iso_task_output(const struct iso_task *task, int stream);
/** iso_task_output_close() - at its end of file, or when nobody wants it any more */
ISO_API void iso_task_output_close(struct iso_task *task, int stream);

/* ---- 6. act ---- */

/** iso_signal() - to the main process. Source: kill(2); process 1 gets what it has a handler for */
ISO_API iso_must_use int iso_signal(struct iso_task *task, int signal, struct iso_err *err);

#define ISO_GRACE_DEFAULT UINT64_MAX /* kill_timeout of the configuration */
/**
 * iso_stop() - kill_signal (@signal 0) or @signal, @grace_ms later SIGKILL to everything
 * @restart: whoever runs the alloc is to start the task again
 * Returns at once; the end is an event.
 */
ISO_API iso_must_use int iso_stop(
	struct iso_task *task, int signal, uint64_t grace_ms, bool restart, struct iso_err *err);

/**
 * iso_remove() - after ISO_EVENT_GONE or ISO_EVENT_FAILED: the directories of the whole alloc, its
 * logs among them; follows no link that a task has left Return: 0; -1: ISO_FAULT_INPUT: a task of
 * the alloc still runs.
 */
ISO_API iso_must_use int iso_remove(struct iso_task *task, struct iso_err *err);

struct iso_stats {
	uint64_t cpu_total_ns, cpu_user_ns, cpu_system_ns;
	uint64_t cpu_throttled_periods, cpu_throttled_ns;
	uint64_t mem_usage_bytes, mem_peak_bytes, mem_rss_bytes, mem_cache_bytes, mem_swap_bytes;
	uint64_t mem_limit_bytes; /* 0 = none */
	uint64_t n_pids;
	uint64_t stamp_ns; /* CLOCK_REALTIME */
};
/** iso_stats() - read now, by this process, from the task's cgroups; what is not counted is 0 */
ISO_API iso_must_use int iso_stats(
	struct iso_task *task, struct iso_stats *ret, struct iso_err *err);

/* ---- sessions ---- */

struct iso_exec {
	const char *const *argv; /* ends with NULL; the program is looked up inside the task */
	const char *const *env;  /* "NAME=VALUE" over the task's own; NULL = none; ends with NULL */
	bool tty;                /* a terminal of the task's devpts: iso_session_terminal() */
	uint16_t rows, columns;
	int stream[3]; /* without tty: the session's streams; borrowed */
};

/**
 * iso_exec() - a second command in the task: same namespaces, cgroups, credentials, filter
 *
 * Return: 0: it runs; -1: ISO_FAULT_NOT_FOUND, ISO_FAULT_NOT_EXEC, ISO_FAULT_SYSTEM.
 */
ISO_API iso_must_use int iso_exec(struct iso_task *task, const struct iso_exec *what,
	struct iso_session **ret, struct iso_err *err);
/** iso_session_terminal() - the master of its terminal, -1 = none; the session owns it */
ISO_API int iso_session_terminal(const struct iso_session *session);
/** iso_session_fd() - POLLIN: it has ended, iso_session_wait() does not block */
ISO_API int iso_session_fd(const struct iso_session *session);
/** iso_session_wait() - its exit status: 0..255, 128 + signal */
ISO_API iso_must_use int iso_session_wait(
	struct iso_session *session, int *ret_exit_code, struct iso_err *err);
/** iso_session_free() - a session that still runs is hung up: SIGHUP, 2 s later SIGKILL */
ISO_API struct iso_session *iso_session_free(struct iso_session *session);

#endif
