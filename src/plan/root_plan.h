/*
 * How each entry of chroot_env becomes a part of the root (DESIGN 5), decided from the facts. No
 * mount point of ours may lie on a dentry of a host file system: renaming the host's file would
 * take the mount away.
 */
#ifndef PLAN_ROOT_PLAN_H
#define PLAN_ROOT_PLAN_H

#include "plan/planner.h"

enum entry_form {
	ENTRY_BIND,    /* recursive read-only bind: nothing to hide, nothing below */
	ENTRY_OVERLAY, /* read-only: points and masks over the host's directory */
	ENTRY_UPPER,   /* with an upper layer in the task directory */
	ENTRY_LINK,    /* stays the link that it is on the host */
	ENTRY_FILE,    /* one file, bound read-only */
};

struct root_entry {
	const char *source, *destination; /* source: links resolved */
	enum entry_form form;
	const char *target;      /* ENTRY_LINK */
	const char *mask;        /* whiteout layer, NULL = nothing hidden */
	const char **mask_names; /* relative to source */
	size_t n_mask_names;
	const char *points;       /* layer with mount points that the host lacks, NULL = none */
	const char *upper, *work; /* ENTRY_UPPER: in the task directory; on the host */
	uint8_t slot;
};

/* A directory or empty file that must be made in a points layer. */
struct root_point {
	const char *path; /* on the host, below .iso */
	bool is_file;
};

struct root_plan {
	struct root_entry *entries; /* by depth of destination */
	size_t n_entries;
	struct root_point *points;
	size_t n_points;
};

/** root_plan_make() - Return: 0; -1 ISO_FAULT_INPUT (a source or destination that cannot work),
 * ISO_FAULT_SYSTEM */
iso_must_use int root_plan_make(struct planner *p, struct iso_err *err);

#endif
