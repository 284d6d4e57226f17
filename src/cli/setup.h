/*
 * What run, validate and plan have in common: the options that say where things are, the operator's
 * configuration, the facts of the machine, and the allocs that a file or a command line asks for.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/options.h"
#include "run/internal.h"
#include "task/alloc_spec.h"
#include "task/operator.h"

/* First member of every command's options that use setup_tables. */
struct setup_options {
	/* where */
	const char *config, *profile, *state_dir, *data_dir, *cgroup_parent;
	/* of a job file */
	struct task_strings vars, var_files;
	/* of a command line: the same words as in a job file */
	const char *user, *work_dir, *pid_mode, *ipc_mode, *cores;
	uint64_t memory_mb, cpu_mhz;
	struct task_strings cap_add, cap_drop, env, volumes;
	bool writable_root, init;
};

extern const struct option_table setup_place_options;   /* config ... cgroup-parent */
extern const struct option_table setup_job_options;     /* var, var-file */
extern const struct option_table setup_command_options; /* user ... */

struct setup {
	struct arena *arena;
	const struct setup_options *options;
	struct operator_config operator;
	struct iso_machine machine; /* in @arena */
	struct buf messages;        /* diagnostics with snippets, for stderr */
	struct alloc_spec **allocs;
	size_t n_allocs;
	bool from_file;
};

/** setup_machine() - operator's configuration and machine facts */
iso_must_use int setup_machine(struct setup *s, struct iso_err *err);

enum setup_ids {
	SETUP_FIXED_IDS,  /* plan, validate: the same input prints the same text */
	SETUP_RANDOM_IDS, /* run */
};
/** setup_allocs() - from the arguments: one file name or "-", or a command after "--" */
iso_must_use int setup_allocs(struct setup *s, const struct arguments *arguments,
	enum setup_ids ids, struct iso_err *err);

/** setup_command_alloc() - (cli/adhoc.c) one alloc of one task from a command line */
iso_must_use int setup_command_alloc(struct setup *s, const char *alloc_id, const char **command,
	size_t n, struct alloc_spec **ret, struct iso_err *err);

const char *setup_data_dir(const struct setup *s);
const char *setup_state_dir(const struct setup *s);
/** setup_host_env() - the caller's variables that tasks get */
struct task_strings setup_host_env(struct setup *s);

#endif
