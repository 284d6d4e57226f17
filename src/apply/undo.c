/*
 * Removing what a start made: explicit data, newest first. What is not empty, in use or not what we
 * made stays: it is the task's or somebody else's.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "apply/apply.h"
#include "apply/path.h"
#include "base/fd.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	MAX_PATH = 4096,
	RMDIR_TRIES = 200,
	RMDIR_WAIT_NS = 500000
};

const char *apply_task_dir(const struct apply *a)
{
	for (uint32_t i = 0; i < a->steps->header->n_steps; i++)
		if (a->steps->step[i].op == STEP_ROOT_ATTACH)
			return steps_str(a->steps, &a->steps->step[i], 0);
	return "";
}

/* The task may have put links on the way by now: none is followed. */
static void remove_made(const struct apply *a, int dir, const struct made *m)
{
	char path[MAX_PATH];

	if (m->step >= a->steps->header->n_steps || m->prefix == 0 || m->prefix >= sizeof(path))
		return;
	const struct step *s = &a->steps->step[m->step];
	const char *full = path_in_root(steps_str(a->steps, s, 0));
	if (step_kind(&step_info[s->op], 0) != STEP_STRING || strlen(full) < m->prefix)
		return;
	memcpy(path, full, m->prefix);
	path[m->prefix] = '\0';
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	own_fd parent = path_open_own(dir, slash ? path : ".", O_PATH | O_DIRECTORY);
	if (parent < 0)
		return;
	const char *name = slash ? slash + 1 : path;
	bool is_link = s->op == STEP_ROOT_LINK;
	struct sys_stat st;
	if (!m->is_dir && !is_link &&
		(sys_statx(parent, name, AT_SYMLINK_NOFOLLOW, SYS_STAT_BASIC, &st) || st.size != 0))
		return; /* a file that was an empty mount point and holds something now */
	(void)sys_unlinkat(parent, name, m->is_dir ? AT_REMOVEDIR : 0);
}

static void remove_from_task_dir(const struct apply *a)
{
	const char *path = apply_task_dir(a);
	uint32_t n = a->made->n < MAX_MADE ? a->made->n : MAX_MADE;

	if (!*path || !n)
		return;
	own_fd dir = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (dir < 0)
		return;
	while (n)
		remove_made(a, dir, &a->made->v[--n]);
}

/* EBUSY: the last process is gone but the kernel is not done with it. Nobody waits for us any more.
 */
static int remove_cgroup(const char *path, unsigned most)
{
	for (unsigned tries = 0; tries < most; tries++) {
		if (!sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR) || errno == ENOENT)
			return 0;
		if (errno != EBUSY || tries + 1 == most)
			return -1;
		const struct timespec wait = {.tv_nsec = RMDIR_WAIT_NS};
		(void)sys_ppoll(NULL, 0, &wait);
	}
	return -1;
}

/* Upwards as long as they are empty; refused while one is used, or is the mount itself. */
static void remove_parents(char *path)
{
	for (char *slash; (slash = strrchr(path, '/'));) {
		*slash = '\0';
		if (!*path || sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR))
			return;
	}
}

/* We were born in somebody's cgroup and lived in the supervisors': out of it, so that the last one
 * can remove it. */
static void leave_supervisors(const struct apply *a)
{
	for (uint32_t i = a->at < a->steps->header->n_steps ? a->at : a->steps->header->n_steps;
		i-- > 0;) {
		const struct step *s = &a->steps->step[i];
		char path[MAX_PATH];
		size_t len = s->len[0];
		if (s->op != STEP_CGROUP_SELF || len >= sizeof(path))
			continue;
		own_fd root = sys_openat(
			AT_FDCWD, steps_str(a->steps, s, 1), O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
		if (root < 0 || fd_put(root, "tasks", "0", 1))
			continue;
		memcpy(path, steps_str(a->steps, s, 0), len + 1);
		if (!remove_cgroup(path, 1))
			remove_parents(path);
	}
}

/* The leaf, then its parents as long as they are empty: another task's leaf keeps them, and the
 * mount itself is busy. Of a leaf that could not be made there may be parents. */
static void remove_cgroups(const struct apply *a)
{
	for (uint32_t i = a->steps->header->n_steps; i-- > 0;) {
		const struct step *s = &a->steps->step[i];
		char path[MAX_PATH];
		size_t len = s->len[0];
		if (s->op != STEP_CGROUP_MAKE || i > a->at || len >= sizeof(path))
			continue;
		if (s->to != SLOT_NONE)
			(void)fd_close(a->slot[s->to]);
		memcpy(path, steps_str(a->steps, s, 0), len + 1);
		if (!remove_cgroup(path, RMDIR_TRIES))
			remove_parents(path);
	}
}

/* FIFOs, work directories of overlays (the kernel leaves "work" in each), layers of mount points.
 */
static void remove_files(const struct apply *a)
{
	for (uint32_t i = a->steps->header->n_steps; i-- > 0;) {
		const struct step *s = &a->steps->step[i];
		const char *path = steps_str(a->steps, s, 0);
		if (i >= a->at)
			continue;
		if (s->op == STEP_LOG || s->op == STEP_TOUCH)
			(void)sys_unlinkat(AT_FDCWD, path, 0);
		if (s->op != STEP_MKDIR)
			continue;
		own_fd dir = sys_openat(AT_FDCWD, path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		if (dir >= 0) {
			own_fd work =
				sys_openat(dir, "work", O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
			if (work >= 0)
				(void)sys_unlinkat(work, "incompat/volatile/dirty", 0);
			if (work >= 0)
				(void)sys_unlinkat(work, "incompat/volatile", AT_REMOVEDIR);
			if (work >= 0)
				(void)sys_unlinkat(work, "incompat", AT_REMOVEDIR);
			(void)sys_unlinkat(dir, "work", AT_REMOVEDIR);
		}
		(void)sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
	}
}

void apply_undo(const struct apply *a)
{
	remove_from_task_dir(a);
	remove_files(a);
	remove_cgroups(a);
	leave_supervisors(a);
}
