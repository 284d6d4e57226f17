/* Kernel file systems of the task, and what of them is covered or made read-only. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "apply/apply.h"
#include "apply/mounts.h"
#include "apply/path.h"
#include "base/own.h"
#include "base/sys.h"

static int attach_at(int mount, int target, struct iso_err *err)
{
	if (sys_move_mount(
		    mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return iso_err_sys(err, "attach");
	return 0;
}

/* At a fixed path of ours: no link on the way, a real directory. */
int apply_MOUNT(struct apply *a, const struct step *s, struct iso_err *err)
{
	own_fd target = path_open_own(a->root_fd, steps_str(a->steps, s, 0), O_PATH | O_DIRECTORY);

	if (target < 0)
		return iso_err_sys(err, "open the mount point");
	own_fd mount = mount_new(
		steps_str(a->steps, s, 1), steps_str(a->steps, s, 2), (unsigned)s->num[0], err);
	return mount < 0 ? -1 : attach_at(mount, target, err);
}

/* The host's /dev/null, and only if it is one: a task cannot have had a hand in it. */
static int null_file(struct iso_err *err)
{
	struct sys_stat st;
	const struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .propagation = MS_PRIVATE};
	own_fd fd = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || sys_statx(fd, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
		return iso_err_sys(err, "take '/dev/null'");
	if ((st.mode & 0170000) != 0020000 || st.rdev_major != 1 || st.rdev_minor != 3)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENODEV,
			"the host's '/dev/null' is not the null device");
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr))
		return iso_err_sys(err, "set the attributes of '/dev/null'");
	return fd_take(&fd);
}

int apply_MASK(struct apply *a, const struct step *s, struct iso_err *err)
{
	struct path_facts facts;
	own_fd target = path_open_own(a->root_fd, steps_str(a->steps, s, 0), O_PATH);

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : iso_err_sys(err, "open");
	if (path_facts(target, &facts))
		return iso_err_sys(err, "look at it");
	own_fd mount = facts.kind == PATH_DIR
			       ? mount_new("tmpfs", "size=4k,nr_inodes=2,mode=0555",
					 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						 MOUNT_ATTR_NOEXEC,
					 err)
			       : null_file(err);
	return mount < 0 ? -1 : attach_at(mount, target, err);
}

int apply_READ_ONLY(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *path = steps_str(a->steps, s, 0);
	const struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
	own_fd target = path_open_own(a->root_fd, path, O_PATH);

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : iso_err_sys(err, "open");
	own_fd mount =
		sys_open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (mount < 0 || sys_mount_setattr(mount, "", AT_EMPTY_PATH, &attr))
		return iso_err_sys(err, "bind it read-only");
	return attach_at(mount, target, err);
}
