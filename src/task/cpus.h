/* Sets of processors as text: "0-1,3" (cpuset(7), "List format"). */
#ifndef TASK_CPUS_H
#define TASK_CPUS_H

#include <stdint.h>

#include "base/attr.h"

enum task_cpus {
	TASK_CPUS_COVERED,
	TASK_CPUS_MISSING,
	TASK_CPUS_MALFORMED
};

/**
 * task_cpus_cover() - are all processors of @asked in @present?
 * @asked:   the job's or a person's words; @present: the kernel's, a list without faults
 * @ret_cpu: MISSING: the first that is not there
 */
iso_must_use enum task_cpus task_cpus_cover(
	const char *asked, const char *present, uint64_t *ret_cpu);

#endif
