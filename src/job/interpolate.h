/*
 * Runtime references in strings of a job: ${NOMAD_TASK_NAME}, ${env["HOME"]}, ${attr.cpu.arch},
 * ${node.class},
 * ${meta.rack}. They were kept as text when the file was read; here the task's environment and the
 * node are known.
 */
#ifndef JOB_INTERPOLATE_H
#define JOB_INTERPOLATE_H

#include "base/names.h"
#include "hcl/diag.h"
#include "job/model.h"
#include "task/config.h"

struct interpolation {
	struct arena *arena;
	struct hcl_diags *diags;
	struct task_strings env;  /* "K=V", sorted: ${K} and ${env["K"]} */
	struct task_strings node; /* "attr.kernel.name=linux" ... */

	/* ${env["HOME"]}, USER and LOGNAME: what the account @user has, NULL if there is none */
	const char *(*account)(struct arena *arena, const char *user, const char *variable);
	const char *user;

	/* while the value of @self in an env block is made: the names of the block, sorted. They
	 * have no order, so they cannot use each other; itself is what was there before. */
	const struct name_at *block;
	size_t n_block;
	const char *self;
};

/**
 * interpolate() - "$${" is a literal "${", and so is "${" before what is no runtime reference: the
 * job file said "$${" there. An unknown reference is told in the diagnostics. NULL in, NULL out.
 */
const char *interpolate(const struct interpolation *in, const struct job_text *text);

#endif
