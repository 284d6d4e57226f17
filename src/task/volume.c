/* SRC:DST[:ro] (volume.h). */
#include "task/volume.h"

#include <string.h>

int task_volume_parse(struct arena *arena, const char *text, struct task_mount *ret)
{
	const char *first = strchr(text, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	if (!first || (second && strcmp(second, ":ro") != 0 && strcmp(second, ":rw") != 0) ||
		text[0] != '/' || first[1] != '/')
		return -1;
	*ret = (struct task_mount){
		.source = arena_strndup(arena, text, (size_t)(first - text)),
		.destination =
			second ? arena_strndup(arena, first + 1, (size_t)(second - first - 1))
			       : arena_strdup(arena, first + 1),
		.read_only = second && !strcmp(second, ":ro"),
	};
	return 0;
}
