/* See tell.h. */
#include "cli/tell.h"

#include <inttypes.h>

#include "base/sys.h"
#include "cli/show.h"
#include "task/signals.h"

const char *tell_status(struct arena *arena, const struct state_task *task)
{
	const char *name = state_status_name(task->status);

	if (task->status != STATE_EXITED)
		return name;
	if (task->file.record.flags & RECORD_EXIT_UNKNOWN)
		return arena_printf(arena, "%s(?)", name);
	return arena_printf(arena, "%s(%" PRId32 ")", name, task->file.record.exit_code);
}

const char *tell_age(struct arena *arena, const struct state_task *task)
{
	uint64_t since = task->file.record.started_unix_ms ? task->file.record.started_unix_ms
							   : task->file.about.created_unix_ms;
	uint64_t now = sys_unix_now_ms();

	return since ? show_age(arena, now > since ? now - since : 0) : NULL;
}

const char *tell_pid(struct arena *arena, const struct state_task *task)
{
	return task->status == STATE_RUNNING
		       ? arena_printf(arena, "%" PRId32, task->file.record.task_pid)
		       : NULL;
}

const char *tell_end(struct arena *arena, const struct record *r)
{
	const char *oom = r->oom_kills ? ", out of memory" : "";

	if (r->flags & RECORD_LOST)
		return "lost by a reboot";
	if (r->phase == RECORD_FAILED)
		return "was never started";
	if (r->flags & RECORD_EXIT_UNKNOWN)
		return "ended while its supervisor was gone: the exit status is unknown";
	if (r->flags & RECORD_FORCED)
		return arena_printf(arena,
			"killed: still running when kill_timeout was over, exit status %" PRId32,
			r->exit_code);
	if (r->signal) {
		const char *name = task_signal_name(r->signal);
		return arena_printf(arena,
			"ended by signal %" PRId32 " (%s), exit status %" PRId32 "%s", r->signal,
			name ? name : "unknown", r->exit_code, oom);
	}
	return arena_printf(arena, "exited with status %" PRId32 "%s", r->exit_code, oom);
}

static int set_text(json_t *object, const char *key, const char *text)
{
	return json_object_set_new(object, key, show_json_text(text));
}

/* 0 is "not (yet)": null. */
static int set_number(json_t *object, const char *key, uint64_t number)
{
	return json_object_set_new(
		object, key, number ? json_integer((json_int_t)number) : json_null());
}

json_t *tell_json(const struct state_task *t)
{
	const struct record *r = &t->file.record;
	const struct record_about *a = &t->file.about;
	json_t *object = json_object();
	bool ended = t->status == STATE_EXITED;
	bool known = ended && !(r->flags & RECORD_EXIT_UNKNOWN);
	int bad = 0;

	bad |= set_text(object, "alloc_id", t->alloc_id);
	bad |= set_text(object, "task", t->name);
	bad |= set_text(object, "job", a->job);
	bad |= set_text(object, "group", a->group);
	bad |= set_text(object, "user", a->user);
	bad |= set_text(object, "command", a->command);
	bad |= set_text(object, "status", state_status_name(t->status));
	if (t->why)
		bad |= set_text(object, "why", t->why);
	bad |= set_number(object, "pid", t->status == STATE_RUNNING ? (uint64_t)r->task_pid : 0);
	bad |= json_object_set_new(
		object, "exit_code", known ? json_integer(r->exit_code) : json_null());
	bad |= json_object_set_new(
		object, "signal", known && r->signal ? json_integer(r->signal) : json_null());
	bad |= json_object_set_new(object, "oom_kills", json_integer(r->oom_kills));
	bad |= json_object_set_new(object, "restarts", json_integer(a->restarts));
	bad |= set_number(object, "created_unix_ms", a->created_unix_ms);
	bad |= set_number(object, "started_unix_ms", r->started_unix_ms);
	bad |= set_number(object, "ended_unix_ms", r->ended_unix_ms);
	if (!bad)
		return object;
	json_decref(object);
	return NULL;
}
