/* isoexec stats: what tasks use, once or again and again. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "cli/show.h"
#include "cli/tasks.h"

#define NS_PER_MS UINT64_C(1000000)
#define MS_PER_S  UINT64_C(1000)
#define CLEAR     "\033[H\033[J" /* home, erase to the end: ECMA-48 */

struct stats_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	bool json, live, follow;
	const char *interval;
};

#define AT(field) offsetof(struct stats_options, field)
static const struct option own[] = {
	{"json", OPTION_FLAG, AT(json), NULL, "as JSON; live: one line a time"},
	{"live", OPTION_FLAG, AT(live), NULL, "again and again, until the tasks end"},
	{"f", OPTION_FLAG, AT(follow), NULL, "the same"},
	{"interval", OPTION_STRING, AT(interval), "DURATION", "between two looks (default 1s)"},
};
static const struct option_table own_options = {own, iso_len(own)};

struct sample {
	const struct state_task *which;
	struct iso_stats stats;
	uint64_t cpu_permille; /* of one processor; since the last look, or since the start */
};
struct samples {
	struct sample *v;
	size_t n;
};

static const struct sample *find(const struct samples *list, const struct state_task *which)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i].which->alloc_id, which->alloc_id) &&
			!strcmp(list->v[i].which->name, which->name) &&
			list->v[i].which->file.record.started_unix_ms ==
				which->file.record.started_unix_ms)
			return &list->v[i];
	return NULL;
}

static void count_cpu(struct sample *s, const struct samples *before)
{
	const struct sample *old = find(before, s->which);
	uint64_t since =
		old ? old->stats.stamp_ns : s->which->file.record.started_unix_ms * NS_PER_MS;
	uint64_t used = s->stats.cpu_total_ns - (old ? old->stats.cpu_total_ns : 0);
	uint64_t wall = s->stats.stamp_ns > since ? s->stats.stamp_ns - since : 0;

	s->cpu_permille = wall / MS_PER_S ? used / (wall / MS_PER_S) : 0;
}

/* A task that ends meanwhile is not there: no error. */
static int look(const struct tasks *t, struct state_task *const *tasks, size_t n,
	const struct samples *before, struct samples *ret, struct iso_err *err)
{
	*ret = (struct samples){.v = arena_array(t->arena, n + 1, sizeof(*ret->v))};
	for (size_t i = 0; i < n; i++) {
		struct sample *s = &ret->v[ret->n];
		struct iso_task *task;
		if (!state_is_live(tasks[i]))
			continue;
		int r = tasks_attach(t, tasks[i], &task, err);
		if (!r) {
			s->which = tasks[i];
			r = iso_stats(task, &s->stats, err);
			(void)iso_task_free(task);
		}
		if (r && err->fault == ISO_FAULT_NOT_FOUND)
			continue;
		if (r)
			return -1;
		count_cpu(s, before);
		ret->n++;
	}
	return 0;
}

static const char *percent(struct arena *arena, uint64_t permille)
{
	return arena_printf(arena, "%" PRIu64 ".%" PRIu64 "%%", permille / 10, permille % 10);
}

static const char *seconds(struct arena *arena, uint64_t ns)
{
	return arena_printf(
		arena, "%" PRIu64 ".%02" PRIu64 "s", ns / 1000000000, ns / 10000000 % 100);
}

static void print_text(const struct tasks *t, const struct samples *list, struct buf *out)
{
	static const char *const header[] = {
		"ALLOC", "JOB", "TASK", "CPU", "CPU TIME", "MEMORY", "LIMIT", "PEAK", "PROCESSES"};
	struct show_table table;

	show_table_init(&table, t->arena, header, iso_len(header));
	for (size_t i = 0; i < list->n; i++) {
		const struct sample *s = &list->v[i];
		const struct iso_stats *u = &s->stats;
		const char *const cells[] = {
			tasks_short(t, s->which->alloc_id),
			s->which->file.about.job,
			s->which->name,
			percent(t->arena, s->cpu_permille),
			seconds(t->arena, u->cpu_total_ns),
			show_bytes(t->arena, u->mem_usage_bytes),
			u->mem_limit_bytes ? show_bytes(t->arena, u->mem_limit_bytes) : NULL,
			show_bytes(t->arena, u->mem_peak_bytes),
			arena_printf(t->arena, "%" PRIu64, u->n_pids),
		};
		show_table_row(&table, cells);
	}
	show_table_print(&table, out);
}

