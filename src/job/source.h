/* Reading the text that a person named. */
#ifndef JOB_SOURCE_H
#define JOB_SOURCE_H

#include "hcl/diag.h"
#include "job/lang.h"

/** source_read() - the file, or "-": standard input; at most HCL_MAX_BYTES + 1 are read */
iso_must_use int source_read(struct arena *arena, const struct lang_source *in,
	struct hcl_source **ret, struct iso_err *err);

#endif
