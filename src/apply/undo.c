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

/* Of a call that was to open or remove something: done, or not to be done. What is not there, in
 * use, or not what we made is not ours to remove; anything else may work another time. */
static bool is_settled(int r)
{
	return r >= 0 || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ||
	       errno == EBUSY || errno == ENOTDIR || errno == EISDIR || errno == ELOOP ||
	       errno == EXDEV;
}

static bool remove_at(int dir, const char *path, int flags)
{
	return is_settled(sys_unlinkat(dir, path, flags));
}

/* The task may have put links on the way by now: none is followed. */
static bool remove_made(const struct apply *a, int dir, const struct made *m)
{
	char path[MAX_PATH];

	if (m->step >= a->steps->header->n_steps || m->prefix == 0 || m->prefix >= sizeof(path))
		return true;
	const struct step *s = &a->steps->step[m->step];
	const char *full = path_in_root(steps_str(a->steps, s, 0));
	if (step_kind(&step_info[s->op], 0) != STEP_STRING || strlen(full) < m->prefix)
		return true;
	memcpy(path, full, m->prefix);
	path[m->prefix] = '\0';
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	own_fd parent = path_open_own(dir, slash ? path : ".", O_PATH | O_DIRECTORY);
	if (parent < 0)
		return is_settled(parent);
	const char *name = slash ? slash + 1 : path;
	bool is_link = s->op == STEP_ROOT_LINK;
	struct sys_stat st;
	if (!m->is_dir && !is_link) {
		if (sys_statx(parent, name, AT_SYMLINK_NOFOLLOW, SYS_STAT_BASIC, &st))
			return is_settled(-1);
		if (st.size != 0) /* was an empty mount point and holds something now */
			return true;
	}
	return remove_at(parent, name, m->is_dir ? AT_REMOVEDIR : 0);
}

static bool remove_from_task_dir(const struct apply *a)
{
	const char *path = apply_task_dir(a);
	uint32_t n = a->made->n < MAX_MADE ? a->made->n : MAX_MADE;
	bool clean = true;

	if (!*path || !n)
		return true;
	own_fd dir = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (dir < 0)
		return is_settled(dir);
	while (n)
		clean = remove_made(a, dir, &a->made->v[--n]) && clean;
	return clean;
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
static bool remove_parents(char *path)
{
	for (char *slash; (slash = strrchr(path, '/'));) {
		*slash = '\0';
		if (!*path)
			break;
		if (sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR) && errno != ENOENT)
			return is_settled(-1);
	}
	return true;
}

/* A leaf and its parents. @most: how often it may be busy */
static bool remove_branch(const char *leaf, unsigned most)
{
	char path[MAX_PATH];
	size_t len = strlen(leaf);

	if (len >= sizeof(path))
		return true;
	memcpy(path, leaf, len + 1);
	if (remove_cgroup(path, most)) /* busy: processes or cgroups that are not the task's */
		return most == 1 && is_settled(-1);
	return remove_parents(path);
}

/* We were born in somebody's cgroup and lived in the supervisors': out of it, so that the last one
 * can remove it. Others may be in it. */
static bool leave_supervisors(const struct apply *a)
{
	bool clean = true;

	for (uint32_t i = a->steps->header->n_steps; i-- > 0;) {
		const struct step *s = &a->steps->step[i];
		if (s->op != STEP_CGROUP_SELF || i > a->at)
			continue;
		own_fd root = sys_openat(
			AT_FDCWD, steps_str(a->steps, s, 1), O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
		if (root < 0 || fd_put(root, "tasks", "0", 1)) {
			clean = clean && is_settled(-1);
			continue;
		}
		clean = remove_branch(steps_str(a->steps, s, 0), 1) && clean;
	}
	return clean;
}

/* The leaf, then its parents as long as they are empty: another task's leaf keeps them, and the
 * mount itself is busy. Of a leaf that could not be made there may be parents. */
static bool remove_cgroups(const struct apply *a)
{
	bool clean = true;

	for (uint32_t i = a->steps->header->n_steps; i-- > 0;) {
		const struct step *s = &a->steps->step[i];
		if (s->op != STEP_CGROUP_MAKE || i > a->at)
			continue;
		if (s->to != SLOT_NONE)
			(void)fd_close(a->slot[s->to]);
		clean = remove_branch(steps_str(a->steps, s, 0), RMDIR_TRIES) && clean;
	}
	return clean;
}

/* An overlay's work directory: the kernel leaves "work" in it, with "incompat/volatile" where that
 * was asked for. */
static bool remove_work_dir(const char *path)
{
	static const struct {
		const char *path;
		int flags;
	} inside[] = {{"incompat/volatile/dirty", 0}, {"incompat/volatile", AT_REMOVEDIR},
		{"incompat", AT_REMOVEDIR}};
	bool clean = true;
	own_fd dir = sys_openat(AT_FDCWD, path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (dir < 0)
		return is_settled(dir);
	own_fd work = sys_openat(dir, "work", O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (work < 0)
		return is_settled(work);
	for (size_t i = 0; i < iso_len(inside); i++)
		clean = remove_at(work, inside[i].path, inside[i].flags) && clean;
	return remove_at(dir, "work", AT_REMOVEDIR) && clean;
}

/* What MASK_LAYER was making when it was interrupted: its names, each with its directories. */
static bool remove_layer(const struct apply *a, const struct step *s)
{
	struct steps_list names = steps_list(a->steps, s, 1);
	const char *name;
	char path[MAX_PATH];
	bool clean = true;
	own_fd state = sys_openat(
		AT_FDCWD, a->state_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	own_fd layer =
		state < 0 ? -1 : path_open_own(state, APPLY_LAYER_NAME, O_PATH | O_DIRECTORY);

	if (layer < 0)
		return is_settled(-1);
	while (s->len[1] && (name = steps_list_next(&names))) {
		size_t len = strlen(name);
		if (len >= sizeof(path))
			continue;
		memcpy(path, name, len + 1);
		clean = remove_at(layer, path, 0) && clean;
		for (char *slash; (slash = strrchr(path, '/'));) {
			*slash = '\0';
			clean = remove_at(layer, path, AT_REMOVEDIR) && clean;
		}
	}
	return remove_at(state, APPLY_LAYER_NAME, AT_REMOVEDIR) && clean;
}

/* FIFOs, work directories of overlays, layers of mount points. */
static bool remove_files(const struct apply *a)
{
	bool clean = true;

	for (uint32_t i = a->steps->header->n_steps; i-- > 0;) {
		const struct step *s = &a->steps->step[i];
		const char *path = steps_str(a->steps, s, 0);
		if (i > a->at)
			continue;
		if (s->op == STEP_LOG || s->op == STEP_TOUCH)
			clean = remove_at(AT_FDCWD, path, 0) && clean;
		if (s->op == STEP_MASK_LAYER)
			clean = remove_layer(a, s) && clean;
		if (s->op == STEP_MKDIR) {
			clean = remove_work_dir(path) && clean;
			clean = remove_at(AT_FDCWD, path, AT_REMOVEDIR) && clean;
		}
	}
	return clean;
}

bool apply_undo(const struct apply *a)
{
	bool dir = remove_from_task_dir(a);
	bool files = remove_files(a);
	bool cgroups = remove_cgroups(a);
	bool self = leave_supervisors(a);

	return dir && files && cgroups && self;
}
