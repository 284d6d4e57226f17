/*
 * One task's life (life.h): prepared without touching anything, started through a supervisor,
 * followed by its reports. What is printed and when the process ends is the business of others.
 */
#include "alloc/life.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc/artifact.h"
#include "base/own.h"
#include "run/attach.h"
#include "run/internal.h"
#include "run/secrets.h"
#include "run/sweep.h"
#include "task/signals.h"

enum {
	EXIT_OUR_FAILURE = 125,
	EXIT_NOT_EXEC = 126,
	EXIT_NOT_FOUND = 127
};

static void tell(struct life *l, enum life_event event, const char *format, ...) iso_printf(3, 4);
static void tell(struct life *l, enum life_event event, const char *format, ...)
{
	char text[ISO_ERR_TEXT + 128];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	l->watcher->event(l->watcher->context, l->task, event, text);
}

static int prepare(struct life *l, bool say_warnings, struct iso_err *err)
{
	const char *warning;

	l->prepared = iso_prepared_free(l->prepared);
	if (iso_prepare(l->machine, l->config, &l->prepared, err))
		return -1;
	for (size_t i = 0; say_warnings && (warning = iso_prepared_warning(l->prepared, i)); i++)
		tell(l, LIFE_EV_WARNING, "%s", warning);
	return 0;
}

int life_init(struct life *l, const struct alloc_task *task, struct iso_machine *machine,
	const struct life_watcher *watcher, const struct life_how *how, struct iso_err *err)
{
	*l = (struct life){
		.task = task,
		.machine = machine,
		.watcher = watcher,
		.console = how->console,
		.keep = how->keep,
		.secrets_fd = -1,
		.hold_fd = -1,
		.fetch = ARTIFACT_FETCH_INIT,
	};
	return config_from_task(&task->config, &l->config, err) ? -1 : prepare(l, true, err);
}

void life_done(struct life *l)
{
	l->run = iso_task_free(l->run);
	artifact_kill(&l->fetch);
	l->secrets_fd = fd_close(l->secrets_fd);
	l->hold_fd = fd_close(l->hold_fd);
	l->prepared = iso_prepared_free(l->prepared);
	l->config = iso_config_free(l->config);
}

static int exit_code_of(const struct iso_err *err)
{
	if (err->fault == ISO_FAULT_NOT_FOUND)
		return EXIT_NOT_FOUND;
	return err->fault == ISO_FAULT_NOT_EXEC ? EXIT_NOT_EXEC : EXIT_OUR_FAILURE;
}

static void give_up(struct life *l, const struct iso_err *err)
{
	l->failed = true;
	l->exit_code = exit_code_of(err);
	tell(l, LIFE_EV_FAILED, "%s", err->text);
}

/* After an end of any kind: start again, or not (jobspec "restart"). */
static void decide(struct life *l, uint64_t now_ms)
{
	uint64_t wait_ms = 0;

	l->state = LIFE_DEAD;
	if (l->restart_asked && !l->stop_asked) { /* by a person: the policy does not count it */
		l->restart_asked = false;
		l->wake_ms = now_ms;
		l->state = LIFE_WAITING;
		return;
	}
	if (l->stop_asked)
		return;
	enum restart_verdict verdict = restart_decide(&l->task->restart, &l->history,
		l->exit_code == 0, now_ms, (uint32_t)now_ms * 2654435761u, &wait_ms);
	if (verdict == RESTART_FAILED && l->task->restart.attempts)
		tell(l, LIFE_EV_NOT_RESTARTING, "exceeded allowed attempts %" PRIu32 " in interval",
			l->task->restart.attempts);
	if (verdict != RESTART_AGAIN)
		return;
	tell(l, LIFE_EV_RESTARTING, "restarting in %" PRIu64 ".%" PRIu64 " s", wait_ms / 1000,
		wait_ms % 1000 / 100);
	l->wake_ms = now_ms + wait_ms;
	l->state = LIFE_WAITING;
}

bool life_may_restart(const struct life *l)
{
	return l->restart_asked || (!l->stop_asked && l->task->restart.attempts > 0);
}

static int start_fetch(struct life *l, struct iso_err *err)
{
	const struct alloc_task *t = l->task;

	l->state = LIFE_FETCHING;
	l->stale = true; /* the task directory will not be what it was */
	tell(l, LIFE_EV_ARTIFACT, "fetching artifact %zu of %zu", l->n_fetched + 1, t->n_artifacts);
	return artifact_start(&t->artifacts[l->n_fetched], &t->config, &l->prepared->facts,
		l->secrets_fd, &l->fetch, err);
}

