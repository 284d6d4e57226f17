/*
 * What a task may do, see and use: the one description that both doors (a job file, Nomad's gRPC)
 * fill and that the plan reads. Everything is resolved: literal strings (interpolation is done),
 * absolute paths, bytes and milliseconds. Whose words these are: the *job author's*, except where a
 * field says "operator".
 *
 * Strings and arrays belong to the arena of whoever filled the structure. NULL string = not given.
 */
#ifndef TASK_CONFIG_H
#define TASK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a value was written, for errors that come after the parse; file == NULL: not from a file.
 */
struct task_place {
	const char *file;
	uint32_t line, column; /* from 1; columns count characters as people see them */
};

struct task_strings {
	const char *const *v;
	size_t n;
};

/* profile: DESIGN 6 */
enum task_profile {
	TASK_HARDENED,
	TASK_COMPATIBLE
};

/* NONE: not said, the operator's default holds (B-101) */
enum task_mode {
	TASK_MODE_DEFAULT,
	TASK_MODE_PRIVATE,
	TASK_MODE_HOST
};

enum task_propagation {
	TASK_PROPAGATION_PRIVATE,       /* "" and "private" */
	TASK_PROPAGATION_HOST_TO_TASK,  /* slave */
	TASK_PROPAGATION_BIDIRECTIONAL, /* shared; the operator must allow it */
};

/* A bind into the task: host volumes, later devices' and CSI mounts (B-340). */
struct task_mount {
	const char *source;      /* absolute host path, the operator's words */
	const char *destination; /* absolute path in the task */
	bool read_only;
	enum task_propagation propagation;
	struct task_place place;
};

/* An entry of chroot_env: @source of the host is seen at @destination (operator's words). */
struct task_chroot_entry {
	const char *source, *destination;
};

struct task_limits {
	uint64_t mem_bytes;      /* hard limit, 0 = none (B-610: memory_max = -1) */
	uint64_t mem_soft_bytes; /* reservation, 0 = not written */
	bool mem_unlimited;      /* memory_max = -1: the hard limit is lifted on purpose */
	uint64_t cpu_mhz;        /* shares; 0 = not written (B-613) */
	const char *cpuset_cpus; /* "0-1,3" or NULL: all */
	uint64_t secrets_bytes;  /* size of the secrets tmpfs */
	uint64_t pids_max;       /* 0 = none */
	int64_t nofile_soft;     /* -1 = as the profile says */
};

struct task_logs {
	bool disabled;
	uint32_t max_files;      /* >= 1 */
	uint64_t max_file_bytes; /* > 0 */
};

/* What the operator decided (plugin "exec" { config { ... } } and client { ... }); B-140 to B-157.
 */
struct task_policy {
	enum task_profile profile;
	bool no_pivot_root;
	enum task_mode default_pid_mode, default_ipc_mode; /* PRIVATE or HOST */
	bool allow_host_pid, allow_host_ipc;               /* may a job ask for "host"? */
	bool allow_root;                                   /* uid 0 or gid 0 in hardened */
	bool allow_bidirectional;
	uint64_t allow_caps; /* mask */
	const char *denied_host_uids,
		*denied_host_gids; /* text of B-150, validated by task/ids.h */
	const struct task_chroot_entry *chroot_env;
	size_t n_chroot_env;
};

struct task_config {
	/* identity */
	const char *alloc_id;  /* 36 characters, names the state directory */
	const char *task_name; /* passed task_name_check() */
	/* for people who list tasks; decides nothing */
	const char *job_id, *group_name, *alloc_name;

	/* what runs */
	const char *command;
	struct task_place command_place;
	struct task_strings args;
	const char *work_dir; /* absolute, or NULL: "/" */
	struct task_place work_dir_place;
	const char *user; /* name, uid or uid:gid; NULL: nobody (B-115) */
	struct task_place user_place;
	struct task_strings env; /* "K=V", sorted, without USER LOGNAME HOME (the plan adds them
				    from the host's account) */

	/* isolation the job asks for */
	enum task_mode pid_mode, ipc_mode;
	struct task_place pid_mode_place, ipc_mode_place;
	struct task_strings cap_add, cap_drop; /* names as written */
	struct task_place cap_add_place, cap_drop_place;
	bool writable_root;
	bool init;              /* a process 1 of ours that reaps and forwards signals */
	const char *netns_path; /* join this network namespace; NULL: the host's */

	struct task_mount *mounts;
	size_t n_mounts;
	struct task_limits limits;
	struct task_logs logs;

	/* stopping */
	int kill_signal;          /* number, default SIGINT (B-720) */
	uint64_t kill_timeout_ms; /* default 5000 */

	struct task_policy policy;

	/* directories of the alloc on the host, absolute */
	const char *alloc_dir;     /* <data>/alloc/<id>: holds alloc/, <task>/, .iso/ */
	const char *task_dir;      /* <alloc_dir>/<task name>: becomes "/" */
	const char *state_dir;     /* <state>/<alloc id>/<task name>, root only: FIFOs */
	const char *mask_dir;      /* <state>/mask: the whiteout layers that all tasks share */
	const char *cgroup_parent; /* as written below each controller's mount, e.g. "/isoexec" */
};

#endif
