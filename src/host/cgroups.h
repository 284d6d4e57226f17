/* The cgroup layout of a host, from the text of its mountinfo (pure) and a few files (the caller
 * reads them). */
#ifndef HOST_CGROUPS_H
#define HOST_CGROUPS_H

#include "host/facts.h"

/**
 * cgroups_from_mountinfo() - where each hierarchy is mounted
 * @text: content of /proc/self/mountinfo (proc(5)); lines that are no cgroup are skipped
 *
 * The first mount of a hierarchy counts. Modes: cgroup v1 hierarchies only: V1; v1 and a cgroup2
 * beside: HYBRID; cgroup2 alone: V2.
 */
void cgroups_from_mountinfo(struct arena *arena, const char *text, struct host_cgroups *ret);

/** mount_points_from_mountinfo() - the mount point of every line, unescaped */
void mount_points_from_mountinfo(
	struct arena *arena, const char *text, const char ***ret, size_t *ret_n);

/** cgroups_add_v2_controllers() - @text: content of the v2 root's cgroup.controllers */
void cgroups_add_v2_controllers(const char *text, struct host_cgroups *cgroups);

#endif
