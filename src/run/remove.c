/*
 * Removing a directory tree that a hostile task has filled. The tree is first renamed into a fresh
 * directory of root's; then every directory found inside one is moved up beside it, so the work is
 * a flat list: no recursion, two descriptors, names only ever used relative to them.
 */
#include "run/dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"

enum {
	MAX_READINGS = 16
};

struct remover {
	int top;        /* the directory that holds the flat list */
	unsigned count; /* names given so far */
	const char *what;
};

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

/* O_NOFOLLOW, and never across a mount: what is mounted there is not ours to delete. */
static int open_same_mount(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_RDONLY,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

/* Under the next free number. */
static int move_up(struct remover *r, int dir, const char *name)
{
	char up[32];

	for (;;) {
		(void)snprintf(up, sizeof(up), "%u", ++r->count);
		if (!renameat(dir, name, r->top, up) || errno == ENOENT)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return -1;
	}
}

/* Empty one directory of the list: unlink what is no directory, move directories up. */
static int flatten(struct remover *r, const char *name, struct iso_err *err)
{
	int fd = open_same_mount(r->top, name);
	if (fd < 0)
		return errno == ENOENT ? 0 /* somebody else removes it too */
				       : iso_err_sys(err, "open a directory of '%s'", r->what);
	iso_cleanup(own_dir_done) DIR *dir = fdopendir(fd);
	if (!dir) {
		(void)fd_close(fd);
		return iso_err_sys(err, "read a directory of '%s'", r->what);
	}
	for (;;) {
		errno = 0; /* readdir(3): the only way to tell an error from the end */
		const struct dirent *e = readdir(dir);
		if (!e)
			break;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!unlinkat(fd, e->d_name, 0) || errno == ENOENT)
			continue; /* the supervisor cleans up at the same time */
		if (errno != EISDIR && errno != EPERM)
			return iso_err_sys(err, "remove '%.100s' of '%s'", e->d_name, r->what);
		if (!unlinkat(fd, e->d_name, AT_REMOVEDIR) || errno == ENOENT)
			continue;
		if (move_up(r, fd, e->d_name))
			return iso_err_sys(
				err, "remove directory '%.100s' of '%s'", e->d_name, r->what);
	}
	if (errno)
		return iso_err_sys(err, "read a directory of '%s'", r->what);
	return 0;
}

static int empty_top(struct remover *r, struct iso_err *err)
{
	for (unsigned done = 0; done <= r->count; done++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%u", done);
		/* A reading that races with its own removals may miss an entry: again, while
		 * something moves. */
		for (unsigned tries = 0; unlinkat(r->top, name, AT_REMOVEDIR) && errno != ENOENT;
			tries++) {
			if (tries == MAX_READINGS)
				return iso_err_sys(err, "remove a directory of '%s'", r->what);
			if (flatten(r, name, err))
				return -1;
		}
	}
	return 0;
}

/* What a removal that was interrupted, or another one that is under way, has in the list. */
static int count_list(struct remover *r, struct iso_err *err)
{
	int fd = openat(r->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	iso_cleanup(own_dir_done) DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		(void)fd_close(fd);
		return iso_err_sys(err, "read the list of '%s'", r->what);
	}
	for (const struct dirent *e; (e = readdir(dir));) {
		uint64_t number;
		if (num_u64(e->d_name, &number) && number > r->count && number < UINT32_MAX)
			r->count = (unsigned)number;
	}
	return 0;
}

static int remove_tree(const char *path, struct iso_err *err)
{
	char trash[4096];
	if (!path)
		return 0;
	bool gone = !rmdir(path) || errno == ENOENT;
	int n = snprintf(trash, sizeof(trash), "%s.removing", path);
	if (n < 0 || (size_t)n >= sizeof(trash))
		return iso_err_set(
			err, ISO_FAULT_INPUT, ENAMETOOLONG, "path '%.64s...' is too long", path);
	bool fresh = !gone && !mkdir(trash, 0700);
	if (!gone && !fresh && errno != EEXIST)
		return errno == ENOENT ? 0 : iso_err_sys(err, "make directory '%s'", trash);

	own_fd top = open(trash, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return gone && errno == ENOENT ? 0 : iso_err_sys(err, "open directory '%s'", trash);
	struct remover r = {.top = top, .what = path};
	if (!fresh && count_list(&r, err))
		return -1;
	if (!gone && move_up(&r, AT_FDCWD, path))
		return iso_err_sys(err, "move '%s' aside", path);
	if (empty_top(&r, err))
		return -1;
	if (rmdir(trash) && errno != ENOENT)
		return iso_err_sys(err, "remove '%s'", trash);
	return 0;
}

/* What an alloc that left nothing behind consists of: gone in a few calls, and what is not empty
 * stays for the thorough way. */
static void remove_empty(const char *alloc_dir)
{
	static const char *const below[] = {"local", "tmp"}, *const own[] = {"data", "logs", "tmp"};
	own_fd top = open(alloc_dir, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	iso_cleanup(own_dir_done) DIR *dir =
		top < 0 ? NULL : fdopendir(fcntl(top, F_DUPFD_CLOEXEC, 0));

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		bool is_alloc = !strcmp(e->d_name, "alloc");
		own_fd fd = e->d_name[0] == '.' ? -1 : open_same_mount(top, e->d_name);
		for (size_t i = 0; fd >= 0 && i < (is_alloc ? iso_len(own) : iso_len(below)); i++)
			(void)unlinkat(fd, is_alloc ? own[i] : below[i], AT_REMOVEDIR);
		if (fd >= 0)
			(void)unlinkat(top, e->d_name, AT_REMOVEDIR);
	}
}

int alloc_dirs_remove(const char *alloc_dir, const char *state_dir, struct iso_err *err)
{
	struct iso_err second;

	if (alloc_dir)
		remove_empty(alloc_dir);
	int a = remove_tree(alloc_dir, err);
	int b = remove_tree(state_dir, a ? &second : err);
	return a || b ? -1 : 0;
}
