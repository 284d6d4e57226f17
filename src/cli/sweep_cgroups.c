/* The parents of tasks' cgroups, and the supervisors' own: whoever was the last in them may have
 * been killed before it removed them. The kernel refuses to remove one that is used. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/sweep.h"
#include "host/facts.h"

static void remove_one(struct sweep *s, const char *path)
{
	struct arena *arena = s->tasks->arena;
	const char *own = arena_printf(arena, "%s/supervise", path);

	if (access(path, F_OK))
		return;
	if (s->dry)
		return; /* whether it is empty is known when the allocs are gone */
	if (!rmdir(own))
		sweep_say(s, "the empty cgroup '%s'", own);
	if (!rmdir(path))
		sweep_say(s, "the empty cgroup '%s'", path);
}

int sweep_cgroups(struct sweep *s, struct iso_err *err)
{
	struct arena *arena = s->tasks->arena;
	struct host_facts facts = {.n_cpus = 0};
	const char *parent = s->cgroup_parent ? s->cgroup_parent : "/isoexec";

	if (parent[0] != '/' || strstr(parent, "..") || !parent[1])
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"option '-cgroup-parent' takes a path below the cgroup root, got '%s'",
			parent);
	if (host_facts_machine(arena, &facts, err))
		return -1;
	for (unsigned c = 0; c < N_HOST_CONTROLLERS; c++)
		if (facts.cgroups.v1[c] && !facts.cgroups.v1_shared_with[c])
			remove_one(s, arena_printf(arena, "%s%s", facts.cgroups.v1[c], parent));
	if (facts.cgroups.v2)
		remove_one(s, arena_printf(arena, "%s%s", facts.cgroups.v2, parent));
	if (facts.cgroups.v2 && !s->cgroup_parent) /* plan/want_cgroup.c, parent() */
		remove_one(s, arena_printf(arena, "%s/isoexec.slice", facts.cgroups.v2));
	return 0;
}
