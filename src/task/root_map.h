/* Where a path of the task's root comes from: the words of chroot_env, taken lexically. */
#ifndef TASK_ROOT_MAP_H
#define TASK_ROOT_MAP_H

#include "base/arena.h"
#include "task/config.h"

/**
 * root_map_covering() - the entry with the longest destination that is @path or above it; NULL: the
 * task directory
 * @ret_rest: what is left of @path below the destination, "" or without leading '/'
 */
const struct task_chroot_entry *root_map_covering(
	const struct task_policy *policy, const char *path, const char **ret_rest);

/** path_clean() - absolute path without "", ".", ".." components and double or trailing slashes;
 * ".." stops at "/" */
char *path_clean(struct arena *arena, const char *path);

/** path_below() - @path lies below @dir (not equal); *ret_rest (may be NULL) = the part after it */
bool path_below(const char *dir, const char *path, const char **ret_rest);

/** path_join() - "/a" + "b" = "/a/b"; @rest "" = @dir */
char *path_join(struct arena *arena, const char *dir, const char *rest);

#endif
