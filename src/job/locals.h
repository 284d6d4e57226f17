/* locals blocks: values that may use each other in any order. */
#ifndef JOB_LOCALS_H
#define JOB_LOCALS_H

#include "hcl/eval.h"

/**
 * locals_evaluate() - all locals of @body, each once, after those that it names
 * @scope: holds the variable @local, whose value is set: while they are evaluated and at the end
 *
 * What is wrong is told in @diags; a local that uses one that failed is not told as well.
 */
void locals_evaluate(struct arena *arena, const struct hcl_body *body,
	const struct hcl_scope *scope, struct hcl_variable *local, struct hcl_diags *diags);

#endif
