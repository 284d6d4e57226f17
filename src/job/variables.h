/* variable and locals blocks: the scope in which a job file is evaluated. */
#ifndef JOB_VARIABLES_H
#define JOB_VARIABLES_H

#include "hcl/eval.h"
#include "task/config.h"

/**
 * variables_scope() - var.* and local.*
 * @vars: "name=value" of -var, over NOMAD_VAR_name of the environment, over @var_files, over
 * defaults
 *
 * Return: NULL when something is wrong (told): unknown variable, no value, wrong type, a validation
 * that fails.
 */
struct hcl_scope *variables_scope(struct arena *arena, const struct hcl_body *body,
	struct task_strings vars, struct task_strings var_files, struct hcl_diags *diags);

/** job_is_runtime_root() - names whose value only a running task knows: NOMAD_*, attr, node, meta,
 * env, device */
bool job_is_runtime_root(const char *root);

#endif
