/* Names that a job's author chooses: those that become path components (task, alloc, volume; M13),
 * those of variables (E6), and those that are only shown. */
#ifndef TASK_NAME_H
#define TASK_NAME_H

#include <stddef.h>

#include "base/err.h"

/**
 * task_name_check() - 1 to 128 bytes of [A-Za-z0-9_.-], not beginning with '.' or '-', and none of
 * the names that the alloc directory uses itself (alloc, local, secrets, private, tmp, logs;
 * whatever the case)
 */
iso_must_use int task_name_check(const char *name, struct iso_err *err);

/** task_env_name_check() - the first @len bytes as the name of an environment variable: not empty,
 * no
 * '=', no control characters, UTF-8. What a shell can set is not asked for: Nomad does not either.
 */
iso_must_use int task_env_name_check(const char *name, size_t len, struct iso_err *err);

/** task_title_check() - of a job or a group: UTF-8 without control characters */
iso_must_use int task_title_check(const char *title, struct iso_err *err);

#endif
