/* Names that become path components (task, alloc, volume): one validator (M13). */
#ifndef TASK_NAME_H
#define TASK_NAME_H

#include "base/err.h"

/**
 * task_name_check() - 1 to 128 bytes of [A-Za-z0-9_.-], not beginning with '.' or '-', and none of
 * the names that the alloc directory uses itself (alloc, local, secrets, private, tmp, logs;
 * whatever the case)
 */
iso_must_use int task_name_check(const char *name, struct iso_err *err);

#endif
