/*
 * One task's life (life.h): prepared without touching anything, started through a supervisor,
 * followed by its reports. What is printed and when the process ends is the business of others.
 */
#include "alloc/life.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc/artifact.h"
#include "alloc/dirs.h"
#include "alloc/secrets.h"
#include "base/own.h"
#include "plan/plan.h"
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

static int make_plan(struct life *l, bool say_warnings, struct iso_err *err)
{
	l->facts = *l->machine;
	if (host_facts_for_task(l->arena, &l->task->config, &l->facts, err))
		return -1;
	struct plan_result result;
	int r = plan_build(l->arena, &l->task->config, &l->facts, &result, err);
	if (!r) {
		for (size_t i = 0; say_warnings && i < result.n_warnings; i++)
			tell(l, LIFE_EV_WARNING, "%s", result.warnings[i].text);
		r = steps_finish(&result.steps, &l->plan, err);
		steps_builder_done(&result.steps);
	}
	l->plan_fresh = r == 0;
	return r;
}

int life_init(struct life *l, const struct alloc_task *task, const struct host_facts *machine,
	const struct life_watcher *watcher, struct arena *arena, struct iso_err *err)
{
	*l = (struct life){
		.task = task,
		.machine = machine,
		.watcher = watcher,
		.arena = arena,
		.plan = BUF_INIT,
		.secrets_fd = -1,
		.run = RUN_TASK_INIT,
		.fetch = ARTIFACT_FETCH_INIT,
	};
	return make_plan(l, true, err);
}

