/* Placing a group of a job on this machine. */
#ifndef JOB_TO_TASK_H
#define JOB_TO_TASK_H

#include "job/lang.h"
#include "job/model.h"

/** job_place() - one alloc of @group. NULL: something is wrong, told in @diags. */
struct alloc_spec *job_place(struct arena *arena, const struct job *job,
	const struct job_group *group, const struct lang_placement *at, struct hcl_diags *diags);

#endif
