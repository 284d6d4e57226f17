/* What gc removes, piece by piece. Each says what it has done, or would do (dry). */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "cli/tasks.h"

struct sweep {
	const struct tasks *tasks;
	const char *data_dir, *cgroup_parent;
	bool dry;
	bool failed; /* something could not be removed */
};

/** sweep_alloc() - directories of an alloc that nobody runs and whose tasks have all ended; what
 * was interrupted is cleaned up first, and an orphan that still runs gets a supervisor */
void sweep_alloc(struct sweep *s, const char *alloc_id);
/** sweep_unfinished() - removals that were interrupted */
void sweep_unfinished(struct sweep *s);
/** sweep_strangers() - (sweep_data.c) data directories without a state directory, that no process
 * has as its root */
void sweep_strangers(struct sweep *s);
/** sweep_cgroups() - (sweep_cgroups.c) empty parents of ours */
iso_must_use int sweep_cgroups(struct sweep *s, struct iso_err *err);

/** sweep_say() - one line on standard output: "removed ..." or "would remove ..." */
void sweep_say(const struct sweep *s, const char *format, ...) iso_printf(2, 3);
/** sweep_is_old() - nobody is just about to use @path: it was made ten minutes ago */
bool sweep_is_old(const char *path);

#endif
