/*
 * May the task have what it asks for? The checks of the reference in its order and with its words
 * (B-112, B-116, B-118), then ours. Decides capabilities and namespaces; adds no step.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/planner.h"
#include "task/caps.h"
#include "task/cpus.h"
#include "task/ids.h"
#include "task/root_map.h"

#define CONFIG "failed driver config validation: "
#define USER   "failed host user validation: "

static int mode(const struct planner *p, const char *name, enum task_mode asked,
	enum task_mode fallback, bool allow_host, const struct task_place *place, bool *ret_private,
	struct iso_err *err)
{
	(void)p;
	if (asked == TASK_MODE_HOST && fallback != TASK_MODE_HOST && !allow_host)
		return plan_fail(place, err,
			"%s \"host\" is not allowed: the operator would have to set allow_host_%s "
			"= true",
			name, name[0] == 'p' ? "pid" : "ipc");
	*ret_private = (asked == TASK_MODE_DEFAULT ? fallback : asked) != TASK_MODE_HOST;
	return 0;
}

static int modes(struct planner *p, struct iso_err *err)
{
	const struct task_config *t = p->task;
	const struct task_policy *o = &t->policy;

	if (mode(p, "pid_mode", t->pid_mode, o->default_pid_mode, o->allow_host_pid,
		    &t->pid_mode_place, &p->private_pid, err))
		return -1;
	return mode(p, "ipc_mode", t->ipc_mode, o->default_ipc_mode, o->allow_host_ipc,
		&t->ipc_mode_place, &p->private_ipc, err);
}

static int capabilities(struct planner *p, struct iso_err *err)
{
	const struct task_config *t = p->task;
	const struct host_facts *f = p->facts;
	const char *unknown;

	uint64_t add = task_caps_parse(p->arena, &t->cap_add, f->last_cap, &unknown);
	if (unknown)
		return plan_fail(&t->cap_add_place, err,
			CONFIG "cap_add configured with capabilities not supported by system: %s",
			unknown);
	uint64_t drop = task_caps_parse(p->arena, &t->cap_drop, f->last_cap, &unknown);
	if (unknown)
		return plan_fail(&t->cap_drop_place, err,
			CONFIG "cap_drop configured with capabilities not supported by system: %s",
			unknown);
	uint64_t missing = add & ~t->policy.allow_caps;
	if (missing)
		return plan_fail(&t->cap_add_place, err,
			"driver does not allow the following capabilities: %s",
			task_caps_text(p->arena, missing));

	uint64_t basis = p->hardened ? 0 : TASK_CAPS_NOMAD_DEFAULT;
	p->caps = task_caps_result(basis, t->policy.allow_caps, add, drop);
	uint64_t beyond = p->caps & ~f->bounding_set;
	if (beyond & add)
		plan_warn(p, &t->cap_add_place, "this machine's bounding set lacks: %s",
			task_caps_text(p->arena, beyond & add));
	p->caps &= f->bounding_set;
	return 0;
}

static int user(struct planner *p, struct iso_err *err)
{
	const struct task_policy *o = &p->task->policy;
	const struct host_user *u = &p->facts->user;
	const struct task_place *place = &p->task->user_place;

	if (task_ids_has(o->denied_host_uids, u->uid))
		return plan_fail(place, err, USER "running as uid %u is disallowed", u->uid);
	for (size_t i = 0; i < u->n_groups; i++)
		if (task_ids_has(o->denied_host_gids, u->groups[i]))
			return plan_fail(
				place, err, USER "running as gid %u is disallowed", u->groups[i]);
	if (!p->hardened || o->allow_root)
		return 0;
	if (u->uid == 0)
		return plan_fail(place, err,
			USER "running as uid 0 is disallowed: the operator would have to set "
			     "allow_root = true");
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == 0)
			return plan_fail(place, err,
				USER "running as gid 0 is disallowed: the operator would have to "
				     "set allow_root = true");
	return 0;
}

/* Numbers of processors that are on, which need not be 0 to n: v2 takes any, and gives the parent's
 * when none of those asked for is there. */
static int cpuset(const char *asked, const char *online, struct iso_err *err)
{
	uint64_t cpu = 0;

	switch (task_cpus_cover(asked, online, &cpu)) {
	case TASK_CPUS_COVERED:
		return 0;
	case TASK_CPUS_MISSING:
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"cores '%s': processor %" PRIu64
			" is not online on this machine, which has %s",
			asked, cpu, online);
	case TASK_CPUS_MALFORMED:
		break;
	}
	return iso_err_set(err, ISO_FAULT_INPUT, 0,
		"cores '%s': expected a set of processors as 0-1,3", asked);
}

static int cgroups(struct planner *p, struct iso_err *err)
{
	const char *cpus = p->task->limits.cpuset_cpus, *parent = p->task->cgroup_parent;

	if (cpus && cpuset(cpus, p->facts->cpuset_cpus, err))
		return -1;
	if (!parent || parent[0] != '/' || strcmp(path_clean(p->arena, parent), parent) != 0)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"cgroup parent '%s': expected an absolute path below a controller's mount, "
			"without '..' and double slashes",
			parent ? parent : "");
	return 0;
}

static int propagation(struct planner *p, struct iso_err *err)
{
	for (size_t i = 0; i < p->task->n_mounts; i++) {
		const struct task_mount *m = &p->task->mounts[i];
		if (m->propagation == TASK_PROPAGATION_BIDIRECTIONAL &&
			!p->task->policy.allow_bidirectional)
			return plan_fail(&m->place, err,
				"propagation_mode \"bidirectional\" is not allowed: the operator "
				"would have to set "
				"allow_bidirectional = true");
	}
	return 0;
}

int plan_policy(struct planner *p, struct iso_err *err)
{
	const struct task_config *t = p->task;

	p->hardened = t->policy.profile == TASK_HARDENED;
	p->no_new_privs = p->hardened;
	if (modes(p, err))
		return -1;
	if (capabilities(p, err))
		return -1;
	if (t->work_dir && t->work_dir[0] != '/')
		return plan_fail(&t->work_dir_place, err,
			CONFIG "work_dir must be absolute but got relative path \"%s\"",
			t->work_dir);
	if (task_ids_check(t->policy.denied_host_uids, "deniedHostUIDs", err) ||
		task_ids_check(t->policy.denied_host_gids, "deniedHostGIDs", err))
		return -1;
	return user(p, err) || cgroups(p, err) ? -1 : propagation(p, err);
}
