/* Attaching by directory, for who has listed the state directory. */
#ifndef RUN_ATTACH_H
#define RUN_ATTACH_H

#include "run/isoexec.h"

/** attach_dir() - iso_attach() for STATE/<alloc>/<task> */
iso_must_use int attach_dir(const char *dir, struct iso_task **ret, struct iso_err *err);

#endif
