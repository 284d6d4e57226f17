/* The task's file (record/record.h): making it, and becoming responsible for it. */
#ifndef RUN_FILE_H
#define RUN_FILE_H

#include <sys/uio.h>

#include "base/err.h"

/**
 * run_file_lock() - the file of STATE/<alloc>/<task>, open for reading and writing, locked
 * Return: 0; RECORD_HELD: somebody is responsible; -1 (err->sys ENOENT: there is none).
 */
iso_must_use int run_file_lock(const char *dir, int *ret, struct iso_err *err);

/**
 * run_file_make() - a new file of STATE/<alloc>/<task>, in the place of one whose task has ended
 * @parts: what is in it
 *
 * It has its name when all of it is there. Return: fd, locked; -1 (EBUSY: the task runs), nothing
 * has changed.
 */
iso_must_use int run_file_make(const char *dir, const struct iovec parts[2], struct iso_err *err);

/** run_file_remove() - of a task that was not started after all */
void run_file_remove(const char *dir);

#endif
