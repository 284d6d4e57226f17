/* Walking a path component by component (links.h). What is no link may still be replaced by one
 * later: the applier compares device and inode of what it took. */
#include "host/links.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

enum {
	MAX_LINKS = 40, /* as the kernel follows (path_resolution(7)) */
	TARGET_ROOM = 4096
};

struct walk {
	struct arena *arena;
	const char *rest, *seen; /* to go, behind us */
	unsigned n_links;
};

static bool roots_alone(int dir)
{
	struct stat st;

	return !fstat(dir, &st) && st.st_uid == 0 &&
	       (!(st.st_mode & (S_IWGRP | S_IWOTH)) || (st.st_mode & S_ISVTX));
}

/* The link's target takes the place of the component. false: too many. */
static bool through_link(struct walk *w, int *dir, const char *name)
{
	char target[TARGET_ROOM];
	ssize_t n = readlinkat(*dir, name, target, sizeof(target) - 1);

	if (n <= 0 || ++w->n_links > MAX_LINKS)
		return false;
	target[n] = '\0';
	if (target[0] == '/') {
		(void)fd_close(*dir);
		*dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		w->seen = "";
	}
	w->rest = arena_printf(w->arena, "%s/%s", target, w->rest);
	return *dir >= 0;
}

const char *unsafe_link(struct arena *arena, const char *path)
{
	struct walk w = {.arena = arena, .rest = path, .seen = ""};
	own_fd dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (dir >= 0 && *(w.rest += strspn(w.rest, "/"))) {
		size_t len = strcspn(w.rest, "/");
		const char *name = arena_strndup(arena, w.rest, len);
		struct stat st;
		w.rest += len;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
			return NULL;
		const char *here = arena_printf(arena, "%s/%s", w.seen, name);
		if (S_ISLNK(st.st_mode)) {
			if (!roots_alone(dir) || st.st_uid != 0)
				return here;
			if (!through_link(&w, &dir, name))
				return NULL;
			continue;
		}
		w.seen = here;
		int next = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		(void)fd_close(dir);
		dir = next;
	}
	return NULL;
}
