/* Steps for what is not of chroot_env: kernel file systems, /dev, the alloc's directories, volumes,
 * masks. */
#include <inttypes.h>
#include <string.h>
#include <sys/mount.h>

#include "plan/masks.h"
#include "plan/planner.h"
#include "task/root_map.h"

enum {
	DIR_MODE = 0755,
	DEV_MODE = 0666,
	STICKY_MODE = 01777
};

static const uint64_t no_programs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

static void mount_point(struct planner *p, const char *path)
{
	steps_add(p->b, (struct step_in){.op = STEP_MOUNT_POINT, .str = {path}, .num = {DIR_MODE}});
}

static void mount_step(
	struct planner *p, const char *path, const char *type, const char *options, uint64_t attr)
{
	steps_add(p->b,
		(struct step_in){.op = STEP_MOUNT, .str = {path, type, options}, .num = {attr}});
}

static void attach(struct planner *p, const char *path, uint8_t slot, bool is_file, bool make)
{
	steps_add(p->b, (struct step_in){.op = STEP_ATTACH,
				.str = {path},
				.num = {is_file, make, 0},
				.from = SLOT(slot)});
}

/* The device list of B-318; a detached tmpfs, made while mknod is still allowed. */
int want_dev(struct planner *p, struct iso_err *err)
{
	(void)err;
	static const struct {
		const char *name;
		unsigned minor, major;
	} nodes[] = {{"null", 3, 1}, {"zero", 5, 1}, {"full", 7, 1}, {"random", 8, 1},
		{"urandom", 9, 1}, {"tty", 0, 5}};
	static const char *const links[][2] = {{"ptmx", "pts/ptmx"}, {"fd", "/proc/self/fd"},
		{"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"}};
	static const struct {
		const char *name;
		unsigned mode;
	} dirs[] = {{"pts", DIR_MODE}, {"shm", STICKY_MODE}, {"mqueue", STICKY_MODE}};

	p->slot_dev = steps_slot(p->b);
	steps_add(p->b, (struct step_in){.op = STEP_TMPFS,
				.str = {"mode=0755,size=64k"},
				.num = {MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC},
				.to = SLOT(p->slot_dev)});
	for (size_t i = 0; i < iso_len(nodes); i++)
		steps_add(p->b, (struct step_in){.op = STEP_NODE,
					.str = {nodes[i].name},
					.num = {DEV_MODE, nodes[i].major, nodes[i].minor},
					.from = SLOT(p->slot_dev)});
	for (size_t i = 0; i < iso_len(links); i++)
		steps_add(p->b, (struct step_in){.op = STEP_LINK,
					.str = {links[i][0], links[i][1]},
					.from = SLOT(p->slot_dev)});
	for (size_t i = 0; i < iso_len(dirs); i++)
		steps_add(p->b, (struct step_in){.op = STEP_SUBDIR,
					.str = {dirs[i].name},
					.num = {dirs[i].mode, 0, 0},
					.from = SLOT(p->slot_dev)});
	return 0;
}