static int start_task(struct life *l, struct iso_err *err)
{
	l->state = LIFE_STARTING;
	if (l->stale && prepare(l, false, err))
		return -1;
	l->stale = true; /* a task that ran may have changed anything in its directory */

	own_fd secrets = secrets_for_start(l->secrets_fd);
	if (secrets < 0) /* it serves this start only; a restart begins with an empty one */
		secrets = fd_take(&l->secrets_fd);
	const struct iso_start how = {
		.console = l->console && !l->task->config.logs.disabled,
		.secrets_fd = secrets,
		.restarts = l->n_starts++,
		.transient = !l->keep,
	};
	return iso_start(l->prepared, &how, &l->run, err);
}

static int next_step(struct life *l, struct iso_err *err)
{
	return l->n_fetched < l->task->n_artifacts ? start_fetch(l, err) : start_task(l, err);
}

static int start(struct life *l, struct iso_err *err)
{
	if (!l->prepared && prepare(l, false, err)) /* the last start was refused */
		return -1;
	if (prepared_make_dirs(l->prepared, err))
		return -1;
	if (l->hold_fd < 0 && (l->hold_fd = run_hold_alloc(l->task->config.state_dir, err)) < 0)
		return -1;
	const struct host_facts *facts = &l->prepared->facts;
	if (l->secrets_fd < 0) {
		l->n_fetched = 0; /* some may have gone there */
		l->secrets_fd = secrets_make(l->task->config.limits.secrets_bytes,
			facts->tmpfs_noswap, facts->user.uid, facts->user.gid, err);
	}
	return l->secrets_fd < 0 ? -1 : next_step(l, err);
}

void life_start(struct life *l, uint64_t now_ms)
{
	struct iso_err err = ISO_ERR_INIT;

	if (start(l, &err)) {
		give_up(l, &err);
		decide(l, now_ms);
	}
}

void life_on_fetch(struct life *l, uint64_t now_ms)
{
	struct iso_err err = ISO_ERR_INIT;
	const struct alloc_task *t = l->task;
	int r = artifact_finish(&l->fetch, &t->artifacts[l->n_fetched], &t->config, &err);

	if (r == ARTIFACT_UNDER_WAY)
		return;
	if (!r) {
		l->n_fetched++;
		r = next_step(l, &err);
	}
	if (r) {
		give_up(l, &err);
		decide(l, now_ms);
	}
}

static void say_out_of_memory(struct life *l, const struct iso_event *e)
{
	char limit[64] = "a limit above its own cgroup", peak[32] = "";

	if (e->mem_limit_bytes)
		(void)snprintf(limit, sizeof(limit), "the limit of %" PRIu64 " MiB",
			e->mem_limit_bytes >> 20);
	if (e->mem_peak_bytes) /* memory.peak: Linux 5.19 */
		(void)snprintf(
			peak, sizeof(peak), " (peak %" PRIu64 " MiB)", e->mem_peak_bytes >> 20);
	tell(l, LIFE_EV_OOM, "out of memory: the kernel killed %" PRIu32 " process%s at %s%s",
		e->oom_kills, e->oom_kills == 1 ? "" : "es", limit, peak);
}

static void say_how_it_ended(struct life *l, const struct iso_event *e)
{
	if (e->oom_kills)
		say_out_of_memory(l, e);
	if (e->forced)
		tell(l, LIFE_EV_KILLED,
			"killed: still running %" PRIu64 " ms after the stop signal",
			l->task->config.kill_timeout_ms);
	if (e->log_dropped_bytes)
		tell(l, LIFE_EV_LOG_DROPPED, "%" PRIu64 " bytes of output could not be kept",
			e->log_dropped_bytes);
	if (e->exit_unknown) {
		tell(l, LIFE_EV_EXIT_UNKNOWN,
			"ended while its supervisor was gone: the exit status is unknown");
	} else if (e->signal) {
		const char *name = task_signal_name(e->signal);
		tell(l, LIFE_EV_EXITED, "ended by signal %d (%s), exit status %d", e->signal,
			name ? name : "unknown", e->exit_code);
	} else {
		tell(l, LIFE_EV_EXITED, "exited with status %d", e->exit_code);
	}
}

static void on_started(struct life *l, const struct iso_event *e, uint64_t now_ms)
{
	(void)now_ms;
	l->state = LIFE_RUNNING;
	tell(l, LIFE_EV_STARTED, "started (pid %d)", e->pid);
	if (l->stop_asked)
		life_stop(l, false);
}

static void on_adopted(struct life *l, const struct iso_event *e, uint64_t now_ms)
{
	(void)now_ms;
	tell(l, LIFE_EV_WARNING, "its supervisor was killed: a new one has taken over pid %d",
		e->pid);
	l->state = LIFE_RUNNING;
	if (l->stop_asked)
		life_stop(l, false);
}

static void on_failed(struct life *l, const struct iso_event *e, uint64_t now_ms)
{
	(void)now_ms;
	const struct task_place *place = &l->task->config.command_place;
	struct iso_err err = e->err;
	bool is_command = err.fault == ISO_FAULT_NOT_FOUND || err.fault == ISO_FAULT_NOT_EXEC;

	l->stop_asked = true; /* a start that is refused once is refused again */
	if (is_command && place->file)
		(void)iso_err_in(&err, "%s:%u:%u", place->file, place->line, place->column);
	give_up(l, &err);
	l->state = LIFE_CLEANING;
}

