/* Clean names and safe moves (place.h). All by descriptor; links are never followed. */
#include "fetch/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"

enum {
	DIR_MODE = 0755,
	COPY_BYTES = 8 * 1024
};

int place_clean(const char *name, char ret[static PLACE_MAX_PATH], struct iso_err *err)
{
	size_t len = 0;
	unsigned depth = 0;

	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\\')
			return iso_err_set(
				err, ISO_FAULT_INPUT, 0, "name holds a control byte or backslash");
	if (*name == '/')
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "name '%.100s' is absolute", name);
	for (const char *at = name; *at;) {
		size_t part = strcspn(at, "/");
		if (part == 2 && at[0] == '.' && at[1] == '.')
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"name '%.100s' leads out of the destination", name);
		if (part && !(part == 1 && *at == '.')) {
			if (part > PLACE_MAX_NAME || len + part + 2 > PLACE_MAX_PATH ||
				++depth > PLACE_MAX_DEPTH)
				return iso_err_set(err, ISO_FAULT_LIMIT, ENAMETOOLONG,
					"name '%.60s...' is too long or too deep", name);
			if (len)
				ret[len++] = '/';
			memcpy(ret + len, at, part);
			len += part;
		}
		at += part;
		at += *at == '/';
	}
	ret[len] = '\0';
	return 0;
}

int place_open_dir(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_DIRECTORY | O_RDONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

DIR *place_list(int dir, const char *name)
{
	own_fd fd = place_open_dir(dir, name);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (list)
		(void)fd_take(&fd);
	return list;
}

/* The deepest directory on the way to @path[@len] that is there; *len: of its path. From the far
 * end: an archive has many names in few directories. Return: fd; -1, errno. */
static int deepest(int dir, const char *path, size_t *len)
{
	char part[PLACE_MAX_PATH];
	int fd = -1;

	memcpy(part, path, *len);
	do {
		part[*len] = '\0';
		fd = place_open_dir(dir, *len ? part : ".");
		if (fd >= 0 || errno != ENOENT || !*len)
			break;
		const char *slash = strrchr(part, '/');
		*len = slash ? (size_t)(slash - part) : 0;
	} while (true);
	return fd;
}

int place_parent(
	int dir, const char *path, const char **ret_name, uint64_t *ret_made, struct iso_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t end = slash ? (size_t)(slash - path) : 0, len = end;
	own_fd at = deepest(dir, path, &len);

	*ret_name = slash ? slash + 1 : path;
	*ret_made = 0;
	while (at >= 0 && len < end) {
		char name[PLACE_MAX_NAME + 1];
		const char *from = path + len + (len > 0);
		size_t n = strcspn(from, "/");
		memcpy(name, from, n);
		name[n] = '\0';
		len = (size_t)(from - path) + n;
		if (mkdirat(at, name, DIR_MODE))
			return iso_err_sys(err, "make the directory above '%.100s'", path);
		++*ret_made;
		own_fd next = place_open_dir(at, name);
		(void)fd_close(at);
		at = fd_take(&next);
	}
	return at < 0 ? iso_err_sys(err,
				"enter the directory above '%.100s' (links are not followed)", path)
		      : fd_take(&at);
}

static int copy_file(int from_dir, const char *from, int to_dir, const char *to)
{
	char data[COPY_BYTES];
	struct stat st;
	ssize_t n = -1;

	own_fd in = openat(from_dir, from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0 || fstat(in, &st))
		return -1;
	own_fd out = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		st.st_mode & 0777);
	while (out >= 0 && (n = read(in, data, sizeof(data))) > 0) {
		ssize_t written = write(out, data, (size_t)n);
		if (written >= 0 && written < n)
			errno = ENOSPC;
		if (written != n)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

/* Return: 1 it is no link. */
static int copy_link(int from_dir, const char *from, int to_dir, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, from, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL ? 1 : -1;
	target[n] = '\0';
	return symlinkat(target, to_dir, to);
}

/* Another file system (secrets): copied beside its name, then renamed. */
static int copy_over(
	int from_dir, const char *from, int to_dir, const char *name, struct iso_err *err)
{
	static const char beside[] = ".isoexec-fetch";

	(void)unlinkat(to_dir, beside, 0);
	int r = copy_link(from_dir, from, to_dir, beside);
	if (r == 1)
		r = copy_file(from_dir, from, to_dir, beside);
	if (r || renameat(to_dir, beside, to_dir, name)) {
		(void)iso_err_sys(err, "copy '%s' to its destination", name);
		(void)unlinkat(to_dir, beside, 0);
		return -1;
	}
	(void)unlinkat(from_dir, from, 0);
	return 0;
}

int place_file(int from_dir, const char *from, int to_dir, const char *name, struct iso_err *err)
{
	if (!renameat(from_dir, from, to_dir, name))
		return 0;
	if (errno == EXDEV)
		return copy_over(from_dir, from, to_dir, name, err);
	return iso_err_sys(err, "move '%s' to its destination", name);
}

static bool is_dir(int dir, const char *name)
{
	struct stat st;
	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static int merge_dir(
	int from_dir, int to_dir, const char *name, unsigned depth, struct iso_err *err)
{
	if (mkdirat(to_dir, name, DIR_MODE) && errno == EEXIST && !is_dir(to_dir, name) &&
		!unlinkat(to_dir, name, 0))
		(void)mkdirat(to_dir, name, DIR_MODE);
	own_fd from = place_open_dir(from_dir, name);
	own_fd to = place_open_dir(to_dir, name);
	if (from < 0 || to < 0)
		return iso_err_sys(err, "enter '%s'", name);
	return place_tree(from, to, depth + 1, err);
}

int place_tree(int from_dir, int to_dir, unsigned depth, struct iso_err *err)
{
	own_dir dir = place_list(from_dir, ".");

	if (!dir || depth > PLACE_MAX_DEPTH)
		return iso_err_sys(err, "read a directory of the archive");
	for (const struct dirent *e; (e = readdir(dir));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		int r = is_dir(from_dir, e->d_name)
				? merge_dir(from_dir, to_dir, e->d_name, depth, err)
				: place_file(from_dir, e->d_name, to_dir, e->d_name, err);
		if (r)
			return -1;
	}
	return 0;
}

void place_empty(int dir, unsigned depth)
{
	own_dir d = place_list(dir, ".");

	for (const struct dirent *e; d && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
			!unlinkat(dir, e->d_name, 0))
			continue;
		own_fd below = depth < PLACE_MAX_DEPTH + 2 ? place_open_dir(dir, e->d_name) : -1;
		if (below >= 0)
			place_empty(below, depth + 1);
		(void)unlinkat(dir, e->d_name, AT_REMOVEDIR);
	}
}
