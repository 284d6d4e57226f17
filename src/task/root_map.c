/* Lexical paths (root_map.h): nothing here looks at a file system. */
#include "task/root_map.h"

#include <string.h>

char *path_clean(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t len = 0;

	while (*path) {
		size_t part = strcspn(path, "/");
		if (part == 2 && path[0] == '.' && path[1] == '.') {
			while (len && out[--len] != '/')
				;
		} else if (part && !(part == 1 && path[0] == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, part);
			len += part;
		}
		path += part;
		path += *path == '/';
	}
	if (!len)
		out[len++] = '/';
	out[len] = '\0';
	return out;
}

bool path_below(const char *dir, const char *path, const char **ret_rest)
{
	size_t len = strlen(dir);

	if (len == 1 && dir[0] == '/')
		len = 0;
	if (strncmp(dir, path, len) != 0 || path[len] != '/' || !path[len + 1])
		return false;
	if (ret_rest)
		*ret_rest = path + len + 1;
	return true;
}

char *path_join(struct arena *arena, const char *dir, const char *rest)
{
	if (!*rest)
		return arena_strdup(arena, dir);
	return arena_printf(arena, "%s/%s", dir[1] ? dir : "", rest[0] == '/' ? rest + 1 : rest);
}

const struct task_chroot_entry *root_map_covering(
	const struct task_policy *policy, const char *path, const char **ret_rest)
{
	const struct task_chroot_entry *best = NULL;

	*ret_rest = path + 1;
	for (size_t i = 0; i < policy->n_chroot_env; i++) {
		const struct task_chroot_entry *e = &policy->chroot_env[i];
		const char *rest = "";
		if (strcmp(e->destination, path) != 0 && !path_below(e->destination, path, &rest))
			continue;
		if (best && strlen(best->destination) >= strlen(e->destination))
			continue;
		best = e;
		*ret_rest = rest;
	}
	return best;
}