static void on_exited(struct life *l, const struct iso_event *e, uint64_t now_ms)
{
	(void)now_ms;
	l->exit_code = e->exit_unknown ? EXIT_OUR_FAILURE : e->exit_code;
	l->failed = l->exit_code != 0;
	l->restart_asked = e->restart_asked && !l->stop_asked;
	l->stop_asked = l->stop_asked || (e->stop_asked && !e->restart_asked);
	say_how_it_ended(l, e);
	l->state = LIFE_CLEANING;
	if (!life_may_restart(
		    l)) /* cleaning up is the supervisor's business: nobody needs to wait */
		l->state = LIFE_DEAD;
}

static void on_gone(struct life *l, const struct iso_event *e, uint64_t now_ms)
{
	(void)e;
	l->run = iso_task_free(l->run);
	decide(l, now_ms);
}

/* What an earlier runner left: a task that runs is attached to; one that has ended since is an end
 * as any other; one that never began is started. */
static int resume(struct life *l, uint64_t now_ms, struct iso_err *err)
{
	struct iso_event event;
	int r = run_look(l->task->config.state_dir, &event, err);

	if (r == RUN_LOOK_NONE) {
		life_start(l, now_ms);
		return 0;
	}
	if (r == RUN_LOOK_RUNS && !attach_dir(l->task->config.state_dir, &l->run, err)) {
		l->state = LIFE_RUNNING;
		l->stale = true;
		l->n_starts = event.restarts + 1;
		return 0;
	}
	if (r == RUN_LOOK_RUNS && err->fault == ISO_FAULT_NOT_FOUND) /* it ended just now */
		r = run_look(l->task->config.state_dir, &event, err);
	if (r < 0 || r == RUN_LOOK_RUNS)
		return -1;
	l->n_starts = event.restarts + 1;
	l->stale = true;
	if (event.kind == ISO_EVENT_FAILED) {
		on_failed(l, &event, now_ms);
		l->state = LIFE_DEAD;
		return 0;
	}
	on_exited(l, &event, now_ms);
	decide(l, now_ms);
	return 0;
}

void life_begin(struct life *l, uint64_t now_ms, bool resumes)
{
	struct iso_err err = ISO_ERR_INIT;

	if (!resumes) {
		life_start(l, now_ms);
		return;
	}
	if (resume(l, now_ms, &err)) {
		l->stop_asked = true;
		give_up(l, &err);
		l->state = LIFE_DEAD;
	}
}

void life_on_report(struct life *l, uint64_t now_ms)
{
	typedef void event_fn(struct life *, const struct iso_event *, uint64_t);
	static event_fn *const on[] = {
		[ISO_EVENT_STARTED] = on_started,
		[ISO_EVENT_FAILED] = on_failed,
		[ISO_EVENT_EXITED] = on_exited,
		[ISO_EVENT_GONE] = on_gone,
		[ISO_EVENT_ADOPTED] = on_adopted,
	};
	struct iso_event event;
	struct iso_err err = ISO_ERR_INIT;

	if (!iso_next(l->run, &event, &err)) {
		on[event.kind](l, &event, now_ms);
		return;
	}
	/* whether it still runs is not known: a second copy would be worse */
	l->stop_asked = true;
	give_up(l, &err);
	l->run = iso_task_free(l->run);
	decide(l, now_ms);
}

void life_on_output(struct life *l, int stream)
{
	char data[8 * 1024];
	ssize_t n = read(iso_task_output(l->run, stream), data, sizeof(data));

	if (n > 0)
		l->watcher->output(l->watcher->context, l->task, stream, data, (size_t)n);
	else if (n == 0 || errno != EINTR)
		iso_task_output_close(l->run, stream);
}

void life_stop(struct life *l, bool at_once)
{
	struct iso_err err = ISO_ERR_INIT;

	l->stop_asked = true;
	if (l->state == LIFE_FETCHING) {
		artifact_kill(&l->fetch);
		l->failed = true; /* it never ran */
		l->exit_code = EXIT_OUR_FAILURE;
		tell(l, LIFE_EV_FAILED, "stopped before it was started");
	}
	if (l->state == LIFE_PENDING || l->state == LIFE_WAITING || l->state == LIFE_FETCHING)
		l->state = LIFE_DEAD;
	if (l->state != LIFE_RUNNING && l->state != LIFE_STARTING)
		return;
	/* a task that ends by itself just now is told by its own event */
	if (iso_stop(l->run, 0, at_once ? 0 : ISO_GRACE_DEFAULT, false, &err) &&
		err.fault != ISO_FAULT_NOT_FOUND)
		tell(l, LIFE_EV_WARNING, "%s", err.text);
}
