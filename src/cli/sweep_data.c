/*
 * Data directories that no state directory knows: kept on purpose (run -keep), or left by a reboot,
 * which empties /run. Another state directory may know them, so the kernel is asked too: a task has
 * its directory mounted as its root.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/say.h"
#include "cli/sweep.h"
#include "run/dirs.h"
#include "task/name.h"

#define UNDONE ".removing" /* run/remove.c */

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

static void add_file(const char *path, struct buf *out)
{
	char data[4096];
	ssize_t n;
	own_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, data, sizeof(data))) > 0)
		buf_add(out, data, (size_t)n);
}

/* The mount tables of all processes, each mount namespace once. */
static void read_mounts(struct arena *arena, struct buf *out)
{
	iso_cleanup(own_dir_done) DIR *proc = opendir("/proc");
	const char **seen = NULL;
	size_t n = 0, room = 0;

	for (const struct dirent *e; proc && (e = readdir(proc));) {
		char path[300], space[64];
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/ns/mnt", e->d_name);
		ssize_t len = readlink(path, space, sizeof(space) - 1);
		if (len <= 0)
			continue;
		space[len] = '\0';
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known = known || !strcmp(seen[i], space);
		if (known)
			continue;
		if (n == room) {
			room = room ? room * 2 : 64;
			seen = arena_grow(arena, seen, n, room, sizeof(*seen));
		}
		seen[n++] = arena_strdup(arena, space);
		(void)snprintf(path, sizeof(path), "/proc/%s/mountinfo", e->d_name);
		add_file(path, out);
	}
}

static bool is_known(const struct tasks *t, const char *alloc_id)
{
	struct stat st;

	return !lstat(tasks_alloc_state_dir(t, alloc_id), &st);
}

static void sweep_one(struct sweep *s, const char *base, const char *name, const char *mounts)
{
	struct arena *arena = s->tasks->arena;
	size_t len = strlen(name), tail = strlen(UNDONE);
	bool unfinished = len > tail && !strcmp(name + len - tail, UNDONE);
	const char *alloc_id = arena_strndup(arena, name, unfinished ? len - tail : len);
	const char *dir = arena_printf(arena, "%s/%s", base, alloc_id);
	const char *root = arena_printf(arena, "/%s/", alloc_id);
	struct iso_err err = ISO_ERR_INIT;

	if (is_known(s->tasks, alloc_id) || strstr(mounts, root))
		return;
	if (!unfinished && !sweep_is_old(dir))
		return;
	if (!s->dry && alloc_dirs_remove(dir, NULL, &err)) {
		s->failed = true;
		say("%s", err.text);
	} else {
		sweep_say(s, "'%s', which no state knows", dir);
	}
}

void sweep_strangers(struct sweep *s)
{
	struct arena *arena = s->tasks->arena;
	const char *base = arena_printf(arena, "%s/alloc", s->data_dir);
	own_buf mounts = BUF_INIT;
	struct iso_err ignored;
	int fd = open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	iso_cleanup(own_dir_done) DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return;
	read_mounts(arena, &mounts);
	if (mounts.failed)
		return; /* half the truth is none */
	for (const struct dirent *e; (e = readdir(dir));)
		if (!task_name_check(e->d_name, &ignored))
			sweep_one(s, base, e->d_name, buf_text(&mounts));
}
