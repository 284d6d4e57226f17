/* The plan that lies in a task's record: what was decided for it when it was started. */
#ifndef CLI_TASK_PLAN_H
#define CLI_TASK_PLAN_H

#include "state/state.h"
#include "steps/steps.h"

/** task_plan_read() - into @arena. Return: 0; -1: unreadable, or of another version */
iso_must_use int task_plan_read(
	struct arena *arena, const struct state_task *task, struct steps *ret, struct iso_err *err);

/** task_plan_sets() - does the task's environment hold variable @name? */
bool task_plan_sets(const struct steps *plan, const char *name);

/* Where a stream goes. */
struct task_log {
	const char *dir, *base; /* files are dir/base.N */
	uint64_t max_files;     /* 0 = its output is not kept */
};
/** task_plan_log() - @stream 1 or 2. false: it has none */
bool task_plan_log(const struct steps *plan, unsigned stream, struct task_log *ret);

#endif
