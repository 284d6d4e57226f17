/*
 * Runtime references in strings of a job: ${NOMAD_TASK_NAME}, ${env["HOME"]}, ${attr.cpu.arch},
 * ${node.class},
 * ${meta.rack}. They were kept as text when the file was read; here the task's environment and the
 * node are known.
 */
#ifndef JOB_INTERPOLATE_H
#define JOB_INTERPOLATE_H

#include "hcl/diag.h"
#include "job/model.h"
#include "task/config.h"

struct interpolation {
	struct arena *arena;
	struct hcl_diags *diags;
	struct task_strings env;  /* "K=V", sorted: ${K} and ${env["K"]} */
	struct task_strings node; /* "attr.kernel.name=linux" ... */
};

/** interpolate() - "$${" is a literal "${". An unknown reference is told in the diagnostics. NULL
 * in, NULL out. */
const char *interpolate(const struct interpolation *in, const struct job_text *text);

#endif
