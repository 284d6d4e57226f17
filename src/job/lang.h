/*
 * The job language as a module: its libraries (MPFR, utf8proc) cost time at every start, so
 * `isoexec` loads this shared object only when a file must be read. It exports one symbol,
 * iso_lang, of type struct lang_api.
 */
#ifndef JOB_LANG_H
#define JOB_LANG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "task/alloc_spec.h"
#include "task/operator.h"

enum {
	LANG_VERSION = 2,
	/* The limit of the arena that job_load and job_to_alloc are given: a job file is hostile
	 * input. What would take more is an error of the file like any other. */
	LANG_ARENA_BYTES = 192 * 1024 * 1024,
	LANG_MAX_TASKS = 4096 /* of a job, counts multiplied */
};
#define LANG_SYMBOL "iso_lang"

struct job; /* job/model.h */

/* Where a text comes from. Exactly one of path and text. */
struct lang_source {
	const char *path; /* file name as the person wrote it; "-" = standard input */
	const char *text; /* the content (tests) */
	size_t len;
	const char *name; /* name for messages when text is given */
};

/* What to_task needs of the place where the allocation will run. */
struct lang_placement {
	const char *alloc_id;             /* UUID text */
	unsigned alloc_index;             /* 0 .. count-1 */
	const char *data_dir, *state_dir; /* absolute; alloc_dir = data_dir/alloc/<id> */
	const struct operator_config *operator;
	struct task_strings node; /* "attr.kernel.name=linux", "node.datacenter=dc1",
				     "node.unique.name=..": for ${...} */
	struct task_strings
		host_env; /* the caller's variables that tasks get: "PATH=...", "LANG=..." */
	/* HOME, USER or LOGNAME of the account that "name", "uid" or "uid:gid" means (NULL: the
	 * default one); NULL: there is no such account */
	const char *(*account)(struct arena *arena, const char *user, const char *variable);
	uint64_t total_mhz;
	unsigned n_cpus;
};

struct lang_job_summary {
	const char *id;
	const char **groups; /* names, in order */
	unsigned *counts;
	size_t n_groups;
	bool bare; /* the file held just a group or task block */
};

struct lang_api {
	unsigned version; /* LANG_VERSION */

	/*
	 * Each of these appends its diagnostics (errors and warnings, with snippets) to @messages
	 * and returns 0 when there was no error, -1 with err set to a one-line summary otherwise
	 * ("job.nomad.hcl: 3 errors").
	 */
	int (*job_load)(struct arena *arena, const struct lang_source *source,
		struct task_strings vars, struct task_strings var_files, struct job **ret,
		struct buf *messages, struct iso_err *err);
	void (*job_summary)(
		struct arena *arena, const struct job *job, struct lang_job_summary *ret);
	int (*job_to_alloc)(struct arena *arena, const struct job *job, const char *group,
		const struct lang_placement *placement, struct alloc_spec **ret,
		struct buf *messages, struct iso_err *err);
	int (*config_load)(struct arena *arena, const struct lang_source *source,
		struct operator_config *config, struct buf *messages, struct iso_err *err);
};

#endif
