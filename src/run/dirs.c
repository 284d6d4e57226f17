/* Making the directories of an alloc (dirs.h has the layout). */
#include "run/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

/* Parents of the alloc directory: DATA and DATA/alloc, made private when missing. */
static int make_parents(const char *path, struct iso_err *err)
{
	char partial[4096];
	size_t len = strlen(path);

	if (len >= sizeof(partial))
		return iso_err_set(
			err, ISO_FAULT_INPUT, ENAMETOOLONG, "path '%.64s...' is too long", path);
	memcpy(partial, path, len + 1);
	for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(partial, 0700) && errno != EEXIST)
			return iso_err_sys(err, "make directory '%s'", partial);
		*slash = '/';
	}
	return 0;
}

static int make_private(const char *path, struct iso_err *err)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return iso_err_sys(err, "make directory '%s'", path);
	if (make_parents(path, err))
		return -1;
	if (mkdir(path, 0700) && errno != EEXIST)
		return iso_err_sys(err, "make directory '%s'", path);
	return 0;
}

static int open_made(const char *path, struct iso_err *err)
{
	if (make_private(path, err))
		return -1;
	int fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return iso_err_sys(err, "open directory '%s'", path);
	return fd;
}

struct wanted {
	const char *name; /* relative to the alloc directory; "%s" is the task's name */
	mode_t mode;
	bool task_owned;
};

/* Parents come before children. Modes are exact: alloc_run() clears the umask. */
static const struct wanted wanted[] = {
	{"alloc", 0755, false},
	{"alloc/data", 0777, false},
	{"alloc/logs", 0755, false},
	{"alloc/tmp", 01777, false},
	{"%s", 0755, true},
	{"%s/local", 0755, true},
	{"%s/tmp", 01777, false},
};

static int make_one(int alloc_fd, const struct wanted *w, const struct task_config *task,
	uint32_t uid, uint32_t gid, struct iso_err *err)
{
	char name[600];
	const char *mark = strstr(w->name, "%s");
	int n = mark ? snprintf(name, sizeof(name), "%.*s%s%s", (int)(mark - w->name), w->name,
			       task->task_name, mark + 2)
		     : snprintf(name, sizeof(name), "%s", w->name);
	if (n < 0 || (size_t)n >= sizeof(name))
		return iso_err_set(err, ISO_FAULT_INPUT, ENAMETOOLONG, "task name is too long");

	if (mkdirat(alloc_fd, name, w->mode)) {
		if (errno != EEXIST)
			return iso_err_sys(err, "make directory '%s/%s'", task->alloc_dir, name);
		struct stat st;
		if (fstatat(alloc_fd, name, &st, AT_SYMLINK_NOFOLLOW))
			return iso_err_sys(err, "look at '%s/%s'", task->alloc_dir, name);
		if (!S_ISDIR(st.st_mode))
			return iso_err_set(err, ISO_FAULT_SYSTEM, ENOTDIR,
				"'%s/%s' is in the way: expected a directory", task->alloc_dir,
				name);
		return 0; /* of an earlier start: its owner and mode are the task's business by now
			   */
	}
	if (w->task_owned && fchownat(alloc_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW))
		return iso_err_sys(err, "give '%s/%s' to the task's user", task->alloc_dir, name);
	return 0;
}

int alloc_dirs_make(const struct task_config *task, uint32_t uid, uint32_t gid, struct iso_err *err)
{
	own_fd alloc_fd = open_made(task->alloc_dir, err);
	if (alloc_fd < 0)
		return -1;
	for (size_t i = 0; i < iso_len(wanted); i++)
		if (make_one(alloc_fd, &wanted[i], task, uid, gid, err))
			return -1;
	own_fd state_fd = open_made(task->state_dir, err);
	return state_fd < 0 ? -1 : 0;
}
