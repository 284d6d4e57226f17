/* The restart policy (restart.h). */
#include "alloc/restart.h"

static uint64_t spread(uint64_t delay_ms, uint32_t random)
{
	uint64_t quarter = delay_ms / 4;
	return delay_ms + (quarter ? random % (quarter + 1) : 0);
}

enum restart_verdict restart_decide(const struct task_restart *policy,
	struct restart_history *history, bool success, uint64_t now_ms, uint32_t random,
	uint64_t *ret_wait_ms)
{
	if (success && !policy->on_success)
		return RESTART_DONE;
	if (policy->attempts == 0)
		return success ? RESTART_DONE : RESTART_FAILED;

	if (!history->started || now_ms - history->interval_start_ms >= policy->interval_ms)
		*history = (struct restart_history){.started = true, .interval_start_ms = now_ms};
	history->count++;
	if (history->count <= policy->attempts) {
		*ret_wait_ms = spread(policy->delay_ms, random);
		return RESTART_AGAIN;
	}
	if (!policy->mode_delay)
		return RESTART_FAILED;
	*ret_wait_ms = history->interval_start_ms + policy->interval_ms - now_ms;
	return RESTART_AGAIN;
}
