/* The environment of a task (env.h): layers of B-502, in that order, later ones win. */
#include "task/env.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"

/* Layers, weakest first: of equal names the last entry counts. */
struct table {
	struct arena *arena;
	const char **v;
	size_t n;
};

static void set(struct table *t, const char *entry)
{
	t->v = arena_push(t->arena, t->v, t->n, sizeof(*t->v));
	t->v[t->n++] = entry;
}

static void keep_last(struct table *t)
{
	struct name_at *names = arena_array(t->arena, t->n, sizeof(*names));
	const char **kept = arena_array(t->arena, t->n, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		names[i] = (struct name_at){t->v[i], strcspn(t->v[i], "="), i};
	names_sort(names, t->n);
	for (size_t i = 0; i < t->n; i++)
		if (i + 1 == t->n || !names_equal(&names[i], &names[i + 1]))
			kept[n++] = t->v[names[i].at];
	t->v = kept;
	t->n = n;
}

static void set_text(struct table *t, const char *name, const char *value)
{
	if (value && *value)
		set(t, arena_printf(t->arena, "%s=%s", name, value));
}

static void set_number(struct table *t, const char *name, uint64_t value)
{
	set(t, arena_printf(t->arena, "%s=%" PRIu64, name, value));
}

/* Names of these families may hold what a person wrote: anything odd becomes '_' (B-502). */
static const char *clean_name(struct arena *arena, const char *entry)
{
	static const char *const families[] = {
		"NOMAD_ADDR_", "NOMAD_IP_", "NOMAD_PORT_", "NOMAD_HOST_PORT_", "NOMAD_META_"};
	bool ours = false;

	for (size_t i = 0; i < iso_len(families); i++)
		ours = ours || !strncmp(entry, families[i], strlen(families[i]));
	if (!ours)
		return entry;
	char *copy = arena_strdup(arena, entry);
	for (char *c = copy; *c && *c != '='; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			    (*c >= '0' && *c <= '9') || *c == '_' || *c == '.'))
			*c = '_';
	return copy;
}

static void add_meta(struct table *t, const struct task_strings *meta)
{
	for (size_t i = 0; i < meta->n; i++) {
		set(t, clean_name(t->arena, arena_printf(t->arena, "NOMAD_META_%s", meta->v[i])));
		char *upper = arena_strdup(t->arena, meta->v[i]);
		for (char *c = upper; *c && *c != '='; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		set(t, clean_name(t->arena, arena_printf(t->arena, "NOMAD_META_%s", upper)));
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_identity(struct table *t, const struct task_env_in *in)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"NOMAD_ALLOC_DIR", "/alloc"},
		{"NOMAD_TASK_DIR", "/local"},
		{"NOMAD_SECRETS_DIR", "/secrets"},
		{"NOMAD_ALLOC_ID", in->alloc_id},
		{"NOMAD_SHORT_ALLOC_ID",
			in->alloc_id ? arena_printf(t->arena, "%.8s", in->alloc_id) : NULL},
		{"NOMAD_ALLOC_NAME", arena_printf(t->arena, "%s.%s[%u]", in->job_id, in->group_name,
					     in->alloc_index)},
		{"NOMAD_TASK_NAME", in->task_name},
		{"NOMAD_GROUP_NAME", in->group_name},
		{"NOMAD_JOB_ID", in->job_id},
		{"NOMAD_JOB_NAME", in->job_name},
		{"NOMAD_DC", in->dc},
		{"NOMAD_REGION", in->region},
		{"NOMAD_NAMESPACE", in->namespace},
		{"NOMAD_PARENT_CGROUP", in->cgroup_parent},
		{"NOMAD_CPU_CORES", in->cpu_cores},
	};
	for (size_t i = 0; i < iso_len(texts); i++)
		set_text(t, texts[i].name, texts[i].value);
	set_number(t, "NOMAD_ALLOC_INDEX", in->alloc_index);
	set_number(t, "NOMAD_CPU_LIMIT", in->cpu_mhz);
	set_number(t, "NOMAD_MEMORY_LIMIT", in->memory_mb);
	if (in->memory_max_mb)
		set_number(t, "NOMAD_MEMORY_MAX_LIMIT", in->memory_max_mb);
}

struct task_strings task_env_build(struct arena *arena, const struct task_env_in *in)
{
	struct table t = {.arena = arena};

	for (size_t i = 0; i < in->host.n; i++)
		set(&t, in->host.v[i]);
	add_identity(&t, in);
	add_meta(&t, &in->meta);
	for (size_t i = 0; i < in->env.n; i++)
		set(&t, clean_name(arena, in->env.v[i]));
	keep_last(&t);
	if (t.n)
		qsort(t.v, t.n, sizeof(*t.v), by_text);
	return (struct task_strings){.v = t.v, .n = t.n};
}
