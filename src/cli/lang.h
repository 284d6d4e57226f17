/* Loading the job language's module when a file must be read (job/lang.h). */
#ifndef CLI_LANG_H
#define CLI_LANG_H

#include "job/lang.h"

/** lang_open() - load isoexec-job.so from beside us; stays loaded. Return: 0 or -1. */
iso_must_use int lang_open(const struct lang_api **ret, struct iso_err *err);

#endif
