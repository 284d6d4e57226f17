/*
 * One allocation to run on this machine: the tasks of a group with everything resolved. Filled by
 * the job language (job/to_task.c) or by `run -- COMMAND` (cli), read by alloc/.
 */
#ifndef TASK_ALLOC_SPEC_H
#define TASK_ALLOC_SPEC_H

#include "task/config.h"

enum task_artifact_mode {
	TASK_ARTIFACT_ANY,
	TASK_ARTIFACT_FILE,
	TASK_ARTIFACT_DIR
};

struct task_artifact {
	const char *source;      /* URL as written, interpolated */
	const char *destination; /* relative to the task directory, cleaned, stays inside; "local/"
				    by default */
	enum task_artifact_mode mode;
	const char *checksum; /* "sha256:hex", "file:URL" ... or NULL */
	const char *archive;  /* option archive: NULL = by suffix, "false"/"0", or a type name */
	const char
		*filename;   /* option filename: name of the downloaded file, NULL = from the URL */
	const char *ca_file; /* operator: certificate authorities, NULL = the system's */
	struct task_strings headers;     /* "Name: value" */
	struct task_strings allow_hosts; /* operator: addresses, CIDRs allowed although loopback or
					    link-local */
	bool insecure; /* no TLS verification; refused unless the operator allows */
	bool chown;
	struct task_place place;
};

struct task_restart {
	uint32_t attempts;
	uint64_t interval_ms, delay_ms;
	bool mode_delay; /* mode "delay" instead of "fail" */
	bool on_success; /* service and system tasks restart after exit 0 too */
};

struct alloc_task {
	struct task_config config;
	struct task_artifact *artifacts;
	size_t n_artifacts;
	struct task_restart restart;
	bool leader;
};

struct alloc_spec {
	const char *alloc_id;
	const char *job_id, *group_name;
	struct alloc_task *tasks;
	size_t n_tasks;
};

#endif
