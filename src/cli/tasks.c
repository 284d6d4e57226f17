/* See tasks.h. */
#include "cli/tasks.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "run/attach.h"
#include "task/duration.h"
#include "task/signals.h"

enum {
	SHORT_ID = 8,
	MS_PER_S = 1000,
	NS_PER_MS = 1000000
};

static const struct option own[] = {
	{"state-dir", OPTION_STRING, offsetof(struct tasks_options, state_dir), "DIR",
		"where the state is kept (default /run/isoexec)"},
};
const struct option_table tasks_options = {own, iso_len(own)};

int tasks_open(struct tasks *t, const struct command *self, const struct tasks_options *options,
	struct iso_err *err)
{
	const struct setup_options place = {.state_dir = options->state_dir};
	const struct setup setup = {.arena = t->arena, .options = &place};

	t->state_dir = setup_state_dir(&setup);
	if (t->state_dir[0] != '/')
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"state-dir must be absolute but got relative path '%s'", t->state_dir);
	if (geteuid() != 0)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"%s needs root, to whom tasks and their state belong: start it with sudo",
			self->name);
	return state_list(t->arena, t->state_dir, &t->list, err);
}

int tasks_begin(struct tasks *t, const struct command *self, char **argv, size_t argc,
	void *options, struct iso_err *err)
{
	size_t n = 0;

	while (self->tables[n])
		n++;
	if (options_parse(self->tables, n, argv, argc, options, t->arena, &t->arguments, err))
		return -1;
	return tasks_open(t, self, options, err);
}

int tasks_find(
	const struct tasks *t, enum state_want want, struct state_match *ret, struct iso_err *err)
{
	const struct arguments *a = &t->arguments;
	const char *task = a->n_words > 1 ? a->words[1] : NULL;

	if (!a->n_words)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"missing alloc: expected an alloc id or its beginning, or a job's name");
	if (a->n_words > 2 || a->has_command)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "unexpected word '%s'",
			a->n_words > 2 ? a->words[2] : "--");
	return state_find(t->arena, &t->list, a->words[0], task, want, ret, err);
}

int tasks_attach(const struct tasks *t, const struct state_task *task, struct iso_task **ret,
	struct iso_err *err)
{
	if (!attach_dir(task->dir, ret, err))
		return 0;
	return iso_err_in(err, "task '%s'", tasks_label(t, task));
}

int tasks_one(const struct tasks *t, struct state_task **ret, struct iso_task **ret_attached,
	struct iso_err *err)
{
	struct state_match match;

	if (tasks_find(t, STATE_WANT_TASK, &match, err))
		return -1;
	*ret = match.v[0];
	return tasks_attach(t, match.v[0], ret_attached, err);
}

void tasks_settle(const struct tasks *t, struct state_task *task)
{
	struct iso_event event;
	struct iso_err err = ISO_ERR_INIT;

	if (task->status != STATE_ORPHANED)
		return;
	if (attach_repair(task->dir, &event, &err) < 0)
		say("task '%s' has no supervisor and gets none: %s", tasks_label(t, task),
			err.text);
	state_read(t->arena, task);
}

int tasks_signal(const char *name, int *ret, struct iso_err *err)
{
	char full[32];
	bool prefixed = !strncasecmp(name, "SIG", 3);

	int n = snprintf(full, sizeof(full), "%s%s", prefixed ? "" : "SIG", name);
	for (char *c = full; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	*ret = n > 0 && (size_t)n < sizeof(full) ? task_signal_number(full) : -1;
	if (*ret > 0)
		return 0;
	return iso_err_set(
		err, ISO_FAULT_INPUT, 0, "unknown signal '%s': expected a name as SIGHUP", name);
}

int tasks_duration(const char *option, const char *text, uint64_t *ret_ms, struct iso_err *err)
{
	uint64_t s;
	int64_t ns;

	if (num_u64(text, &s) && s < UINT64_MAX / MS_PER_S) {
		*ret_ms = s * MS_PER_S;
		return 0;
	}
	if (!task_duration_parse(text, &ns) && ns >= 0) {
		*ret_ms = (uint64_t)ns / NS_PER_MS;
		return 0;
	}
	return iso_err_set(err, ISO_FAULT_INPUT, 0,
		"option '-%s' takes a duration as 10s or 500ms, got '%s'", option, text);
}

const char *tasks_short(const struct tasks *t, const char *alloc_id)
{
	size_t need = SHORT_ID;

	for (size_t i = 0; i < t->list.n_allocs; i++) {
		const char *other = t->list.allocs[i];
		size_t same = 0;
		while (alloc_id[same] && alloc_id[same] == other[same])
			same++;
		if (same >= need && (alloc_id[same] || other[same]))
			need = same + 1;
	}
	return arena_strndup(t->arena, alloc_id, strnlen(alloc_id, need));
}

const char *tasks_label(const struct tasks *t, const struct state_task *task)
{
	return arena_printf(t->arena, "%s/%s", tasks_short(t, task->alloc_id), task->name);
}

const char *tasks_alloc_state_dir(const struct tasks *t, const char *alloc_id)
{
	return arena_printf(t->arena, "%s/%s", t->state_dir, alloc_id);
}

int tasks_fail(const struct iso_err *err)
{
	say("%s", err->text);
	return err->fault == ISO_FAULT_INPUT ? EXIT_USAGE : EXIT_FAILED;
}
