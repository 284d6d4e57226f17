/*
 * The task's cgroups: which directories, what is written into them, how the process gets in. Paths
 * are <mount>/<parent>/<alloc>.<task> in each v1 hierarchy that is used; on v2 one directory; on
 * hybrids also one in the v2 tree, which serves for birth (CLONE_INTO_CGROUP) and death
 * (cgroup.kill).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "plan/planner.h"

enum {
	MIN_SHARES = 2,
	MAX_SHARES = 262144,
	MAX_WEIGHT = 10000
};

static const char *const controller_names[N_HOST_CONTROLLERS] = {
#define X(symbol, name) [HOST_##symbol] = name,
	HOST_CONTROLLERS(X)
#undef X
};

static bool is_v2(const struct planner *p)
{
	return p->facts->cgroups.mode == HOST_CGROUP_V2;
}

/* What the task needs a controller for. */
static bool needs(const struct planner *p, enum host_controller c)
{
	const struct task_limits *l = &p->task->limits;

	switch (c) {
	case HOST_MEMORY:
		return l->mem_bytes || l->mem_soft_bytes;
	case HOST_CPU:
		return l->cpu_mhz > 0;
	case HOST_CPUSET:
		return l->cpuset_cpus != NULL;
	case HOST_PIDS:
		return l->pids_max > 0;
	case HOST_DEVICES:
		return true;
	case HOST_FREEZER:
		return p->facts->cgroups.mode == HOST_CGROUP_V1 ||
		       (p->facts->cgroups.mode == HOST_CGROUP_HYBRID && !p->facts->cgroups.v2_kill);
	}
	return false;
}

static const char *parent(const struct planner *p)
{
	const char *path = p->task->cgroup_parent;

	/* systemd's naming on v2: a slice, as Nomad's nomad.slice */
	return is_v2(p) && !strcmp(path, "/isoexec") ? "/isoexec.slice" : path;
}

static const char *leaf(const struct planner *p, const char *mount)
{
	return arena_printf(
		p->arena, "%s%s/%s.%s", mount, parent(p), p->task->alloc_id, p->task->task_name);
}

static uint8_t make(struct planner *p, const char *dir)
{
	uint8_t slot = steps_slot(p->b);
	steps_add(p->b, (struct step_in){.op = STEP_CGROUP_MAKE, .str = {dir}, .to = SLOT(slot)});
	return slot;
}

static void put(struct planner *p, uint8_t slot, const char *file, const char *value, bool optional)
{
	steps_add(p->b, (struct step_in){.op = STEP_CGROUP_WRITE,
				.str = {file, value},
				.num = {optional},
				.from = SLOT(slot)});
}

static void put_number(
	struct planner *p, uint8_t slot, const char *file, uint64_t value, bool optional)
{
	put(p, slot, file, arena_printf(p->arena, "%" PRIu64, value), optional);
}

/* Not in the task's cgroup, whose limits it must outlive, and not in its starter's, which may end
 * with a login. On v2 it stays where it was born: moving costs a grace period. */
int want_supervisor_cgroup(struct planner *p, struct iso_err *err)
{
	static const enum host_controller controllers[] = {HOST_MEMORY, HOST_PIDS};

	(void)err;
	for (size_t i = 0; i < iso_len(controllers); i++) {
		const char *mount = p->facts->cgroups.v1[controllers[i]];
		if (mount && p->facts->cgroups.writable)
			steps_add(p->b, (struct step_in){.op = STEP_CGROUP_SELF,
						.str = {arena_printf(p->arena, "%s%s/supervise",
								mount, parent(p)),
							mount}});
	}
	return 0;
}

static int absent(enum host_controller c, struct iso_err *err)
{
	return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
		"cgroup controller '%s' is not available here, so the task's limit cannot be kept: "
		"mount it, enable it in "
		"cgroup.subtree_control or boot with it (see 'isoexec host')",
		controller_names[c]);
}

static int make_v1(struct planner *p, struct iso_err *err)
{
	const struct host_cgroups *h = &p->facts->cgroups;

	for (unsigned c = 0; c < N_HOST_CONTROLLERS; c++) {
		if (!needs(p, (enum host_controller)c))
			continue;
		if (!h->v1[c])
			return absent((enum host_controller)c, err);
		/* cpu and cpuacct and the like: one hierarchy, one directory */
		for (unsigned d = 0; d < c && h->v1_shared_with[c]; d++)
			if (h->v1[d] && !strcmp(h->v1[d], h->v1[c]))
				p->slot_cgroup[c] = p->slot_cgroup[d];
		if (p->slot_cgroup[c] == SLOT_NONE)
			p->slot_cgroup[c] = make(p, leaf(p, h->v1[c]));
	}
	if (h->mode == HOST_CGROUP_HYBRID && h->v2_kill)
		p->slot_cgroup_v2 = make(p, leaf(p, h->v2));
	return 0;
}

/*
 * v2: controllers are switched on from the root down, each directory for its children. The leaf is
 * made before, without their files: from then on no parent is empty, so that the end of another
 * task cannot take one away, and a new one without controllers be made in its place.
 */
static int make_v2(struct planner *p, struct iso_err *err)
{
	const struct host_cgroups *h = &p->facts->cgroups;
	const char *enable = "";

	for (unsigned c = 0; c < N_HOST_CONTROLLERS; c++) {
		if (needs(p, (enum host_controller)c) && !h->v2_has[c])
			return absent((enum host_controller)c, err);
		if (h->v2_has[c] && c != HOST_DEVICES && c != HOST_FREEZER)
			enable = arena_printf(p->arena, "%s%s+%s", enable, *enable ? " " : "",
				controller_names[c]);
	}
	p->slot_cgroup_v2 = make(p, leaf(p, h->v2));
	const char *dir = h->v2, *rest = parent(p);
	for (; *enable; rest += strcspn(rest, "/")) {
		steps_add(p->b, (struct step_in){.op = STEP_CGROUP_ENABLE, .str = {dir, enable}});
		rest += strspn(rest, "/");
		if (!*rest)
			break;
		dir = arena_printf(p->arena, "%s/%.*s", dir, (int)strcspn(rest, "/"), rest);
	}
	return 0;
}

