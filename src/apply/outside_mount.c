/* What the root is made of and can be prepared in the host's namespaces: layers, directories, /dev,
 * log FIFOs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "apply/mounts.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	MAX_PATH = 4096,
	DIR_MODE = 0755,
	PRIVATE_MODE = 0700,
	FIFO_MODE = 0600,
	DEVICE_MODE_BITS = 07777
};

static int is_kind(const char *path, uint16_t type)
{
	struct sys_stat st;

	if (sys_statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, SYS_STAT_BASIC, &st))
		return -1;
	errno = ENOTDIR;
	return (st.mode & S_IFMT) == type ? 0 : -1;
}

static int make_parents(const char *path)
{
	char partial[MAX_PATH];
	size_t len = strlen(path);

	if (len >= sizeof(partial)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(partial, path, len + 1);
	for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (sys_mkdirat(AT_FDCWD, partial, PRIVATE_MODE) && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return 0;
}

static int make_dir(const char *path, unsigned mode)
{
	int r = sys_mkdirat(AT_FDCWD, path, mode);

	if (r && errno == ENOENT && !make_parents(path))
		r = sys_mkdirat(AT_FDCWD, path, mode);
	return r && errno == EEXIST ? is_kind(path, S_IFDIR) : r;
}

int apply_MKDIR(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *path = steps_str(a->steps, s, 0);
	int r = sys_mkdirat(AT_FDCWD, path, (unsigned)s->num[0]);

	if (r && errno == ENOENT && !make_parents(path))
		r = sys_mkdirat(AT_FDCWD, path, (unsigned)s->num[0]);
	if (r && errno == EEXIST)
		return is_kind(path, S_IFDIR) ? iso_err_sys(err, "expected a directory") : 0;
	if (r)
		return iso_err_sys(err, "make the directory");
	own_fd fd = sys_openat(AT_FDCWD, path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0 || sys_fchmod(fd, (unsigned)s->num[0]) ||
		sys_fchown(fd, (unsigned)s->num[1], (unsigned)s->num[2]))
		return iso_err_sys(err, "set mode and owner");
	return 0;
}

int apply_TOUCH(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *path = steps_str(a->steps, s, 0);

	if (!sys_mknodat(AT_FDCWD, path, S_IFREG | (unsigned)s->num[0], 0, 0))
		return 0;
	if (errno != EEXIST || is_kind(path, S_IFREG))
		return iso_err_sys(err, "make the file");
	return 0;
}

/* A whiteout is a character device 0:0 (overlayfs.rst). Whatever else lies there would hide
 * nothing. */
static int whiteout(const char *layer, const char *name, struct iso_err *err)
{
	char path[MAX_PATH];
	struct sys_stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", layer, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return iso_err_set(
			err, ISO_FAULT_INPUT, ENAMETOOLONG, "name '%s' is too long", name);
	for (char *slash = strchr(path + strlen(layer) + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (make_dir(path, DIR_MODE))
			return iso_err_sys(err, "make '%s'", path);
		*slash = '/';
	}
	if (!sys_mknodat(AT_FDCWD, path, S_IFCHR, 0, 0))
		return 0;
	if (errno != EEXIST)
		return iso_err_sys(err, "make the whiteout '%s'", path);
	if (sys_statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, SYS_STAT_BASIC, &st))
		return iso_err_sys(err, "look at the whiteout '%s'", path);
	if ((st.mode & S_IFMT) != S_IFCHR || st.rdev_major || st.rdev_minor)
		return iso_err_set(err, ISO_FAULT_SYSTEM, EEXIST,
			"'%s' is in the way of a whiteout: remove it", path);
	return 0;
}

/* Made in the task's own state directory and renamed: a layer that has its name is whole. Whoever
 * comes second finds the name taken, which is as good; what is not renamed is removed with the
 * task. */
