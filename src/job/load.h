/* A job file to the job model: text, variables, locals, blocks. */
#ifndef JOB_LOAD_H
#define JOB_LOAD_H

#include "job/model.h"
#include "job/module.h"

/** source_read() - the file, or "-": standard input; at most HCL_MAX_BYTES + 1 are read */
iso_must_use int source_read(struct arena *arena, const struct lang_source *in,
	struct hcl_source **ret, struct iso_err *err);

/** job_decode() - NULL when there was an error (told in @diags) */
struct job *job_decode(struct arena *arena, const struct hcl_source *source,
	struct task_strings vars, struct task_strings var_files, struct hcl_diags *diags);

/** job_is_runtime_root() - names whose value only a running task knows: NOMAD_*, attr, node, meta,
 * env, device */
bool job_is_runtime_root(const char *root);

#endif
