/*
 * The root: parts are taken as detached mounts, put onto the task directory by descriptor, then the
 * root is changed. Runs in the child, host tree still visible.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "apply/apply.h"
#include "apply/path.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	MAX_LAYERS = 4,
	FD_PATH_ROOM = 32,
	LOWER_ROOM = MAX_LAYERS * FD_PATH_ROOM,
	DIR_MODE = 0755,
	FILE_MODE = 0644,
	IDENTITY_ROOM = 64
};

int apply_NETNS(struct apply *a, const struct step *s, struct iso_err *err)
{
	own_fd fd = sys_openat(AT_FDCWD, steps_str(a->steps, s, 0), O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0 || sys_setns(fd, CLONE_NEWNET))
		return iso_err_sys(err, "join the network namespace");
	return 0;
}

/* What the facts saw is what was taken: nobody has put something else there since. */
static int check_identity(int fd, const char *want, struct iso_err *err)
{
	char have[IDENTITY_ROOM];
	struct sys_stat st;

	if (!*want)
		return 0;
	if (sys_statx(fd, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
		return iso_err_sys(err, "look at the tree");
	(void)snprintf(have, sizeof(have), "%u:%u:%llu", st.dev_major, st.dev_minor,
		(unsigned long long)st.ino);
	return strcmp(have, want) ? iso_err_set(err, ISO_FAULT_SYSTEM, EAGAIN,
					    "it changed while the task was starting: something "
					    "else lies there")
				  : 0;
}

int apply_TREE_OPEN(struct apply *a, const struct step *s, struct iso_err *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (s->num[0] ? AT_RECURSIVE : 0U);
	const struct mount_attr attr = {.attr_set = s->num[1], .propagation = s->num[2]};
	own_fd fd = sys_open_tree(AT_FDCWD, steps_str(a->steps, s, 0), flags);

	if (fd < 0)
		return iso_err_sys(err, "take the tree");
	if (check_identity(fd, steps_str(a->steps, s, 1), err))
		return -1;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | (s->num[0] ? AT_RECURSIVE : 0U), &attr))
		return iso_err_sys(err, "set the attributes of the tree");
	apply_to(a, s, fd_take(&fd));
	return 0;
}

int apply_PROPAGATION(struct apply *a, const struct step *s, struct iso_err *err)
{
	const struct mount_attr attr = {.propagation = s->num[0]};

	(void)a;
	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr))
		return iso_err_sys(err, "cut the propagation of mounts");
	return 0;
}

/* Layers go in as /proc/self/fd/N: opened here once, no length limit and no escaping of what paths
 * may hold. */
static int open_layer(const char *path, int *fd, char *text, struct iso_err *err)
{
	*fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (*fd < 0)
		return iso_err_sys(err, "open the layer '%s'", path);
	(void)snprintf(text, FD_PATH_ROOM, "/proc/self/fd/%d", *fd);
	return 0;
}

/* The upper layer lies in the task directory, which is full of what the task and its artifacts put
 * there: no link is followed, what is missing is made and remembered. */
static int open_upper(
	struct apply *a, const struct step *s, int *fd, char *text, struct iso_err *err)
{
	struct path_facts facts;
	own_fd dir = sys_openat(
		AT_FDCWD, apply_task_dir(a), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (dir < 0 || path_facts(dir, &facts))
		return iso_err_sys(err, "open the task directory");
	const struct path_root root = {dir, facts.mount_id};
	*fd = path_make(a, &root, steps_str(a->steps, s, 0), true, true, DIR_MODE, err);
	if (*fd < 0)
		return -1;
	if (path_facts(*fd, &facts))
		return iso_err_sys(err, "look at the upper layer");
	if (facts.kind != PATH_DIR)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOTDIR,
			"'%s' in the task directory is in the way: expected a directory",
			steps_str(a->steps, s, 0));
	(void)snprintf(text, FD_PATH_ROOM, "/proc/self/fd/%d", *fd);
	return 0;
}

static int set_layer(int fs, const char *key, const char *value, struct iso_err *err)
{
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0)
		       ? iso_err_sys(err, "set '%s' of the overlay", key)
		       : 0;
}

