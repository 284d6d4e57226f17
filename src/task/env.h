/* The environment of a task, as a pure function (B-501 to B-516): layers in, one sorted list of
 * "K=V" out. */
#ifndef TASK_ENV_H
#define TASK_ENV_H

#include "base/arena.h"
#include "task/config.h"

struct task_env_in {
	const char *alloc_id, *job_id, *job_name, *group_name, *task_name, *namespace, *region, *dc,
		*cgroup_parent;
	unsigned alloc_index;
	uint64_t cpu_mhz, memory_mb, memory_max_mb; /* memory_max_mb 0 = not set */
	const char *cpu_cores;                      /* NULL = not reserved */
	struct task_strings meta;                   /* "K=V", job < group < task already merged */
	struct task_strings host;                   /* "K=V" of the host, only where absent */
	struct task_strings env;                    /* "K=V" of env {}, wins */
};

/** task_env_build() - later layers override earlier ones; names cleaned as B-502; sorted by name */
struct task_strings task_env_build(struct arena *arena, const struct task_env_in *in);

#endif