void life_done(struct life *l)
{
	run_task_done(&l->run);
	artifact_kill(&l->fetch);
	l->secrets_fd = fd_close(l->secrets_fd);
	buf_done(&l->plan);
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

static bool may_restart(const struct life *l)
{
	return !l->stop_asked && l->task->restart.attempts > 0;
}

static int start_fetch(struct life *l, struct iso_err *err)
{
	const struct alloc_task *t = l->task;

	l->state = LIFE_FETCHING;
	l->plan_fresh = false; /* the task directory will not be what it was */
	tell(l, LIFE_EV_ARTIFACT, "fetching artifact %zu of %zu", l->n_fetched + 1, t->n_artifacts);
	return artifact_start(
		&t->artifacts[l->n_fetched], &t->config, &l->facts, l->secrets_fd, &l->fetch, err);
}

static int start_task(struct life *l, struct iso_err *err)
{
	l->state = LIFE_STARTING;
	if (!l->plan_fresh && make_plan(l, false, err))
		return -1;
	l->plan_fresh = false; /* a task that ran may have changed anything in its directory */

	own_fd secrets = secrets_for_start(l->secrets_fd);
	if (secrets < 0) /* it serves this start only; a restart begins with an empty one */
		secrets = fd_take(&l->secrets_fd);
	struct run_start_in in = {
		.plan = &l->plan,
		.console = !l->task->config.logs.disabled,
		.secrets_fd = secrets,
	};
	return run_start(&in, &l->run, err);
}

static int next_step(struct life *l, struct iso_err *err)
{
	return l->n_fetched < l->task->n_artifacts ? start_fetch(l, err) : start_task(l, err);
}

static int start(struct life *l, struct iso_err *err)
{
	const struct task_config *c = &l->task->config;
	const struct host_user *user = &l->facts.user;

	if (alloc_dirs_make(c, user->uid, user->gid, err))
		return -1;
	if (l->secrets_fd < 0) {
		l->n_fetched = 0; /* some may have gone there */
		l->secrets_fd = secrets_make(
			c->limits.secrets_bytes, l->facts.tmpfs_noswap, user->uid, user->gid, err);
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

	if (!r) {
		l->n_fetched++;
		r = next_step(l, &err);
	}
	if (r) {
		give_up(l, &err);
		decide(l, now_ms);
	}
}

static void on_exited(struct life *l, const struct ctl_report *report)
{
	l->exit_code = report->exit_code;
	l->failed = report->exit_code != 0;
	if (report->oom_kills)
		tell(l, LIFE_EV_OOM,
			"out of memory: the kernel killed %" PRIu32
			" process%s at the limit of %" PRIu64 " MiB (peak %" PRIu64 " MiB)",
			report->oom_kills, report->oom_kills == 1 ? "" : "es",
			report->mem_limit_bytes >> 20, report->mem_peak_bytes >> 20);
	if (report->forced)
		tell(l, LIFE_EV_KILLED,
			"killed: still running %" PRIu64 " ms after the stop signal",
			l->task->config.kill_timeout_ms);
	if (report->log_dropped_bytes)
		tell(l, LIFE_EV_LOG_DROPPED, "%" PRIu64 " bytes of output could not be kept",
			report->log_dropped_bytes);
	if (report->signal) {
		const char *name = task_signal_name(report->signal);
		tell(l, LIFE_EV_EXITED, "ended by signal %d (%s), exit status %d", report->signal,
			name ? name : "unknown", report->exit_code);
	} else {
		tell(l, LIFE_EV_EXITED, "exited with status %d", report->exit_code);
	}
}

/* The supervisor is gone and has cleaned up: what now? */
static void on_clean(struct life *l, uint64_t now_ms)
{
	bool lost = l->state == LIFE_STARTING || l->state == LIFE_RUNNING;

	run_reap(&l->run);
	l->run.report_fd = fd_close(l->run.report_fd);
	if (lost) {
		struct iso_err err;
		(void)iso_err_set(&err, ISO_FAULT_SYSTEM, 0,
			"the task's supervisor ended without a word: the exit status is unknown");
		give_up(l, &err);
	}
	if (lost)
		l->stop_asked =
			true; /* whether it still runs is not known: a second copy would be worse */
	decide(l, now_ms);
}

void life_on_report(struct life *l, uint64_t now_ms)
{
	struct ctl_report report;
	struct iso_err err = ISO_ERR_INIT;
	int r = ctl_report_recv(l->run.report_fd, &report, &err);

	if (r == CTL_GONE) {
		on_clean(l, now_ms);
		return;
	}
	if (r) {
		give_up(l, &err);
		l->state = LIFE_CLEANING;
		return;
	}
	switch ((enum ctl_report_kind)report.kind) {
	case REPORT_STARTED:
		l->state = LIFE_RUNNING;
		tell(l, LIFE_EV_STARTED, "started (pid %" PRId32 ")", report.pid);
		if (l->stop_asked)
			life_stop(l, false);
		break;
	case REPORT_FAILED:
		l->stop_asked = true; /* a start that is refused once is refused again */
		give_up(l, &report.err);
		l->state = LIFE_CLEANING;
		break;
	case REPORT_EXITED:
		on_exited(l, &report);
		l->state = LIFE_CLEANING;
		if (!may_restart(l)) /* cleaning up is the supervisor's business: nobody needs to
					wait for it */
			l->state = LIFE_DEAD;
		break;
	}
}

void life_on_output(struct life *l, int stream)
{
	char data[8 * 1024];
	int *fd = stream == 1 ? &l->run.out_fd : &l->run.err_fd;
	ssize_t n = read(*fd, data, sizeof(data));

	if (n > 0)
		l->watcher->output(l->watcher->context, l->task, stream, data, (size_t)n);
	else if (n == 0 || errno != EINTR)
		*fd = fd_close(*fd);
}

void life_stop(struct life *l, bool at_once)
{
	l->stop_asked = true;
	if (l->state == LIFE_FETCHING)
		artifact_kill(&l->fetch);
	if (l->state == LIFE_PENDING || l->state == LIFE_WAITING || l->state == LIFE_FETCHING)
		l->state = LIFE_DEAD;
	if (l->state != LIFE_RUNNING && l->state != LIFE_STARTING)
		return;
	struct iso_err err = ISO_ERR_INIT;
	const struct ctl_ask ask = {
		.version = CTL_VERSION,
		.kind = ASK_STOP,
		.grace_ms = at_once ? 0 : UINT64_MAX,
	};
	if (ctl_ask_send(l->run.report_fd, &ask, &err) < 0)
		tell(l, LIFE_EV_WARNING, "%s", err.text);
}
