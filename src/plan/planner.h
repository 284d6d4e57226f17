/* What the parts of the plan share while one is built. Only plan/ includes this. */
#ifndef PLAN_PLANNER_H
#define PLAN_PLANNER_H

#include "host/facts.h"
#include "plan/result.h"

struct root_plan; /* plan/root_plan.h */

struct planner {
	struct arena *arena;
	const struct task_config *task;
	const struct host_facts *facts;
	struct steps_builder *b;
	struct plan_result *result;

	/* decided by policy.c before any step */
	bool private_pid, private_ipc;
	uint64_t caps; /* what the task holds */
	bool no_new_privs;
	bool hardened;

	/* slots */
	uint8_t slot_secrets;                    /* given by the starter */
	uint8_t slot_cgroup[N_HOST_CONTROLLERS]; /* v1 leaf directories */
	uint8_t slot_cgroup_v2;                  /* v2 leaf, also on hybrids */
	uint8_t slot_dev;
	uint8_t slot_log[3]; /* by stream */
	uint8_t slot_alloc, slot_alloc_logs;
	uint8_t *slot_mounts; /* one a volume */
	struct root_plan *root;
};

/* plan_fail() - ISO_FAULT_INPUT with "FILE:LINE:COLUMN: " in front when @place names a file.
 * Return: -1. */
int plan_fail(const struct task_place *place, struct iso_err *err, const char *format, ...)
	iso_printf(3, 4);
void plan_warn(struct planner *p, const struct task_place *place, const char *format, ...)
	iso_printf(3, 4);

/* policy.c: may the task have what it asks for? Fills the decided fields. */
iso_must_use int plan_policy(struct planner *p, struct iso_err *err);

/* The steps' makers, called by order.c in its order; each appends what the task needs of its
 * subject. */
typedef int plan_want(struct planner *p, struct iso_err *err);
plan_want want_supervisor_cgroup, want_cgroup_make, want_cgroup_limits, want_cgroup_devices,
	want_cgroup_join;
plan_want want_layers, want_dev, want_logs, want_landlock, want_clone;
plan_want want_volume_sources, want_entry_sources, want_netns, want_propagation, want_root_attach;
plan_want want_entries, want_kernel_fs, want_own_dirs, want_volumes, want_kernel_masks, want_pivot;
plan_want want_check_mounts, want_session, want_keyring, want_umask, want_oom_score, want_rlimits;
plan_want want_affinity, want_work_dir, want_command, want_stdio;
plan_want want_bounding_set, want_securebits, want_groups, want_gid, want_early_seccomp, want_uid,
	want_caps;
plan_want want_dumpable, want_no_new_privs, want_check_cred, want_late_seccomp, want_init,
	want_exec;

#endif
