/* Opening and making paths by descriptor (path.h). */
#include "apply/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/sys.h"

enum {
	MAX_PATH = 4096,
	PARENT_MODE = 0755
};

const char *path_in_root(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static int open_with(int dir_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.resolve = resolve | RESOLVE_NO_MAGICLINKS};

	how.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC);
	return sys_openat2(dir_fd, path_in_root(path), &how);
}

int path_open_own(int dir_fd, const char *path, int flags)
{
	return open_with(dir_fd, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int path_open_inside(int dir_fd, const char *path, int flags)
{
	return open_with(dir_fd, path, flags, RESOLVE_IN_ROOT);
}

int path_facts(int fd, struct path_facts *ret)
{
	struct sys_stat st;

	if (sys_statx(fd, "", AT_EMPTY_PATH, SYS_STAT_BASIC | SYS_STAT_MNT_ID, &st))
		return -1;
	*ret = (struct path_facts){
		.kind = S_ISDIR(st.mode)   ? PATH_DIR
			: S_ISREG(st.mode) ? PATH_FILE
					   : PATH_OTHER,
		.mount_id = st.mnt_id,
		.mode = st.mode & 07777,
		.nlink = st.nlink,
		.uid = st.uid,
	};
	return 0;
}

/* Before it is made: whoever is killed in between leaves a name that is looked for in vain. */
static uint32_t remember(struct apply *a, size_t prefix, bool dir)
{
	struct made_list *m = a->made;
	uint32_t at = m->n;

	if (at >= MAX_MADE) /* more than fits stays behind: nothing of ours makes so many */
		return MAX_MADE;
	m->v[at] = (struct made){.step = a->at, .prefix = (uint16_t)prefix, .is_dir = dir};
	m->n = at + 1;
	return at;
}

static void forget(struct apply *a, uint32_t at)
{
	if (at < MAX_MADE && a->made->n == at + 1)
		a->made->n = at;
}

static int make_one(int parent, const char *name, bool dir, unsigned mode)
{
	return dir ? sys_mkdirat(parent, name, mode)
		   : sys_mknodat(parent, name, S_IFREG | mode, 0, 0);
}

static int open_in(const struct path_root *root, const char *path, bool own, int flags)
{
	return own ? path_open_own(root->fd, path, flags) : path_open_inside(root->fd, path, flags);
}

/* What is asked for: one component, which ends at @end of @path. */
struct component {
	const char *path;
	size_t end;
	bool own, dir;
	unsigned mode;
};

/* Its parent exists. */
static int make_component(struct apply *a, const struct path_root *root, const struct component *c,
	struct iso_err *err)
{
	char partial[MAX_PATH];

	memcpy(partial, c->path, c->end);
	partial[c->end] = '\0';
	char *slash = strrchr(partial, '/');
	const char *name = slash ? slash + 1 : partial;
	if (slash)
		*slash = '\0';
	own_fd parent = open_in(root, slash ? partial : ".", c->own, O_PATH | O_DIRECTORY);
	struct path_facts facts;
	if (parent < 0 || path_facts(parent, &facts))
		return iso_err_sys(err, "open the directory above '%s'", c->path);
	uint32_t at = facts.mount_id == root->mount_id ? remember(a, c->end, c->dir) : MAX_MADE;
	if (!make_one(parent, name, c->dir, c->mode))
		return 0;
	forget(a, at);
	return errno == EEXIST ? 0 : iso_err_sys(err, "make '%s'", c->path);
}

int path_make(struct apply *a, const struct path_root *root, const char *path, bool own, bool dir,
	unsigned mode, struct iso_err *err)
{
	const char *p = path_in_root(path);
	size_t len = strlen(p);

	if (len >= MAX_PATH - 1)
		return iso_err_set(
			err, ISO_FAULT_INPUT, ENAMETOOLONG, "path '%.64s...' is too long", path);
	int fd = open_in(root, p, own, O_PATH);
	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : iso_err_sys(err, "open '%s'", path);
	for (size_t end = 1; end <= len; end++) {
		if (p[end] != '/' && p[end] != '\0')
			continue;
		bool last = end == len;
		const struct component c = {.path = p,
			.end = end,
			.own = own,
			.dir = last ? dir : true,
			.mode = last ? mode : PARENT_MODE};
		if (make_component(a, root, &c, err))
			return -1;
	}
	fd = open_in(root, p, own, O_PATH);
	return fd >= 0 ? fd : iso_err_sys(err, "open '%s'", path);
}