static int lower_layers(
	struct apply *a, const struct step *s, int fs, int *fds, struct iso_err *err)
{
	struct steps_list list = steps_list(a->steps, s, 1);
	char lower[LOWER_ROOM] = "", one[FD_PATH_ROOM];
	const char *path;
	unsigned n = 0;

	while ((path = steps_list_next(&list))) {
		if (n == MAX_LAYERS)
			return iso_err_set(
				err, ISO_FAULT_PROTOCOL, 0, "overlay has too many layers");
		if (open_layer(path, &fds[n], one, err))
			return -1;
		size_t len = strlen(lower);
		(void)snprintf(lower + len, sizeof(lower) - len, "%s%s", n ? ":" : "", one);
		n++;
	}
	return set_layer(fs, "lowerdir", lower, err);
}

static int upper_layer(struct apply *a, const struct step *s, int fs, int *fds, struct iso_err *err)
{
	char text[FD_PATH_ROOM];

	if (!s->len[0])
		return 0;
	if (open_upper(a, s, &fds[0], text, err) || set_layer(fs, "upperdir", text, err))
		return -1;
	return open_layer(steps_str(a->steps, s, 2), &fds[1], text, err) ||
			       set_layer(fs, "workdir", text, err)
		       ? -1
		       : 0;
}

int apply_OVERLAY(struct apply *a, const struct step *s, struct iso_err *err)
{
	int fds[MAX_LAYERS + 2];
	own_fd fs = sys_fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return iso_err_sys(err, "open a file system of type 'overlay'");
	for (unsigned i = 0; i < iso_len(fds); i++)
		fds[i] = -1;
	int mount = -1;
	if (!lower_layers(a, s, fs, fds, err) && !upper_layer(a, s, fs, fds + MAX_LAYERS, err)) {
		/* whoever killed the machine has no use for what the task wrote into its root: no
		 * sync at the end */
		if (s->len[0])
			(void)sys_fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
		if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
			(void)iso_err_sys(err, "make the overlay");
		else if ((mount = sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)s->num[0])) < 0)
			(void)iso_err_sys(err, "mount the overlay");
	}
	for (unsigned i = 0; i < iso_len(fds); i++)
		(void)fd_close(fds[i]);
	if (mount < 0)
		return -1;
	apply_to(a, s, mount);
	return 0;
}

/* Mounts below which ours may lie: nothing else is a target. */
static int may_attach_below(struct apply *a, int fd, struct iso_err *err)
{
	struct path_facts facts;

	if (path_facts(fd, &facts))
		return iso_err_sys(err, "look at the mount");
	if (a->n_mount_ids == MAX_MOUNT_IDS)
		return iso_err_set(err, ISO_FAULT_LIMIT, 0, "more than %d mounts", MAX_MOUNT_IDS);
	a->mount_ids[a->n_mount_ids++] = facts.mount_id;
	return 0;
}

static bool is_target(const struct apply *a, uint64_t mount_id)
{
	for (unsigned i = 0; i < a->n_mount_ids; i++)
		if (a->mount_ids[i] == mount_id)
			return true;
	return false;
}

int apply_ROOT_ATTACH(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *dir = steps_str(a->steps, s, 0);
	const struct mount_attr attr = {.attr_set = s->num[0], .propagation = MS_PRIVATE};
	struct path_facts facts;

	a->root_fd = sys_open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (a->root_fd < 0)
		return iso_err_sys(err, "take the task directory");
	if (sys_mount_setattr(a->root_fd, "", AT_EMPTY_PATH, &attr) ||
		sys_move_mount(a->root_fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH) ||
		path_facts(a->root_fd, &facts))
		return iso_err_sys(err, "attach the root");
	a->root_mount_id = facts.mount_id;
	return may_attach_below(a, a->root_fd, err);
}