int want_cgroup_make(struct planner *p, struct iso_err *err)
{
	const struct host_cgroups *h = &p->facts->cgroups;

	if (h->mode == HOST_CGROUP_NONE)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"no cgroup file system is mounted: mount cgroup2 at /sys/fs/cgroup");
	if (!h->writable)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"the cgroup file systems are mounted read-only: remount them read-write "
			"(mount -o remount,rw)");
	return is_v2(p) ? make_v2(p, err) : make_v1(p, err);
}

static uint64_t shares(const struct planner *p)
{
	uint64_t s = p->task->limits.cpu_mhz, total = p->facts->total_mhz;

	/* B-613: on big nodes MHz are scaled into the kernel's range */
	if (total >= MAX_SHARES)
		s = (uint64_t)((double)s / (double)total * MAX_SHARES);
	return s < MIN_SHARES ? MIN_SHARES : s > MAX_SHARES ? MAX_SHARES : s;
}

/* B-614: shares as a weight of v2; 1024 is 100. */
static uint64_t weight(uint64_t s)
{
	if (s <= MIN_SHARES)
		return 1;
	if (s >= MAX_SHARES)
		return MAX_WEIGHT;
	double l = log2((double)s);
	double w = ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
	return (uint64_t)w;
}

static void limits_v1(struct planner *p)
{
	const struct task_limits *l = &p->task->limits;
	const uint8_t *slot = p->slot_cgroup;

	if (slot[HOST_CPUSET] != SLOT_NONE) {
		static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
		for (size_t i = 0; i < iso_len(files); i++)
			steps_add(p->b, (struct step_in){.op = STEP_CGROUP_COPY,
						.str = {files[i]},
						.from = SLOT(slot[HOST_CPUSET])});
		put(p, slot[HOST_CPUSET], "cpuset.cpus", l->cpuset_cpus, false);
	}
	if (l->mem_bytes) {
		put_number(p, slot[HOST_MEMORY], "memory.limit_in_bytes", l->mem_bytes, false);
		/* memory and swap together: no more than the memory alone, so nothing is swapped
		 * out of the limit */
		put_number(p, slot[HOST_MEMORY], "memory.memsw.limit_in_bytes", l->mem_bytes, true);
	}
	if (l->mem_soft_bytes)
		put_number(p, slot[HOST_MEMORY], "memory.soft_limit_in_bytes", l->mem_soft_bytes,
			false);
	if (slot[HOST_MEMORY] != SLOT_NONE)
		put(p, slot[HOST_MEMORY], "memory.swappiness", "0", true);
	if (l->cpu_mhz)
		put_number(p, slot[HOST_CPU], "cpu.shares", shares(p), false);
	if (l->pids_max)
		put_number(p, slot[HOST_PIDS], "pids.max", l->pids_max, false);
}

static void limits_v2(struct planner *p)
{
	const struct task_limits *l = &p->task->limits;
	uint8_t slot = p->slot_cgroup_v2;

	if (l->mem_bytes) {
		put_number(p, slot, "memory.max", l->mem_bytes, false);
		put(p, slot, "memory.swap.max", "0", true);
	}
	if (l->mem_soft_bytes)
		put_number(p, slot, "memory.low", l->mem_soft_bytes, false);
	if (l->cpu_mhz)
		put_number(p, slot, "cpu.weight", weight(shares(p)), false);
	if (l->cpuset_cpus) {
		put(p, slot, "cpuset.cpus", l->cpuset_cpus, false);
		steps_add(p->b, (struct step_in){.op = STEP_CGROUP_GRANTED,
					.str = {"cpuset.cpus", "cpuset.cpus.effective"},
					.from = SLOT(slot)});
	}
	if (l->pids_max)
		put_number(p, slot, "pids.max", l->pids_max, false);
}

int want_cgroup_limits(struct planner *p, struct iso_err *err)
{
	(void)err;
	if (is_v2(p))
		limits_v2(p);
	else
		limits_v1(p);
	return 0;
}

/* B-319 without its mknod of everything and without tun: exactly what /dev holds. */
int want_cgroup_devices(struct planner *p, struct iso_err *err)
{
	(void)err;
	static const char *const rules[] = {"c 1:3 rw", "c 1:5 rw", "c 1:7 rw", "c 1:8 rw",
		"c 1:9 rw", "c 5:0 rw", "c 5:2 rw", "c 136:* rw"};
	uint8_t slot = is_v2(p) ? p->slot_cgroup_v2 : p->slot_cgroup[HOST_DEVICES];

	steps_add(p->b, (struct step_in){.op = STEP_CGROUP_DEVICES,
				.list = {rules},
				.n_list = {iso_len(rules)},
				.from = SLOT(slot)});
	return 0;
}

int want_cgroup_join(struct planner *p, struct iso_err *err)
{
	(void)err;
	for (unsigned c = 0; c < N_HOST_CONTROLLERS && !is_v2(p); c++) {
		bool joined = p->slot_cgroup[c] == SLOT_NONE;
		for (unsigned d = 0; d < c; d++)
			joined = joined || p->slot_cgroup[d] == p->slot_cgroup[c];
		if (!joined)
			steps_add(p->b, (struct step_in){.op = STEP_CGROUP_JOIN,
						.from = SLOT(p->slot_cgroup[c])});
	}
	return 0;
}
