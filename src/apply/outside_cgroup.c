/* Cgroup directories, before the task exists: made, limited, given their device rules. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "apply/apply.h"
#include "apply/device_program.h"
#include "base/fd.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	MAX_PATH = 4096,
	VALUE_ROOM = 2048, /* a cpuset, canonical: as many processors as a kernel is built for */
	MAX_TRIES = 1000
};

/* Parents too; the end of another task may remove an empty parent between two calls, so again. */
static int make_directory(const char *dir)
{
	char partial[MAX_PATH];
	size_t len = strlen(dir);

	if (len >= sizeof(partial)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (unsigned tries = 0; tries < MAX_TRIES; tries++) {
		if (!sys_mkdirat(AT_FDCWD, dir, 0755) || errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			return -1;
		memcpy(partial, dir, len + 1);
		for (char *slash = strchr(partial + 1, '/'); slash;
			slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			if (sys_mkdirat(AT_FDCWD, partial, 0755) && errno != EEXIST &&
				errno != EROFS && errno != ENOENT)
				return -1;
			*slash = '/';
		}
	}
	errno = ENOENT;
	return -1;
}

int apply_CGROUP_MAKE(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *dir = steps_str(a->steps, s, 0);

	if (make_directory(dir))
		return iso_err_sys(err, "make the cgroup");
	int fd = sys_openat(AT_FDCWD, dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return iso_err_sys(err, "open the cgroup");
	apply_to(a, s, fd);
	return 0;
}

int apply_CGROUP_ENABLE(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *controllers = steps_str(a->steps, s, 1);
	own_fd dir = sys_openat(
		AT_FDCWD, steps_str(a->steps, s, 0), O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);

	if (dir >= 0 && !fd_put(dir, "cgroup.subtree_control", controllers, strlen(controllers)))
		return 0;
	if (dir >= 0 && errno == EBUSY) /* cgroup-v2.rst, "No Internal Process Constraint" */
		return iso_err_set(err, ISO_FAULT_SYSTEM, EBUSY,
			"there are processes in it, so its children get no controllers: move them "
			"to a child of it, or name another -cgroup-parent");
	return iso_err_sys(err, "write '%s' to 'cgroup.subtree_control'", controllers);
}

/* v1 cpuset: a new directory is empty and refuses processes. Values come down from the parent, made
 * first where it is empty too. */
static int copy_down(const char *dir, const char *file, unsigned depth, struct iso_err *err)
{
	char value[4096], parent[MAX_PATH];

	own_fd fd = sys_openat(AT_FDCWD, dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return iso_err_sys(err, "open the cgroup '%s'", dir);
	ssize_t n = fd_get(fd, file, value, sizeof(value));
	if (n < 0)
		return iso_err_sys(err, "read '%s/%s'", dir, file);
	if (value[0] && value[0] != '\n')
		return 0;
	const char *slash = strrchr(dir, '/');
	if (!slash || slash == dir || depth == 0)
		return iso_err_set(
			err, ISO_FAULT_SYSTEM, 0, "'%s' of the cgroup root is empty", file);
	memcpy(parent, dir, (size_t)(slash - dir));
	parent[slash - dir] = '\0';
	if (copy_down(parent, file, depth - 1, err))
		return -1;
	own_fd up = sys_openat(AT_FDCWD, parent, O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
	n = up < 0 ? -1 : fd_get(up, file, value, sizeof(value));
	if (n < 0 || fd_put(fd, file, value, (size_t)n))
		return iso_err_sys(err, "copy '%s' to '%s'", file, dir);
	return 0;
}

/* The directory behind a slot is the one that the CGROUP_MAKE before it made. */
static const char *directory_of(const struct apply *a, const struct step *s)
{
	for (uint32_t i = 0; i < a->at; i++)
		if (a->steps->step[i].op == STEP_CGROUP_MAKE && a->steps->step[i].to == s->from)
			return steps_str(a->steps, &a->steps->step[i], 0);
	return "";
}

int apply_CGROUP_COPY(struct apply *a, const struct step *s, struct iso_err *err)
{
	enum {
		MAX_DEPTH = 16
	};
	return copy_down(directory_of(a, s), steps_str(a->steps, s, 0), MAX_DEPTH, err);
}

int apply_CGROUP_WRITE(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *file = steps_str(a->steps, s, 0), *value = steps_str(a->steps, s, 1);

	if (!fd_put(apply_from(a, s), file, value, strlen(value)))
		return 0;
	bool optional = s->num[0] && (errno == ENOENT || errno == EOPNOTSUPP || errno == EACCES ||
					     errno == EINVAL);
	if (optional)
		return 0;
	return iso_err_sys(
		err, "write '%s' to '%s' of the cgroup '%s'", value, file, directory_of(a, s));
}

int apply_CGROUP_GRANTED(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *file = steps_str(a->steps, s, 0), *effective = steps_str(a->steps, s, 1);
	char asked[VALUE_ROOM], granted[VALUE_ROOM];

	if (fd_get(apply_from(a, s), file, asked, sizeof(asked)) < 0 ||
		fd_get(apply_from(a, s), effective, granted, sizeof(granted)) < 0)
		return iso_err_sys(err, "read '%s' and '%s'", file, effective);
	if (!strcmp(asked, granted))
		return 0;
	asked[strcspn(asked, "\n")] = granted[strcspn(granted, "\n")] = '\0';
	return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
		"'%s' of a cgroup above allows '%s' only, '%s' were asked for", file, granted,
		asked);
}

int apply_CGROUP_DEVICES(struct apply *a, const struct step *s, struct iso_err *err)
{
	int dir = apply_from(a, s);
	struct steps_list rules = steps_list(a->steps, s, 0);
	const char *rule;

	if (sys_fd_is_cgroup2(dir) == 1)
		return device_program_attach(dir, rules, err);
	if (fd_put(dir, "devices.deny", "a", 1))
		return iso_err_sys(err, "deny all devices");
	while ((rule = steps_list_next(&rules)))
		if (fd_put(dir, "devices.allow", rule, strlen(rule)))
			return iso_err_sys(err, "allow device '%s'", rule);
	return 0;
}

int apply_CGROUP_SELF(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *path = steps_str(a->steps, s, 0);

	/* the last supervisor to leave removes it, perhaps between our calls: then ENOENT, ENODEV
	 */
	for (unsigned tries = 0; tries < MAX_TRIES; tries++) {
		if (make_directory(path))
			return iso_err_sys(err, "make the supervisors' cgroup");
		own_fd dir = sys_openat(AT_FDCWD, path, O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
		if (dir >= 0 && !fd_put(dir, "tasks", "0", 1))
			return 0;
		if (errno != ENOENT && errno != ENODEV)
			break;
	}
	return iso_err_sys(err, "enter the supervisors' cgroup");
}

/* "0 > tasks" moves the writer alone, which needs no grace period of the kernel; cgroup.procs costs
 * 8 to 16 ms. */
int apply_CGROUP_JOIN(struct apply *a, const struct step *s, struct iso_err *err)
{
	return fd_put(apply_from(a, s), "tasks", "0", 1) ? iso_err_sys(err, "enter the cgroup") : 0;
}
