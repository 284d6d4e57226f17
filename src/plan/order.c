/*
 * The order of isolation. This table is the only place that states it; each row says why it stands
 * where it stands. The rows marked `session` are applied again, by a process that has joined the
 * task's namespaces, for every exec session, so a session can never hold more than the task.
 */
#include "plan/order.h"

#include "plan/planner.h"

static const struct order_row rows[] = {
	/* ---- outside: the supervisor in the host's namespaces ---- */
	{"supervisor's cgroup", want_supervisor_cgroup, false,
		"first: what the start itself uses is not charged to a login"},
	{"cgroups", want_cgroup_make, false, "they exist before the process that goes into them"},
	{"limits", want_cgroup_limits, false,
		"set before the first process joins, so nothing runs unlimited"},
	{"device rules", want_cgroup_devices, false,
		"deny all, then the list: before anybody is in it"},
	{"layers", want_layers, false,
		"directories that overlays and mount points need, made on the host's side"},
	{"/dev", want_dev, false, "nodes are made here: inside, the device rules refuse mknod"},
	{"logs", want_logs, false, "the FIFOs exist before the task, so its first byte is kept"},
	{"landlock", want_landlock, false,
		"the supervisor enters: task and sessions share one domain (signals between them "
		"work)"},
	{"process", want_clone, false,
		"new namespaces at birth; on v2 also its cgroup, without a migration"},
	/* ---- root: the child, the host's tree still visible ---- */
	{"cgroup membership", want_cgroup_join, true,
		"early: what the set-up allocates is charged to the task"},
	{"network", want_netns, false,
		"before sysfs, which shows the network namespace of whoever mounts it; sessions "
		"join by pidfd"},
	{"volume sources", want_volume_sources, false,
		"before propagation is cut: a shared volume keeps its peer"},
	{"propagation", want_propagation, false,
		"before the first mount: none of ours reaches the host"},
	{"entry sources", want_entry_sources, false,
		"overlays before the task directory is bound: upper and work must lie on one "
		"mount"},
	{"root", want_root_attach, false,
		"attached first: on older kernels mounts go below attached mounts only"},
	{"entries", want_entries, false, "by depth: a parent is there before what lies below it"},
	{"kernel file systems", want_kernel_fs, false,
		"over whatever the entries hold at /proc, /sys and /dev"},
	{"own directories", want_own_dirs, false,
		"/alloc, /secrets: after the entries, which cannot hide them"},
	{"volumes", want_volumes, false, "last of the mounts: they may lie inside anything"},
	{"masks", want_kernel_masks, false,
		"after the mounts, which could put something unmasked there"},
	{"pivot", want_pivot, false, "the host's tree is gone from here on"},
	/* ---- inside: own root, still privileged ---- */
	{"check of the mounts", want_check_mounts, false,
		"what the kernel made is compared with the plan before anything of the task runs"},
	{"session", want_session, true, "no controlling terminal of anybody else"},
	{"keyring", want_keyring, true, "joined as root: quotas of the task's uid are not used up"},
	{"umask", want_umask, true, "before work_dir is made"},
	{"oom score", want_oom_score, true, "while the right to lower it is still held"},
	{"limits of the process", want_rlimits, true, "while hard limits may still be set"},
	{"processors", want_affinity, true, "the cpuset bounds it, not the starter's affinity"},
	{"working directory", want_work_dir, true,
		"made as root inside the root; entered before the rights go"},
	{"command", want_command, false, "looked up in the finished root"},
	{"streams", want_stdio, true, "after the command lookup: its errors go to the report"},
	/* ---- credentials ---- */
	{"bounding set", want_bounding_set, true, "needs SETPCAP: first of the credentials"},
	{"securebits", want_securebits, true, "needs SETPCAP"},
	{"groups", want_groups, true, "needs SETGID"},
	{"gid", want_gid, true, "needs SETGID: before the uid"},
	{"seccomp, without no_new_privs", want_early_seccomp, true,
		"needs SYS_ADMIN, which the uid takes away; the filter allows the rest of this "
		"list"},
	{"uid", want_uid, true, "capabilities survive it for the next step only"},
	{"capabilities", want_caps, true, "the final five sets"},
	{"dumpable", want_dumpable, true,
		"the uid change may have set it: nobody may look into us until execve"},
	{"no_new_privs", want_no_new_privs, true, "before seccomp, which then needs no right"},
	{"check of the credentials", want_check_cred, true,
		"read back: any difference ends the start"},
	{"seccomp", want_late_seccomp, true, "last: it forbids most of the above"},
	{"init", want_init, false, "process 1 holds no more rights than the task: all are gone"},
	{"command's execve", want_exec, true, "nothing between the filter and the task"},
};

const struct order_row *order_rows(size_t *ret_n)
{
	*ret_n = iso_len(rows);
	return rows;
}
