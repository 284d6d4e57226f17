/*
 * What the plan must know of this machine, gathered before it by host/, so that the plan itself is
 * a pure function. Everything the plan relies on about paths stands here; the applier checks each
 * again by fstat on the descriptor it acts on.
 *
 * Strings live in the arena given to the gatherer.
 */
#ifndef HOST_FACTS_H
#define HOST_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

enum host_cgroup_mode {
	HOST_CGROUP_NONE,
	HOST_CGROUP_V1,
	HOST_CGROUP_HYBRID,
	HOST_CGROUP_V2
};

/* v1 controllers that we use, v2 has the same names less freezer and devices (built in). X(SYMBOL,
 * "name") */
#define HOST_CONTROLLERS(X)                                                                        \
	X(MEMORY, "memory")                                                                        \
	X(CPU, "cpu")                                                                              \
	X(CPUSET, "cpuset")                                                                        \
	X(PIDS, "pids")                                                                            \
	X(DEVICES, "devices")                                                                      \
	X(FREEZER, "freezer")
enum host_controller {
#define X(symbol, name) HOST_##symbol,
	HOST_CONTROLLERS(X)
#undef X
};
#define X(symbol, name) +1
enum {
	N_HOST_CONTROLLERS = 0 HOST_CONTROLLERS(X)
};
#undef X

struct host_cgroups {
	enum host_cgroup_mode mode;
	const char *v1[N_HOST_CONTROLLERS]; /* mount point of the v1 hierarchy, NULL = not there */
	bool v1_shared_with[N_HOST_CONTROLLERS]; /* true: same hierarchy as an earlier one in the
						    list (cpu,cpuacct) */
	const char *v2; /* mount point of cgroup2 (on hybrids: unified), NULL = not mounted */
	bool v2_has[N_HOST_CONTROLLERS]; /* listed in the v2 root's cgroup.controllers */
	bool writable;                   /* not mounted read-only */
	bool v2_kill;                    /* cgroup.kill exists (Linux >= 5.14) */
};

enum host_kind {
	HOST_MISSING,
	HOST_DIR,
	HOST_FILE,
	HOST_LINK,
	HOST_OTHER
};

/* One path as it lies on the host, last component not followed. */
struct host_path {
	const char *path; /* absolute, cleaned */
	enum host_kind kind;
	const char *target; /* HOST_LINK: as stored in the link */
	const char
		*real; /* HOST_LINK: where it finally leads, absolute; NULL = nowhere (dangling) */
	enum host_kind real_kind;
	uint32_t dev_major, dev_minor; /* of what lies at `real` (HOST_LINK) or at `path` */
	uint64_t ino;
	bool empty; /* HOST_DIR: nothing in it (told for paths below the task directory) */
	const char *unsafe_link; /* a volume's source: the first link on the way that others than
				    root can replace, NULL = none */
};

struct host_user {
	const char *name; /* account's name, or the number as text when there is no account */
	uint32_t uid, gid;
	const char *home;       /* "/" when there is no account */
	const uint32_t *groups; /* gid first, then memberships (getgrouplist) */
	size_t n_groups;
};

struct host_facts {
	/* kernel */
	const char *release, *machine;
	unsigned last_cap;     /* highest capability the kernel knows */
	uint64_t bounding_set; /* of this process */
	uint64_t permitted;    /* of this process */
	int landlock_abi;      /* 0 = none */
	bool has_overlay, has_seccomp_filter, has_openat2, has_mount_setattr;
	bool tmpfs_noswap; /* tmpfs knows noswap (Linux >= 6.4) */
	bool is_root;
	uint64_t nofile_soft, nofile_hard;
	struct host_cgroups cgroups;
	unsigned n_cpus;
	uint64_t total_mhz;                    /* node's total compute, for cpu shares (B-613) */
	const char *cpuset_cpus, *cpuset_mems; /* online sets, "0-1" */

	const char **mount_points; /* of this mount namespace, absolute, in mount order */
	size_t n_mount_points;

	/* of one task: filled by host_facts_for_task() */
	struct host_user user;
	bool upper_ok;        /* the task directory's file system can be an overlay's upper layer */
	const char *upper_fs; /* its name when it cannot */
	struct host_path *paths; /* sorted by path */
	size_t n_paths;
};

struct task_config;

/** host_facts_machine() - everything that does not depend on a task. Works without root. */
iso_must_use int host_facts_machine(
	struct arena *arena, struct host_facts *ret, struct iso_err *err);

/**
 * host_facts_for_task() - user, paths
 *
 * Paths told: every chroot_env source, and what the task directory has at its destination; mount
 * points below a source; every mount's source; every component below a chroot_env source of a
 * mount's destination and of work_dir (where the root will show host files). Return: 0; -1:
 * ISO_FAULT_INPUT for an unknown user (text of B-154).
 */
iso_must_use int host_facts_for_task(struct arena *arena, const struct task_config *task,
	struct host_facts *facts, struct iso_err *err);

/** host_path_find() - the fact about @path, NULL when it was not gathered */
const struct host_path *host_path_find(const struct host_facts *facts, const char *path);

#endif
