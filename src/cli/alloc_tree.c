/* See alloc_tree.h. */
#include "cli/alloc_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys.h"

int alloc_tree_open(const char *alloc_dir, struct iso_err *err)
{
	int fd = open(alloc_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOENT,
			"the alloc's directory '%s' has been removed", alloc_dir);
	return fd < 0 ? iso_err_sys(err, "open the alloc's directory '%s'", alloc_dir) : fd;
}

/* "/TASK/secrets": what lies there on the host is an empty mount point at most. */
static bool is_secret(const char *path)
{
	path += strspn(path, "/");
	size_t len = strcspn(path, "/");
	bool shared = len == 5 && !memcmp(path, "alloc", len);
	path += len;
	path += strspn(path, "/");
	return !shared && !strncmp(path, "secrets", 7) && (path[7] == '/' || path[7] == '\0');
}

static int find_error(const char *path, struct iso_err *err)
{
	int saved = errno;

	(void)iso_err_sys(err, "look at '%s' of the alloc", path);
	if (saved == ENOENT || saved == ENOTDIR || saved == ELOOP || saved == EXDEV ||
		saved == ENAMETOOLONG)
		err->fault = ISO_FAULT_INPUT;
	return -1;
}

int alloc_tree_find(
	int tree, const char *path, bool follow, struct stat *ret_st, struct iso_err *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (follow ? 0U : (unsigned)O_NOFOLLOW),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	if (is_secret(path))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"secrets are not shown: '%s' is a memory file system of the task's own",
			path);
	do /* EAGAIN: something was renamed under a ".." just now (openat2(2)) */
		fd = sys_openat2(tree, *path ? path : "/", &how);
	while (fd < 0 && errno == EAGAIN);
	own_fd found = fd;
	if (found < 0 || fstat(found, ret_st))
		return find_error(path, err);
	return fd_take(&found);
}

/* By the descriptor: it is the same thing as was looked at, whatever has the name by now. */
int alloc_tree_read(int found, const struct stat *st, const char *path, struct iso_err *err)
{
	char name[64];
	bool is_dir = S_ISDIR(st->st_mode);

	if (!is_dir && !S_ISREG(st->st_mode))
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "'%s' is a %s and is not opened", path,
			alloc_tree_kind(st->st_mode));
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
	int fd = open(
		name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0));
	return fd < 0 ? iso_err_sys(err, "open '%s'", path) : fd;
}

const char *alloc_tree_kind(mode_t mode)
{
	static const struct {
		mode_t type;
		const char *name;
	} rows[] = {{S_IFREG, "file"}, {S_IFDIR, "directory"}, {S_IFLNK, "link"}, {S_IFIFO, "FIFO"},
		{S_IFSOCK, "socket"}, {S_IFCHR, "character device"}, {S_IFBLK, "block device"}};

	for (size_t i = 0; i < iso_len(rows); i++)
		if ((mode & S_IFMT) == rows[i].type)
			return rows[i].name;
	return "thing";
}
