/* The operator's configuration, isoexec.hcl(5). */
#ifndef JOB_CONFIG_H
#define JOB_CONFIG_H

#include "hcl/ast.h"
#include "task/operator.h"

/** config_decode() - over what is in @config already. Mistakes in @diags. */
void config_decode(struct arena *arena, const struct hcl_source *source,
	struct operator_config *config, struct hcl_diags *diags);

#endif
