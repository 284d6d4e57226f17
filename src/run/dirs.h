/*
 * The directories of an alloc on the host:
 *
 *   DATA/alloc/<id>/            0700 root: nobody but root walks in from the host (M12)
 *     alloc/{data,logs,tmp}     shared by the tasks, /alloc; logs belongs to root and is read-only
 * in the task <task>/{local,tmp,secrets}  becomes "/" of the task; local is the task user's
 *     .iso/<task>/              root only, when needed: overlay work directories, artifact staging
 *   STATE/<id>/<task>/          0700 root: FIFOs
 */
#ifndef RUN_DIRS_H
#define RUN_DIRS_H

#include "base/err.h"
#include "task/config.h"

/**
 * alloc_dirs_make() - directories of the alloc and of one task
 * @uid, @gid: the task's user, owner of the task directory and of local
 *
 * Existing real directories are kept (restart); anything else in their place is an error. On
 * failure the caller removes the tree. Return: 0 or -1 (ISO_FAULT_SYSTEM: full, read-only, no
 * permission).
 */
iso_must_use int alloc_dirs_make(
	const struct task_config *task, uint32_t uid, uint32_t gid, struct iso_err *err);

/**
 * alloc_dirs_remove() - remove the trees of an alloc: its data and its state
 *
 * @alloc_dir: NULL = keep it; @state_dir: STATE/<id>, NULL = keep it
 *
 * Follows no link, enters no other file system, needs two descriptors and no recursion however deep
 * a task has nested its directories (M9). Missing trees are fine. Return: 0, or -1 with the first
 * thing that could not be removed.
 */
iso_must_use int alloc_dirs_remove(
	const char *alloc_dir, const char *state_dir, struct iso_err *err);

#endif
