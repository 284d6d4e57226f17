/*
 * Facts for one task: its user, and how the paths lie that its root is made of (facts.h lists
 * which). Looked at without following the last link; the applier checks again on the descriptors it
 * acts on.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys.h"
#include "host/facts.h"
#include "host/links.h"
#include "host/user.h"
#include "task/config.h"
#include "task/root_map.h"

struct gatherer {
	struct arena *arena;
	struct host_path *paths;
	size_t n, room;
};

static enum host_kind kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return HOST_DIR;
	if (S_ISREG(mode))
		return HOST_FILE;
	return S_ISLNK(mode) ? HOST_LINK : HOST_OTHER;
}

static void set_identity(struct host_path *p, const struct stat *st)
{
	p->dev_major = major(st->st_dev);
	p->dev_minor = minor(st->st_dev);
	p->ino = st->st_ino;
}

static void follow(struct gatherer *g, struct host_path *p)
{
	char target[PATH_MAX];
	ssize_t n = readlink(p->path, target, sizeof(target) - 1);

	if (n < 0)
		return;
	p->target = arena_strndup(g->arena, target, (size_t)n);
	char *real = realpath(p->path, target);
	struct stat st;
	if (!real || stat(real, &st))
		return;
	p->real = arena_strdup(g->arena, real);
	p->real_kind = kind_of(st.st_mode);
	set_identity(p, &st);
}

static bool is_empty(int dir_fd, const char *name)
{
	own_fd fd = openat(dir_fd, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd_take(&fd));
	bool empty = true;

	if (!dir)
		return false;
	for (const struct dirent *e; empty && (e = readdir(dir));)
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	(void)closedir(dir);
	return empty;
}

static struct host_path *append(struct gatherer *g, const char *path)
{
	if (g->n == g->room) {
		g->room = g->room ? g->room * 2 : 32;
		g->paths = arena_grow(g->arena, g->paths, g->n, g->room, sizeof(*g->paths));
	}
	struct host_path *p = &g->paths[g->n++];
	*p = (struct host_path){.path = arena_strdup(g->arena, path)};
	return p;
}

/* What the task directory has at @destination: that tree is the task's, so no link is followed; one
 * on the way is in the way. */
static void add_inside(struct gatherer *g, const char *task_dir, const char *destination)
{
	const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	char *below = arena_strdup(g->arena, destination + strspn(destination, "/"));
	char *slash = strrchr(below, '/');
	const char *name = slash ? slash + 1 : below;
	struct host_path *p = append(g, path_join(g->arena, task_dir, below));
	own_fd dir = open(task_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (slash)
		*slash = '\0';
	own_fd parent = dir < 0 ? -1 : sys_openat2(dir, slash ? below : ".", &how);
	if (parent < 0) {
		p->kind = errno == ENOENT ? HOST_MISSING : HOST_OTHER;
		return;
	}
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	p->kind = kind_of(st.st_mode);
	set_identity(p, &st);
	p->empty = p->kind == HOST_DIR && is_empty(parent, name);
}

static struct host_path *add(struct gatherer *g, const char *path)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->paths[i].path, path))
			return &g->paths[i];
	struct host_path *p = append(g, path);
	struct stat st;
	if (lstat(path, &st))
		return p; /* also ENOTDIR, EACCES: not there for us */
	p->kind = kind_of(st.st_mode);
	set_identity(p, &st);
	if (p->kind == HOST_LINK)
		follow(g, p);
	return p;
}

/* Each component below @dir of @rest. */
static void add_components(struct gatherer *g, const char *dir, const char *rest)
{
	while (*rest) {
		size_t len = strcspn(rest, "/");
		dir = path_join(g->arena, dir, arena_strndup(g->arena, rest, len));
		rest += len;
		rest += *rest == '/';
		if (add(g, dir)->kind == HOST_MISSING)
			return;
	}
}

static void add_destination(
	struct gatherer *g, const struct task_policy *policy, const char *destination)
{
	const char *rest;
	const struct task_chroot_entry *e = root_map_covering(policy, destination, &rest);

	if (e)
		add_components(g, e->source, rest);
}

static void add_mount_points(struct gatherer *g, const struct host_facts *facts, const char *source)
{
	for (size_t i = 0; i < facts->n_mount_points; i++)
		if (path_below(source, facts->mount_points[i], NULL))
			(void)add(g, facts->mount_points[i]);
}

/* File systems that the kernel refuses below an overlay, or that lose what overlay needs. */
static void look_at_upper(const char *task_dir, struct host_facts *facts, struct arena *arena)
{
	static const struct {
		long magic;
		const char *name;
	} refused[] = {{OVERLAYFS_SUPER_MAGIC, "overlay"}, {NFS_SUPER_MAGIC, "nfs"},
		{V9FS_MAGIC, "9p"}, {MSDOS_SUPER_MAGIC, "vfat"}, {FUSE_SUPER_MAGIC, "fuse"}};
	struct statfs fs;
	char *path = arena_strdup(arena, task_dir);

	while (statfs(path, &fs)) { /* not made yet: what it will be made on */
		char *slash = strrchr(path, '/');
		if (!slash || slash == path) {
			if (statfs("/", &fs))
				return;
			break;
		}
		*slash = '\0';
	}
	facts->upper_ok = true;
	for (size_t i = 0; i < iso_len(refused); i++)
		if (fs.f_type == refused[i].magic) {
			facts->upper_ok = false;
			facts->upper_fs = refused[i].name;
		}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct host_path *)a)->path, ((const struct host_path *)b)->path);
}

int host_facts_for_task(struct arena *arena, const struct task_config *task,
	struct host_facts *facts, struct iso_err *err)
{
	struct gatherer g = {.arena = arena};
	const struct task_policy *policy = &task->policy;

	if (host_user_find(arena, task->user, &facts->user, err)) {
		(void)iso_err_in(err, "failed host user validation");
		return task->user_place.file
			       ? iso_err_in(err, "%s:%u:%u", task->user_place.file,
					 task->user_place.line, task->user_place.column)
			       : -1;
	}
	for (size_t i = 0; i < policy->n_chroot_env; i++) {
		const struct task_chroot_entry *e = &policy->chroot_env[i];
		(void)add(&g, e->source);
		add_inside(&g, task->task_dir, e->destination);
		add_mount_points(&g, facts, e->source);
	}
	for (size_t i = 0; i < task->n_mounts; i++) {
		add(&g, task->mounts[i].source)->unsafe_link =
			unsafe_link(arena, task->mounts[i].source);
		add_destination(&g, policy, path_clean(arena, task->mounts[i].destination));
	}
	if (task->work_dir)
		add_destination(&g, policy, path_clean(arena, task->work_dir));
	look_at_upper(task->task_dir, facts, arena);
	qsort(g.paths, g.n, sizeof(*g.paths), by_path);
	facts->paths = g.paths;
	facts->n_paths = g.n;
	return 0;
}

const struct host_path *host_path_find(const struct host_facts *facts, const char *path)
{
	const struct host_path key = {.path = path};

	if (!facts->n_paths)
		return NULL;
	return bsearch(&key, facts->paths, facts->n_paths, sizeof(key), by_path);
}
