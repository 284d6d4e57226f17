/* A job file to the job model: text, variables, locals, blocks. */
#ifndef JOB_LOAD_H
#define JOB_LOAD_H

#include "job/lang.h"
#include "job/model.h"

/** job_decode() - NULL when there was an error (told in @diags) */
struct job *job_decode(struct arena *arena, const struct hcl_source *source,
	struct task_strings vars, struct task_strings var_files, struct hcl_diags *diags);

#endif
