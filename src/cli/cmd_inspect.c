/* isoexec inspect: everything that is known of tasks, as JSON: record, plan, cgroups, log files. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/own.h"
#include "cli/show.h"
#include "cli/task_plan.h"
#include "cli/tasks.h"
#include "cli/tell.h"
#include "state/runner.h"
#include "task/signals.h"

struct inspect_options {
	struct tasks_options tasks;
};

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *flags_json(uint32_t flags)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} rows[] = {{RECORD_EXIT_UNKNOWN, "exit_unknown"}, {RECORD_FORCED, "forced"},
		{RECORD_STOP_ASKED, "stop_asked"}, {RECORD_RESTART_ASKED, "restart_asked"},
		{RECORD_LOST, "lost"}};
	json_t *list = json_array();

	for (size_t i = 0; i < iso_len(rows); i++)
		if (flags & rows[i].bit)
			(void)json_array_append_new(list, json_string(rows[i].name));
	return list;
}

static json_t *record_json(const struct record *r)
{
	return json_pack("{s:s, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:o}",
		"phase", record_phase_name(r->phase), "boot_id", show_json_text(r->boot_id),
		"flags", flags_json(r->flags), "task_pid", r->task_pid, "supervisor_pid",
		r->supervisor_pid, "task_pid_inode", number(r->task_pid_inode), "task_start_ticks",
		number(r->task_start_ticks), "started_unix_ms", number(r->started_unix_ms),
		"ended_unix_ms", number(r->ended_unix_ms), "oom_kills", number(r->oom_kills),
		"exit_code", r->exit_code, "signal", r->signal, "mem_peak_bytes",
		number(r->mem_peak_bytes), "log_dropped_bytes", number(r->log_dropped_bytes));
}

static json_t *about_json(const struct record_about *a)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "job",
		show_json_text(a->job), "group", show_json_text(a->group), "task",
		show_json_text(a->task), "alloc_name", show_json_text(a->alloc_name), "user",
		show_json_text(a->user), "uid", number(a->uid), "gid", number(a->gid), "command",
		show_json_text(a->command), "alloc_dir", show_json_text(a->alloc_dir), "restarts",
		number(a->restarts), "created_unix_ms", number(a->created_unix_ms));
}

static json_t *cgroups_json(const struct steps *plan)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < plan->header->n_steps; i++)
		if (plan->step[i].op == STEP_CGROUP_MAKE)
			(void)json_array_append_new(
				list, show_json_text(steps_str(plan, &plan->step[i], 0)));
	return list;
}

/* Names only; the directory is root's, and what lies in it is not opened. */
static json_t *files_json(const struct task_log *log)
{
	json_t *list = json_array();
	size_t len = strlen(log->base);
	own_fd fd = log->max_files ? open(log->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				   : -1;
	iso_cleanup(own_dir_done) DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		(void)fd_take(&fd);
	for (const struct dirent *e; dir && (e = readdir(dir));)
		if (!strncmp(e->d_name, log->base, len) && e->d_name[len] == '.')
			(void)json_array_append_new(list, show_json_text(e->d_name));
	return list;
}

static json_t *logs_json(const struct steps *plan)
{
	static const char *const names[] = {"", "stdout", "stderr"};
	json_t *object = json_object();
	struct task_log log;

	for (unsigned stream = 1; stream <= 2; stream++)
		if (task_plan_log(plan, stream, &log))
			(void)json_object_set_new(object, names[stream],
				json_pack("{s:o, s:o, s:o}", "dir", show_json_text(log.dir),
					"max_files", number(log.max_files), "files",
					files_json(&log)));
	return object;
}

static json_t *plan_json(const struct steps *plan)
{
	const struct steps_header *h = plan->header;
	const char *signal = task_signal_name((int)h->kill_signal);

	return json_pack("{s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:b}", "version",
		number(h->version), "steps", number(h->n_steps), "bytes", number(h->total_bytes),
		"kill_signal", signal, "kill_timeout_ms", number(h->kill_timeout_ms),
		"mem_limit_bytes", number(h->mem_limit_bytes), "uid", number(h->uid), "gid",
		number(h->gid), "pid_private", h->flags & STEPS_PID_PRIVATE ? 1 : 0);
}

static json_t *task_json(const struct tasks *t, const struct state_task *s)
{
	struct iso_err err = ISO_ERR_INIT;
	struct steps plan;
	struct state_runner runner;
	json_t *object = tell_json(s);
	int bad = !object;

	state_runner(tasks_alloc_state_dir(t, s->alloc_id), &runner);

	bad |= json_object_set_new(object, "state_dir", show_json_text(s->dir));
	bad |= json_object_set_new(object, "has_runner", json_boolean(runner.lives));
	bad |= json_object_set_new(
		object, "runner_pid", runner.pid ? json_integer(runner.pid) : json_null());
	if (s->status == STATE_PENDING || s->status == STATE_BROKEN)
		return object;
	bad |= json_object_set_new(object, "record", record_json(&s->file.record));
	bad |= json_object_set_new(object, "about", about_json(&s->file.about));
	if (task_plan_read(t->arena, s, &plan, &err)) {
		bad |= json_object_set_new(object, "plan_error", show_json_text(err.text));
	} else {
		bad |= json_object_set_new(object, "plan", plan_json(&plan));
		bad |= json_object_set_new(object, "cgroups", cgroups_json(&plan));
		bad |= json_object_set_new(object, "logs", logs_json(&plan));
	}
	if (!bad)
		return object;
	json_decref(object);
	return NULL;
}

static int main_inspect(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct inspect_options o = {.tasks = {.state_dir = NULL}};
	struct tasks t = {.arena = arena};
	struct state_match match;

	if (tasks_begin(&t, self, argv, argc, &o, &err) ||
		tasks_find(&t, STATE_WANT_ANY, &match, &err))
		return tasks_fail(&err);
	json_t *list = json_array();
	for (size_t i = 0; i < match.n; i++)
		if (json_array_append_new(list, task_json(&t, match.v[i])))
			return EXIT_FAILED;
	return show_json(list) ? EXIT_FAILED : EXIT_OK;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.usage = "ALLOC[/TASK]|JOB",
	.summary = "everything that is known of tasks, as JSON",
	.main = main_inspect,
	.tables = (const struct option_table *const[]){&tasks_options, NULL},
};
