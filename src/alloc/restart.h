/* When a task that ended is started again: a pure decision (Nomad's restart block; jobspec
 * "restart"). */
#ifndef ALLOC_RESTART_H
#define ALLOC_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "task/alloc_spec.h"

enum restart_verdict {
	RESTART_DONE,   /* ended well: terminated */
	RESTART_FAILED, /* ended badly and is not started again */
	RESTART_AGAIN,  /* after wait_ms */
};

/* What has happened so far; zero at the first start. */
struct restart_history {
	uint32_t count; /* restarts within the current interval */
	uint64_t interval_start_ms;
	bool started;
};

/**
 * restart_decide() - @success: exit status 0 without a signal
 * @now_ms: any monotonic clock; @random: a number that spreads delays by up to a quarter
 *
 * Source: Nomad, restart block: attempts, interval, delay, mode; service tasks restart after
 * success too.
 */
enum restart_verdict restart_decide(const struct task_restart *policy,
	struct restart_history *history, bool success, uint64_t now_ms, uint32_t random,
	uint64_t *ret_wait_ms);

#endif
