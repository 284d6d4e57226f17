/* Making detached mounts: the parts of a root before they are attached. */
#ifndef APPLY_MOUNTS_H
#define APPLY_MOUNTS_H

#include <stdint.h>

#include "base/err.h"

/** mount_new() - fsopen(@type) with "key=value,flag" options, as a detached mount. Return: fd or
 * -1. */
iso_must_use int mount_new(
	const char *type, const char *options, unsigned attr, struct iso_err *err);

/** mode_at() - chmod of a name below @dir that is no link. Return: 0; -1, errno. */
int mode_at(int dir, const char *name, unsigned mode);

#endif
