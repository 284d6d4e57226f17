/* What planning gives: steps, and warnings that do not stop the task. */
#ifndef PLAN_RESULT_H
#define PLAN_RESULT_H

#include "steps/build.h"
#include "task/config.h"

/* Something the task's owner should know although the task runs. */
struct plan_warning {
	const char *text;
	struct task_place place;
};

struct plan_result {
	struct steps_builder steps;
	struct plan_warning *warnings;
	size_t n_warnings;
};

#endif
