/* cgroup v2 has no device files: a small BPF program decides about each access
 * (BPF_PROG_TYPE_CGROUP_DEVICE). */
#ifndef APPLY_DEVICE_PROGRAM_H
#define APPLY_DEVICE_PROGRAM_H

#include "base/err.h"
#include "steps/steps.h"

/** device_program_attach() - @rules: "c 1:3 rw", "c 136:* rw"; everything else is refused */
iso_must_use int device_program_attach(int cgroup_fd, struct steps_list rules, struct iso_err *err);

#endif
