/* Where our other programs are: beside this one (build directory) or in libexecdir (installed).
 * Nothing needs installing to be tried. */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include <stddef.h>

#include "base/err.h"

enum {
	PROGRAM_PATH_MAX = 4096
};

/**
 * program_find() - absolute path of a sibling: "isoexec-supervise", "isoexec-fetch",
 * "isoexec-job.so"
 *
 * Looks in the directory of /proc/self/exe, then in <that>/../libexec/isoexec, then in the
 * libexecdir of the build. Never in PATH or the working directory: these programs run as root.
 * Return: 0; -1: ISO_FAULT_SYSTEM, names what was looked for and where.
 */
iso_must_use int program_find(
	const char *name, char ret[static PROGRAM_PATH_MAX], struct iso_err *err);

#endif
