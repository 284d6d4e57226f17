/* Tasks whose supervisor was killed, whatever they have become since: a new supervisor finds out,
 * and cleans up behind those that are over (watch/adopt.c). */
#include <errno.h>

#include "run/attach.h"
#include "run/internal.h"

static int settle(struct iso_task *task, struct iso_event *ret, struct iso_err *err)
{
	struct iso_event last;

	int r = run_adopt(task, err);
	if (r)
		return r == RUN_ADOPT_HELD ? ATTACH_HELD : -1;
	if (iso_next(task, ret, err))
		return -1;
	while (ret->kind == ISO_EVENT_EXITED || ret->kind == ISO_EVENT_FAILED) {
		if (iso_next(task, &last, err))
			return -1;
		if (last.kind == ISO_EVENT_GONE)
			break;
	}
	return 0;
}

int attach_repair(const char *dir, struct iso_event *ret, struct iso_err *err)
{
	struct iso_task *task = run_task_new(dir);

	if (!task)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	int r = settle(task, ret, err);
	(void)iso_task_free(task);
	return r;
}
