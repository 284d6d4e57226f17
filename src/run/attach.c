/* Finding a running task again (iso_attach). Its directory in the state directory is all there is
 * to know; what it says is checked against the lock and the socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "record/record.h"
#include "run/attach.h"
#include "run/internal.h"
#include "task/name.h"

#define DEFAULT_STATE_DIR "/run/isoexec"

static bool is_over(uint32_t phase)
{
	return phase == RECORD_EXITED || phase == RECORD_CLEANED || phase == RECORD_FAILED;
}

static int read_record(const char *dir, struct record_file *ret, struct iso_err *err)
{
	own_fd at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd file = at < 0 ? -1 : openat(at, RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (file < 0 && errno == ENOENT)
		return iso_err_set(
			err, ISO_FAULT_NOT_FOUND, ENOENT, "there is no task at '%s'", dir);
	if (file < 0)
		return iso_err_sys(err, "open '%s/" RECORD_FILE "'", dir);
	return record_read(file, ret, err);
}

/* The supervisor's answer says that it listens; a new one has found out by then what the task has
 * become. */
static int ask_wait(struct iso_task *task, struct iso_err *err)
{
	const struct ctl_ask wait = {.version = CTL_VERSION, .kind = ASK_WAIT};
	struct ctl_report report;

	return run_ask(task, &wait, REPORT_DONE, &report, NULL, err);
}

static int adopt(struct iso_task *task, struct iso_err *err)
{
	struct record_file file;

	if (read_record(task->dir, &file, err))
		return -1;
	if (is_over(file.record.phase))
		return iso_err_set(err, ISO_FAULT_NOT_FOUND, ESRCH, "the task has ended");
	return run_adopt(task, err);
}

static int connect_or_adopt(struct iso_task *task, struct iso_err *err)
{
	for (unsigned i = 0; i < RUN_TRIES; i++) {
		task->fd = run_connect(task->dir);
		if (task->fd < 0 && errno != ENOENT && errno != ECONNREFUSED)
			return iso_err_sys(err, "connect to the supervisor of '%s'", task->dir);
		int r = task->fd < 0 ? adopt(task, err) : 0;
		if (r == 0 && !ask_wait(task, err))
			return 0;
		if (r < 0 || (r == 0 && err->sys != EPIPE))
			return -1;
		/* it is just being started, ended or replaced; or gone before it answered */
		task->fd = fd_close(task->fd);
		run_reap(task);
		run_wait_for_kernel();
	}
	return iso_err_set(err, ISO_FAULT_SYSTEM, EAGAIN,
		"the task of '%s' is just being started or ended", task->dir);
}

static void event_of(const struct record_file *file, struct iso_event *ret)
{
	const struct record *r = &file->record;

	*ret = (struct iso_event){
		.kind = r->phase == RECORD_FAILED ? ISO_EVENT_FAILED : ISO_EVENT_EXITED,
		.pid = r->task_pid,
		.exit_code = r->exit_code,
		.signal = r->signal,
		.exit_unknown = r->flags & RECORD_EXIT_UNKNOWN,
		.forced = r->flags & RECORD_FORCED,
		.stop_asked = r->flags & RECORD_STOP_ASKED,
		.restart_asked = r->flags & RECORD_RESTART_ASKED,
		.oom_kills = r->oom_kills,
		.mem_peak_bytes = r->mem_peak_bytes,
		.log_dropped_bytes = r->log_dropped_bytes,
		.restarts = file->about.restarts,
	};
	if (r->phase == RECORD_FAILED)
		(void)iso_err_set(&ret->err, ISO_FAULT_SYSTEM, 0, "the task was never started");
}

int run_look(const char *dir, struct iso_event *ret, struct iso_err *err)
{
	struct record_file file;

	if (read_record(dir, &file, err))
		return err->fault == ISO_FAULT_NOT_FOUND ? RUN_LOOK_NONE : -1;
	event_of(&file, ret);
	if (file.record.phase == RECORD_CLEANED || file.record.phase == RECORD_FAILED)
		return RUN_LOOK_CLEAN;
	return is_over(file.record.phase) ? RUN_LOOK_ENDED : RUN_LOOK_RUNS;
}

int attach_dir(const char *dir, struct iso_task **ret, struct iso_err *err)
{
	struct iso_task *task = run_task_new(dir);

	if (!task)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	if (connect_or_adopt(task, err)) {
		(void)iso_task_free(task);
		return -1;
	}
	*ret = task;
	return 0;
}

int iso_attach(const char *state_dir, const char *alloc_id, const char *task, struct iso_task **ret,
	struct iso_err *err)
{
	if (task_name_check(alloc_id, err) || task_name_check(task, err))
		return -1;
	own_arena arena = arena_new(0);
	if (!arena)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	return attach_dir(arena_printf(arena, "%s/%s/%s", state_dir ? state_dir : DEFAULT_STATE_DIR,
				  alloc_id, task),
		ret, err);
}
