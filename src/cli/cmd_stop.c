/* isoexec stop: the tasks of allocs or jobs are asked to end, then made to. */
#include <signal.h>
#include <string.h>

#include "alloc/runner.h"
#include "base/own.h"
#include "base/sys.h"
#include "cli/ending.h"
#include "cli/show.h"
#include "cli/tell.h"

struct stop_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	const char *signal, *timeout;
	bool no_wait;
};

#define AT(field) offsetof(struct stop_options, field)
static const struct option own[] = {
	{"signal", OPTION_STRING, AT(signal), "SIGNAL", "instead of the task's kill_signal"},
	{"timeout", OPTION_STRING, AT(timeout), "DURATION",
		"instead of its kill_timeout; 0 kills at once"},
	{"no-wait", OPTION_FLAG, AT(no_wait), NULL, "do not wait for the end"},
};
static const struct option_table own_options = {own, iso_len(own)};

struct wanted {
	struct state_task **v;
	size_t n;
};

/* All words first: nothing is stopped when one of them is wrong. Each task once. */
static int collect(const struct tasks *t, struct wanted *w, struct iso_err *err)
{
	w->v = arena_array(t->arena, t->list.n + 1, sizeof(*w->v));
	if (!t->arguments.n_words)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"missing alloc: expected alloc ids, their beginnings, or names of jobs");
	for (size_t i = 0; i < t->arguments.n_words; i++) {
		struct state_match match;
		if (state_find(t->arena, &t->list, t->arguments.words[i], NULL, STATE_WANT_ANY,
			    &match, err))
			return -1;
		for (size_t k = 0; k < match.n; k++) {
			bool seen = false;
			for (size_t m = 0; m < w->n; m++)
				seen = seen || w->v[m] == match.v[k];
			if (!seen)
				w->v[w->n++] = match.v[k];
		}
	}
	return 0;
}

static bool has_live(const struct tasks *t, const char *alloc_id)
{
	for (size_t i = 0; i < t->list.n; i++)
		if (!strcmp(t->list.v[i].alloc_id, alloc_id) && state_is_live(&t->list.v[i]))
			return true;
	return false;
}

/* An alloc with nothing live in it whose detached runner waits to start something again: told to
 * give up, as by a person's ^C. */
static bool end_runner(const struct tasks *t, const char *alloc_id)
{
	struct iso_err ignored;
	int found = -1;

	if (runner_find(tasks_alloc_state_dir(t, alloc_id), &found, &ignored))
		return false;
	own_fd pidfd = found;
	return !sys_pidfd_send_signal(pidfd, SIGTERM);
}

static void say_not_running(const struct tasks *t, const struct state_task *s)
{
	own_buf out = BUF_INIT;
	bool told = !has_live(t, s->alloc_id) && end_runner(t, s->alloc_id);

	buf_printf(&out, "%s: does not run (%s)%s\n", tasks_label(t, s), tell_status(t->arena, s),
		told ? ", will not be restarted" : "");
	(void)show_write(1, buf_text(&out), out.len);
}

/* Every one is asked, also when another cannot be. */
static int ask_all(const struct tasks *t, const struct wanted *w, const struct ending_how *how,
	struct ending *list, size_t *ret_n)
{
	int status = EXIT_OK;
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct iso_err err = ISO_ERR_INIT;
		if (!state_is_live(w->v[i])) {
			say_not_running(t, w->v[i]);
			continue;
		}
		list[n] = (struct ending){.which = w->v[i]};
		if (ending_ask(t, &list[n], how, &err)) {
			ending_done(&list[n], 1);
			status = tasks_fail(&err);
			continue;
		}
		n++;
	}
	*ret_n = n;
	return status;
}

static int stop(const struct tasks *t, const struct stop_options *o)
{
	struct iso_err err = ISO_ERR_INIT;
	struct ending_how how = {.grace_ms = ISO_GRACE_DEFAULT};
	struct wanted w = {.n = 0};
	size_t n;

	if ((o->signal && tasks_signal(o->signal, &how.signal, &err)) ||
		(o->timeout && tasks_duration("timeout", o->timeout, &how.grace_ms, &err)) ||
		collect(t, &w, &err))
		return tasks_fail(&err);
	struct ending *list = arena_array(t->arena, w.n + 1, sizeof(*list));
	int status = ask_all(t, &w, &how, list, &n);
	if (!o->no_wait && ending_wait(t, list, n, &err))
		status = tasks_fail(&err);
	ending_done(list, n);
	return status;
}

static int main_stop(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct stop_options o = {.signal = NULL};
	struct tasks t = {.arena = arena};

	return tasks_begin(&t, self, argv, argc, &o, &err) ? tasks_fail(&err) : stop(&t, &o);
}

const struct command cmd_stop = {
	.name = "stop",
	.usage = "[-signal SIGNAL] [-timeout DURATION] [-no-wait] ALLOC[/TASK]|JOB...",
	.summary = "end the tasks of allocs or jobs, for good",
	.main = main_stop,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