int apply_MASK_LAYER(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *layer = steps_str(a->steps, s, 0), *name;
	char beside[MAX_PATH];

	if (!is_kind(layer, S_IFDIR))
		return 0;
	int n = snprintf(beside, sizeof(beside), "%s/" APPLY_LAYER_NAME, a->state_dir);
	if (n < 0 || (size_t)n >= sizeof(beside))
		return iso_err_set(err, ISO_FAULT_INPUT, ENAMETOOLONG, "path is too long");
	if (make_parents(layer) || make_dir(beside, DIR_MODE))
		return iso_err_sys(err, "make the layer");
	if (s->len[1]) {
		struct steps_list names = steps_list(a->steps, s, 1);
		while ((name = steps_list_next(&names)))
			if (whiteout(beside, name, err))
				return -1;
	}
	if (!sys_renameat(AT_FDCWD, beside, AT_FDCWD, layer))
		return 0;
	return errno == EEXIST || errno == ENOTEMPTY ? 0 : iso_err_sys(err, "name the layer");
}

int apply_TMPFS(struct apply *a, const struct step *s, struct iso_err *err)
{
	int fd = mount_new("tmpfs", steps_str(a->steps, s, 0), (unsigned)s->num[0], err);

	if (fd < 0)
		return -1;
	apply_to(a, s, fd);
	return 0;
}

int apply_NODE(struct apply *a, const struct step *s, struct iso_err *err)
{
	int dir = apply_from(a, s);
	const char *name = steps_str(a->steps, s, 0);

	if (sys_mknodat(dir, name, S_IFCHR | (unsigned)s->num[0], (unsigned)s->num[1],
		    (unsigned)s->num[2]))
		return iso_err_sys(err, "make the device node");
	/* the starter's umask must not matter */
	return mode_at(dir, name, (unsigned)s->num[0] & DEVICE_MODE_BITS)
		       ? iso_err_sys(err, "set the mode")
		       : 0;
}

int apply_LINK(struct apply *a, const struct step *s, struct iso_err *err)
{
	if (sys_symlinkat(steps_str(a->steps, s, 1), apply_from(a, s), steps_str(a->steps, s, 0)))
		return iso_err_sys(err, "make the link");
	return 0;
}

int apply_SUBDIR(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *name = steps_str(a->steps, s, 0);

	if (sys_mkdirat(apply_from(a, s), name, (unsigned)s->num[0]))
		return iso_err_sys(err, "make the directory");
	own_fd fd = sys_openat(apply_from(a, s), name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0 || sys_fchmod(fd, (unsigned)s->num[0]) ||
		sys_fchown(fd, (unsigned)s->num[1], (unsigned)s->num[2]))
		return iso_err_sys(err, "set mode and owner");
	return 0;
}

int apply_FILE(struct apply *a, const struct step *s, struct iso_err *err)
{
	own_fd fd = sys_openat(apply_from(a, s), steps_str(a->steps, s, 0),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (unsigned)s->num[0]);

	if (fd < 0 || sys_write(fd, steps_str(a->steps, s, 1), s->len[1]) != (ssize_t)s->len[1])
		return iso_err_sys(err, "write the file");
	return 0;
}

/* Opened read-write on both sides: no reader's or writer's death ends the stream, an adopter can
 * open it again. */
int apply_LOG(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *fifo = steps_str(a->steps, s, 0);
	uint64_t stream = s->num[0];

	if (stream < 1 || stream >= iso_len(a->log_read))
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0, "unknown stream");
	if (sys_mknodat(AT_FDCWD, fifo, S_IFIFO | FIFO_MODE, 0, 0) &&
		(errno != EEXIST || is_kind(fifo, S_IFIFO)))
		return iso_err_sys(err, "make the FIFO");
	a->log_read[stream] =
		sys_openat(AT_FDCWD, fifo, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0);
	int task_end = sys_openat(AT_FDCWD, fifo, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
	if (a->log_read[stream] < 0 || task_end < 0) {
		(void)fd_close(task_end);
		return iso_err_sys(err, "open the FIFO");
	}
	apply_to(a, s, task_end);
	return 0;
}

int apply_LANDLOCK_SCOPE(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	return sys_landlock_scope(s->num[0]) ? iso_err_sys(err, "enter a Landlock domain") : 0;
}