/* B-313. */
int want_kernel_fs(struct planner *p, struct iso_err *err)
{
	(void)err;
	mount_point(p, "/proc");
	mount_step(p, "/proc", "proc", "", no_programs);
	mount_point(p, "/sys");
	mount_step(p, "/sys", "sysfs", "", no_programs | MOUNT_ATTR_RDONLY);
	mount_point(p, "/dev");
	attach(p, "/dev", p->slot_dev, false, false);
	mount_step(p, "/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5,max=256",
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	mount_step(p, "/dev/shm", "tmpfs", "mode=1777,size=64m", no_programs);
	mount_step(p, "/dev/mqueue", "mqueue", "", no_programs);
	return 0;
}

static void tree_open(struct planner *p, const char *source, const char *identity, bool recursive,
	uint64_t attr, uint64_t propagation, uint8_t *ret_slot)
{
	*ret_slot = steps_slot(p->b);
	steps_add(p->b, (struct step_in){.op = STEP_TREE_OPEN,
				.str = {source, identity},
				.num = {recursive, attr, propagation},
				.to = SLOT(*ret_slot)});
}

static uint64_t volume_attr(const struct planner *p)
{
	return MOUNT_ATTR_NODEV | (p->hardened ? MOUNT_ATTR_NOSUID : 0);
}

static const char *identity_of(struct planner *p, const struct host_path *fact)
{
	if (!fact->ino)
		return "";
	return arena_printf(
		p->arena, "%u:%u:%" PRIu64, fact->dev_major, fact->dev_minor, fact->ino);
}

int want_volume_sources(struct planner *p, struct iso_err *err)
{
	const struct task_config *t = p->task;
	static const uint64_t kinds[] = {
		[TASK_PROPAGATION_PRIVATE] = MS_PRIVATE,
		[TASK_PROPAGATION_HOST_TO_TASK] = MS_SLAVE,
		[TASK_PROPAGATION_BIDIRECTIONAL] = MS_SHARED,
	};

	tree_open(p, path_join(p->arena, t->alloc_dir, "alloc"), "", false, volume_attr(p),
		MS_PRIVATE, &p->slot_alloc);
	tree_open(p, path_join(p->arena, t->alloc_dir, "alloc/logs"), "", false,
		volume_attr(p) | MOUNT_ATTR_RDONLY, MS_PRIVATE, &p->slot_alloc_logs);
	p->slot_mounts = arena_array(p->arena, t->n_mounts + 1, sizeof(*p->slot_mounts));
	for (size_t i = 0; i < t->n_mounts; i++) {
		const struct task_mount *m = &t->mounts[i];
		const struct host_path *fact = host_path_find(p->facts, m->source);
		if (!fact || fact->kind == HOST_MISSING || (fact->kind == HOST_LINK && !fact->real))
			return plan_fail(
				&m->place, err, "volume source '%s' does not exist", m->source);
		if (fact->unsafe_link)
			return plan_fail(&m->place, err,
				"volume source '%s': '%s' is a link in a directory that others "
				"than "
				"root can write",
				m->source, fact->unsafe_link);
		tree_open(p, fact->kind == HOST_LINK ? fact->real : m->source, identity_of(p, fact),
			true, volume_attr(p) | (m->read_only ? MOUNT_ATTR_RDONLY : 0),
			kinds[m->propagation], &p->slot_mounts[i]);
	}
	return 0;
}

int want_own_dirs(struct planner *p, struct iso_err *err)
{
	(void)err;
	mount_point(p, "/alloc");
	attach(p, "/alloc", p->slot_alloc, false, false);
	attach(p, "/alloc/logs", p->slot_alloc_logs, false, false);
	mount_point(p, "/secrets");
	attach(p, "/secrets", p->slot_secrets, false, false);
	return 0;
}

/* A place of ours that a volume would take away or uncover (B-321). */
static bool is_ours(const char *destination)
{
	static const char *const dirs[] = {"/proc", "/sys", "/dev"};

	if (!strcmp(destination, "/"))
		return true;
	for (size_t i = 0; i < iso_len(dirs); i++)
		if (!strcmp(destination, dirs[i]) || path_below(dirs[i], destination, NULL))
			return true;
	return false;
}

int want_volumes(struct planner *p, struct iso_err *err)
{
	const struct task_config *t = p->task;

	for (size_t i = 0; i < t->n_mounts; i++) {
		const struct task_mount *m = &t->mounts[i];
		const char *destination = path_clean(p->arena, m->destination);
		if (m->destination[0] != '/')
			return plan_fail(&m->place, err, "destination '%s' must be absolute",
				m->destination);
		if (is_ours(destination))
			return plan_fail(&m->place, err,
				"destination '%s' cannot be mounted: /, /proc, /sys and /dev are "
				"the task's own",
				destination);
		const struct host_path *fact = host_path_find(p->facts, m->source);
		bool is_file = (fact->kind == HOST_LINK ? fact->real_kind : fact->kind) != HOST_DIR;
		attach(p, destination, p->slot_mounts[i], is_file, true);
	}
	return 0;
}

int want_kernel_masks(struct planner *p, struct iso_err *err)
{
	(void)err;
	for (size_t i = 0; i < n_read_only_kernel_paths; i++)
		steps_add(p->b,
			(struct step_in){.op = STEP_READ_ONLY, .str = {read_only_kernel_paths[i]}});
	for (size_t i = 0; i < n_masked_kernel_paths; i++)
		steps_add(p->b, (struct step_in){.op = STEP_MASK, .str = {masked_kernel_paths[i]}});
	return 0;
}

int want_check_mounts(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_CHECK_MOUNTS, .num = {p->hardened}});
	return 0;
}
