/* See task_plan.h. */
#include "cli/task_plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

int task_plan_read(
	struct arena *arena, const struct state_task *task, struct steps *ret, struct iso_err *err)
{
	struct stat st;
	own_fd at = open(task->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd fd = at < 0 ? -1
			   : openat(at, RECORD_FILE,
				     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return iso_err_sys(err, "open '%s/" RECORD_FILE "'", task->dir);
	if (st.st_size <= RECORD_PLAN_AT || st.st_size > RECORD_PLAN_AT + STEPS_MAX_BYTES)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0, "the task's record holds no plan");
	size_t len = (size_t)st.st_size - RECORD_PLAN_AT;
	void *data = arena_alloc(arena, len);
	if (pread(fd, data, len, RECORD_PLAN_AT) != (ssize_t)len)
		return iso_err_sys(err, "read the plan of '%s'", task->dir);
	return steps_read(data, len, ret, err);
}

bool task_plan_sets(const struct steps *plan, const char *name)
{
	size_t len = strlen(name);

	for (uint32_t i = 0; i < plan->header->n_steps; i++) {
		if (plan->step[i].op != STEP_EXEC)
			continue;
		struct steps_list env = steps_list(plan, &plan->step[i], 1);
		for (const char *e; (e = steps_list_next(&env));)
			if (!strncmp(e, name, len) && e[len] == '=')
				return true;
	}
	return false;
}

bool task_plan_log(const struct steps *plan, unsigned stream, struct task_log *ret)
{
	for (uint32_t i = 0; i < plan->header->n_steps; i++) {
		const struct step *s = &plan->step[i];
		if (s->op != STEP_LOG || s->num[0] != stream)
			continue;
		*ret = (struct task_log){.dir = steps_str(plan, s, 1),
			.base = steps_str(plan, s, 2),
			.max_files = s->num[1]};
		return true;
	}
	return false;
}