int apply_MOUNT_POINT(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *path = steps_str(a->steps, s, 0);
	struct path_facts facts;
	const struct path_root root = {a->root_fd, a->root_mount_id};
	own_fd fd = path_make(a, &root, path, true, true, (unsigned)s->num[0], err);

	if (fd < 0)
		return -1;
	if (path_facts(fd, &facts))
		return iso_err_sys(err, "look at the mount point");
	if (facts.kind != PATH_DIR)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOTDIR,
			"'%s' in the task directory is in the way: expected a directory, not a "
			"link or file",
			path);
	return 0;
}

int apply_ROOT_LINK(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *path = path_in_root(steps_str(a->steps, s, 0)),
		   *target = steps_str(a->steps, s, 1);
	char old[4096];

	if (!sys_symlinkat(target, a->root_fd, path)) {
		struct made_list *m = a->made;
		if (m->n < MAX_MADE)
			m->v[m->n++] =
				(struct made){.step = a->at, .prefix = (uint16_t)strlen(path)};
		return 0;
	}
	if (errno != EEXIST)
		return iso_err_sys(err, "make the link");
	ssize_t n = sys_readlinkat(a->root_fd, path, old, sizeof(old) - 1);
	if (n < 0 && errno != EINVAL)
		return iso_err_sys(err, "read the link");
	if (n < 0 || (size_t)n != strlen(target) || memcmp(old, target, (size_t)n) != 0)
		return iso_err_set(err, ISO_FAULT_SYSTEM, EEXIST,
			"'%s' in the task directory is in the way: expected a link to '%s'", path,
			target);
	return 0;
}

int apply_ATTACH(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *path = steps_str(a->steps, s, 0);
	bool is_file = s->num[0] == 1, make = s->num[1] != 0, host = s->num[2] != 0;
	struct path_facts facts;
	const struct path_root root = {a->root_fd, a->root_mount_id};
	own_fd target = make ? path_make(a, &root, path, false, !is_file,
				       is_file ? FILE_MODE : DIR_MODE, err)
			     : path_open_own(a->root_fd, path, O_PATH);

	if (target < 0)
		return make ? -1 : iso_err_sys(err, "open the mount point");
	if (path_facts(target, &facts))
		return iso_err_sys(err, "look at the mount point");
	if ((facts.kind == PATH_DIR) == is_file)
		return iso_err_set(err, ISO_FAULT_INPUT, is_file ? EISDIR : ENOTDIR,
			"cannot mount at '%s': %s is there, the source is %s", path,
			is_file ? "a directory" : "a file", is_file ? "a file" : "a directory");
	if (!is_target(a, facts.mount_id))
		return iso_err_set(err, ISO_FAULT_INPUT, EXDEV,
			"cannot mount at '%s': the path leads into files of the host, where no "
			"mount point of a task may lie",
			path);
	if (sys_move_mount(apply_from(a, s), "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return iso_err_sys(err, "attach");
	return host ? 0 : may_attach_below(a, apply_from(a, s), err);
}

int apply_PIVOT(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)s;
	/* old and new root one upon the other: no directory for the old one is needed in the task's
	 * tree */
	if (sys_fchdir(a->root_fd) || sys_pivot_root(".", ".") || sys_umount2(".", MNT_DETACH) ||
		sys_chdir("/"))
		return iso_err_sys(err, "change the root");
	a->root_fd = fd_close(a->root_fd);
	return 0;
}

/* For roots on a ramdisk, which cannot be pivoted (no_pivot_root): the host's /proc and /sys must
 * not shine through. */
int apply_MOVE_ROOT(struct apply *a, const struct step *s, struct iso_err *err)
{
	static const char *const host[] = {"/proc", "/sys"};

	(void)s;
	for (size_t i = 0; i < iso_len(host); i++)
		if (sys_umount2(host[i], MNT_DETACH) && errno != EINVAL && errno != ENOENT)
			return iso_err_sys(err, "unmount the host's '%s'", host[i]);
	if (sys_fchdir(a->root_fd) || sys_mount(".", "/", NULL, MS_MOVE, NULL) || sys_chroot(".") ||
		sys_chdir("/"))
		return iso_err_sys(err, "move the root");
	a->root_fd = fd_close(a->root_fd);
	return 0;
}
