/* From a person's words to tasks (state.h). Pure: works on the list. */
#include <string.h>

#include "base/buf.h"
#include "state/state.h"

enum {
	MOST_TOLD = 8
};

/* How @alloc was understood. */
enum how {
	BY_ID,
	BY_JOB,
	BY_PREFIX
};

struct finder {
	struct arena *arena;
	const struct state_list *list;
	struct state_task **found;
	size_t n;
	enum how how;
};

static bool fits(const struct state_task *t, const char *text, enum how how)
{
	switch (how) {
	case BY_ID:
		return !strcmp(t->alloc_id, text);
	case BY_JOB:
		return *text && !strcmp(t->file.about.job, text);
	case BY_PREFIX:
		return *text && !strncmp(t->alloc_id, text, strlen(text));
	}
	return false;
}

/* In the list's order; *f is untouched when there is none. */
static bool collect(struct finder *f, const char *text)
{
	static const enum how ways[] = {BY_ID, BY_JOB, BY_PREFIX};
	struct state_task **found = arena_array(f->arena, f->list->n + 1, sizeof(*found));

	for (size_t w = 0; w < iso_len(ways); w++) {
		size_t n = 0;
		for (size_t i = 0; i < f->list->n; i++)
			if (fits(&f->list->v[i], text, ways[w]))
				found[n++] = &f->list->v[i];
		if (!n)
			continue;
		f->found = found;
		f->n = n;
		f->how = ways[w];
		return true;
	}
	return false;
}

static bool is_same_alloc(const struct state_task *a, const struct state_task *b)
{
	return !strcmp(a->alloc_id, b->alloc_id);
}

/* The first of its alloc among those that were found? */
static bool is_first(const struct finder *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_same_alloc(f->found[k], f->found[i]))
			return false;
	return true;
}

static size_t count_allocs(const struct finder *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += is_first(f, i);
	return n;
}

static const char *tell_allocs(const struct finder *f)
{
	const char *text = "";
	size_t told = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (!is_first(f, i))
			continue;
		if (told++ == MOST_TOLD)
			return arena_printf(f->arena, "%s, ...", text);
		text = arena_printf(
			f->arena, "%s%s%s", text, *text ? ", " : "", f->found[i]->alloc_id);
		if (f->how == BY_PREFIX && f->found[i]->file.about.job[0])
			text = arena_printf(
				f->arena, "%s (job '%.64s')", text, f->found[i]->file.about.job);
	}
	return text;
}

static const char *tell_tasks(const struct finder *f)
{
	const char *text = "";

	for (size_t i = 0; i < f->n && i < MOST_TOLD; i++)
		text = arena_printf(f->arena, "%s%s%s", text, *text ? ", " : "", f->found[i]->name);
	return f->n > MOST_TOLD ? arena_printf(f->arena, "%s, ...", text) : text;
}

/* Of a job: those allocs that have something live in them. */
static void keep_live_allocs(struct finder *f)
{
	struct state_task **kept = arena_array(f->arena, f->n + 1, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		bool live = false;
		for (size_t k = 0; k < f->n; k++)
			live = live || (is_same_alloc(f->found[i], f->found[k]) &&
					       state_is_live(f->found[k]));
		if (live)
			kept[n++] = f->found[i];
	}
	if (!n)
		return;
	f->found = kept;
	f->n = n;
}

static int one_alloc(struct finder *f, const char *text, enum state_want want, struct iso_err *err)
{
	if (f->how == BY_JOB && want == STATE_WANT_ANY)
		return 0;
	if (f->how == BY_JOB && count_allocs(f) > 1)
		keep_live_allocs(f);
	if (count_allocs(f) == 1)
		return 0;
	return f->how == BY_JOB
		       ? iso_err_set(err, ISO_FAULT_INPUT, 0,
				 "job '%s' has %zu allocs, name one of them: %s", text,
				 count_allocs(f), tell_allocs(f))
		       : iso_err_set(err, ISO_FAULT_INPUT, 0,
				 "'%s' is the beginning of %zu alloc ids, name one of them: %s",
				 text, count_allocs(f), tell_allocs(f));
}

static int one_task(struct finder *f, const char *text, const char *task, enum state_want want,
	struct iso_err *err)
{
	size_t n = 0;

	if (!task) {
		if (want != STATE_WANT_TASK || f->n == 1)
			return 0;
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"alloc '%s' has %zu tasks, name one of them as '%s/TASK': %s", text, f->n,
			text, tell_tasks(f));
	}
	struct state_task **kept = arena_array(f->arena, f->n + 1, sizeof(*kept));
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->found[i]->name, task))
			kept[n++] = f->found[i];
	if (!n)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "alloc '%s' has no task '%s', only: %s",
			text, task, tell_tasks(f));
	f->found = kept;
	f->n = n;
	return 0;
}

int state_find(struct arena *arena, const struct state_list *list, const char *alloc,
	const char *task, enum state_want want, struct state_match *ret, struct iso_err *err)
{
	struct finder f = {.arena = arena, .list = list};
	const char *slash = strrchr(alloc, '/'); /* job names may hold some too */

	if (!collect(&f, alloc)) {
		const char *left = slash && !task
					   ? arena_strndup(arena, alloc, (size_t)(slash - alloc))
					   : NULL;
		if (!left || !collect(&f, left))
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"no alloc or job '%.300s': see 'isoexec ps'", alloc);
		task = slash + 1;
		alloc = left;
	}
	if (one_alloc(&f, alloc, want, err) || one_task(&f, alloc, task, want, err))
		return -1;
	*ret = (struct state_match){.v = f.found, .n = f.n};
	return 0;
}
