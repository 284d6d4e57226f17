/*
 * The job model: what a job file says, decoded and with defaults, before it is placed. Strings may
 * still hold runtime references ("${NOMAD_TASK_NAME}"), which job/to_task.c resolves.
 */
#ifndef JOB_MODEL_H
#define JOB_MODEL_H

#include "hcl/ast.h"
#include "task/alloc_spec.h"

/* A string with its place, for errors that come later. text == NULL: not given. */
struct job_text {
	const char *text;
	struct hcl_range range;
};

struct job_texts {
	struct job_text *v;
	size_t n;
	struct hcl_range range; /* of the whole attribute; source == NULL: not given */
};

/* "key = value" of env, meta, headers, options. */
struct job_pair {
	const char *key;
	struct job_text value;
};

struct job_map {
	struct job_pair *v;
	size_t n;
};

struct job_artifact {
	struct job_text source, destination, mode;
	struct job_map options, headers;
	bool insecure, chown;
	struct hcl_range range;
};

struct job_volume { /* of a group */
	const char *name;
	struct job_text type, source, access_mode, attachment_mode;
	bool read_only, per_alloc;
	struct hcl_range range;
};

struct job_volume_mount {
	struct job_text volume, destination, propagation_mode;
	bool read_only;
	struct hcl_range range;
};

struct job_resources {
	int64_t cpu, cores, memory_mb, memory_max_mb,
		secrets_mb; /* 0 = not given; memory_max -1 = no limit */
	struct hcl_range cpu_range, cores_range, memory_range, memory_max_range, secrets_range,
		range;
};

struct job_restart {
	bool given;
	int64_t attempts, interval_ms, delay_ms;
	struct job_text mode;
	bool render_templates;
	struct hcl_range render_templates_range;
};

struct job_task {
	const char *name;
	struct job_text driver, user, kill_signal;
	int64_t kill_timeout_ms;
	struct hcl_range kill_timeout_range;
	bool leader;
	struct job_map env, meta;
	/* config of the exec driver */
	struct job_text command, pid_mode, ipc_mode, work_dir;
	struct job_texts args, cap_add, cap_drop;
	bool writable_root, init, has_config, config_is_bad;
	struct job_resources resources;
	bool logs_disabled, logs_enabled;
	struct hcl_range logs_enabled_range, log_max_files_range, log_max_file_range, logs_range;
	int64_t log_max_files, log_max_file_mb;
	struct job_artifact *artifacts;
	size_t n_artifacts;
	struct job_volume_mount *volume_mounts;
	size_t n_volume_mounts;
	struct job_restart restart;
	struct hcl_range range;
};

struct job_group {
	const char *name;
	int64_t count, disk_mb;
	struct job_map meta;
	struct job_volume *volumes;
	size_t n_volumes;
	struct job_restart restart;
	struct job_task *tasks;
	size_t n_tasks;
	struct hcl_range range;
};

struct job {
	struct arena *arena;
	const struct hcl_source *source;
	const char *id;
	struct job_text id_text, name, type, region, namespace, node_pool;
	struct job_texts datacenters;
	int64_t priority;
	struct hcl_range priority_range;
	struct job_map meta;
	struct job_group *groups;
	size_t n_groups;
	bool bare; /* the file held just a group or a task */
};

#endif