static int set(json_t *object, const char *key, uint64_t value)
{
	return json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *sample_json(const struct sample *s)
{
	const struct iso_stats *u = &s->stats;
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{"cpu_permille", s->cpu_permille},
		{"cpu_total_ns", u->cpu_total_ns},
		{"cpu_user_ns", u->cpu_user_ns},
		{"cpu_system_ns", u->cpu_system_ns},
		{"cpu_throttled_periods", u->cpu_throttled_periods},
		{"cpu_throttled_ns", u->cpu_throttled_ns},
		{"mem_usage_bytes", u->mem_usage_bytes},
		{"mem_peak_bytes", u->mem_peak_bytes},
		{"mem_rss_bytes", u->mem_rss_bytes},
		{"mem_cache_bytes", u->mem_cache_bytes},
		{"mem_swap_bytes", u->mem_swap_bytes},
		{"mem_limit_bytes", u->mem_limit_bytes},
		{"n_pids", u->n_pids},
		{"stamp_ns", u->stamp_ns},
	};
	json_t *object = json_pack("{s:o, s:o, s:o}", "alloc_id",
		show_json_text(s->which->alloc_id), "job", show_json_text(s->which->file.about.job),
		"task", show_json_text(s->which->name));

	for (size_t i = 0; i < iso_len(rows); i++)
		(void)set(object, rows[i].key, rows[i].value);
	return object;
}

static int print(const struct tasks *t, const struct stats_options *o, const struct samples *list)
{
	bool live = o->live || o->follow;
	own_buf out = BUF_INIT;

	if (o->json) {
		json_t *array = json_array();
		for (size_t i = 0; i < list->n; i++)
			if (json_array_append_new(array, sample_json(&list->v[i])))
				return -1;
		return live ? show_json_line(array) : show_json(array);
	}
	if (live && isatty(STDOUT_FILENO))
		buf_str(&out, CLEAR);
	print_text(t, list, &out);
	return show_write(STDOUT_FILENO, buf_text(&out), out.len) ? 0 : -1;
}

/* The words of the command line, or all; each task once. */
static int choose(
	const struct tasks *t, struct state_task **tasks, size_t *ret_n, struct iso_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < t->list.n && !t->arguments.n_words; i++)
		tasks[n++] = &t->list.v[i];
	for (size_t i = 0; i < t->arguments.n_words; i++) {
		struct state_match m;
		if (state_find(t->arena, &t->list, t->arguments.words[i], NULL, STATE_WANT_ANY, &m,
			    err))
			return -1;
		for (size_t k = 0; k < m.n; k++) {
			bool seen = false;
			for (size_t j = 0; j < n; j++)
				seen = seen || tasks[j] == m.v[k];
			if (!seen)
				tasks[n++] = m.v[k];
		}
	}
	*ret_n = n;
	return 0;
}

/* Until the next look; the reader of our output going away ends it. */
static bool wait_ms(uint64_t ms)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return poll(&p, 1, ms > INT32_MAX ? INT32_MAX : (int)ms) == 0 || errno == EINTR;
}

/* Each look lists the directory anew, in an arena of its own: tasks come and go. The last one's is
 * kept for what has been used since. */
static int stats(const struct command *self, const struct tasks *first,
	const struct stats_options *o, uint64_t interval_ms, struct iso_err *err)
{
	struct samples before = {.n = 0};
	struct arena *last = NULL;
	bool live = o->live || o->follow, more = true;
	int r = 0;

	while (more && !r) {
		struct tasks t = {.arena = arena_new(0), .arguments = first->arguments};
		struct samples now = {.n = 0};
		size_t n = 0;
		r = tasks_open(&t, self, &o->tasks, err);
		struct state_task **chosen = arena_array(t.arena, t.list.n + 1, sizeof(*chosen));
		if (!r)
			r = choose(&t, chosen, &n, err);
		if (r && last && err->fault == ISO_FAULT_INPUT) {
			r = 0; /* it was there, and is swept by now */
			more = false;
		} else if (!r) {
			r = look(&t, chosen, n, &before, &now, err);
			/* a named task that has ended: nothing will come */
			more = live && (now.n || !first->arguments.n_words);
			if (!r && (more || !last) && print(&t, o, &now))
				more = false;
		}
		(void)arena_free(last);
		last = t.arena;
		before = now;
		more = more && !r && wait_ms(interval_ms);
	}
	(void)arena_free(last);
	return r;
}

static int main_stats(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct stats_options o = {.interval = NULL};
	struct tasks t = {.arena = arena};
	uint64_t interval_ms = MS_PER_S;

	if (tasks_begin(&t, self, argv, argc, &o, &err) ||
		(o.interval && tasks_duration("interval", o.interval, &interval_ms, &err)) ||
		stats(self, &t, &o, interval_ms, &err))
		return tasks_fail(&err);
	return EXIT_OK;
}

const struct command cmd_stats = {
	.name = "stats",
	.usage = "[-json] [-live] [-interval DURATION] [ALLOC[/TASK]|JOB...]",
	.summary = "what tasks use of processor and memory",
	.main = main_stats,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
