/* Reading and comparing sets of processors (cpus.h). Ranges are compared as such: a job may write
 * "0-4294967295". */
#include "task/cpus.h"

#include <stdbool.h>

#include "base/num.h"

struct range {
	uint64_t first, last;
};

/* One range, and the comma behind it when another follows. */
static bool next_range(const char **at, struct range *ret)
{
	if (!num_u64_at(at, &ret->first))
		return false;
	ret->last = ret->first;
	if (**at == '-') {
		(*at)++;
		if (!num_u64_at(at, &ret->last) || ret->last < ret->first)
			return false;
	}
	if (**at == ',' && (*at)[1])
		(*at)++;
	else if (**at)
		return false;
	return true;
}

/* The first processor at or behind @cpu that @present lacks. */
static uint64_t first_missing(uint64_t cpu, const char *present)
{
	struct range r;

	for (const char *at = present;
		*at && next_range(&at, &r);) /* ascending, as the kernel writes */
		if (cpu >= r.first && cpu <= r.last)
			cpu = r.last + 1;
	return cpu;
}

enum task_cpus task_cpus_cover(const char *asked, const char *present, uint64_t *ret_cpu)
{
	enum task_cpus answer = *asked ? TASK_CPUS_COVERED : TASK_CPUS_MALFORMED;
	struct range r;

	for (const char *at = asked; *at;) {
		if (!next_range(&at, &r))
			return TASK_CPUS_MALFORMED;
		uint64_t cpu = first_missing(r.first, present);
		if (cpu > r.last || answer == TASK_CPUS_MISSING)
			continue;
		*ret_cpu = cpu;
		answer = TASK_CPUS_MISSING;
	}
	return answer;
}
