/*
 * The top level of a job file (jobspec "variables", "locals", "job"), and files that hold just a
 * group or a task as the driver's manual shows: those are wrapped into a batch job.
 */
#include "job/load.h"

#include <string.h>

#include "base/nearest.h"
#include "hcl/parse.h"
#include "job/spec.h"
#include "job/variables.h"

static const char *const top_blocks[] = {"job", "group", "task", "variable", "locals", "variables"};

static bool known_top(struct hcl_diags *diags, const struct hcl_body *body)
{
	bool ok = true;

	for (size_t i = 0; i < body->n_attributes; i++) {
		if (!hcl_diags_go_on(diags, body->attributes[i].range))
			return false;
		hcl_error(diags, body->attributes[i].name_range, "unsupported argument",
			"an argument named \"%s\" is not expected here; a job file begins with job "
			"\"NAME\" { ... }",
			body->attributes[i].name);
		ok = false;
	}
	for (size_t i = 0; i < body->n_blocks; i++) {
		const struct hcl_block *b = &body->blocks[i];
		const char *near = NULL;
		bool known = false;
		if (!hcl_diags_go_on(diags, b->range))
			return false;
		for (size_t k = 0; k < iso_len(top_blocks); k++) {
			known = known || !strcmp(b->type, top_blocks[k]);
			if (nearest_close(b->type, top_blocks[k]))
				near = top_blocks[k];
		}
		if (known)
			continue;
		if (near)
			hcl_error(diags, b->type_range, "unsupported block type",
				"blocks of type \"%s\" are not expected here; did you mean \"%s\"?",
				b->type, near);
		else
			hcl_error(diags, b->type_range, "unsupported block type",
				"blocks of type \"%s\" are not expected here", b->type);
		ok = false;
	}
	return ok;
}

/* The one block that is the job: a job, a group or a task. */
static const struct hcl_block *main_block(
	struct hcl_diags *diags, const struct hcl_source *source, const struct hcl_body *body)
{
	const struct hcl_block *found = NULL;

	for (size_t i = 0; i < body->n_blocks; i++) {
		const struct hcl_block *b = &body->blocks[i];
		if (strcmp(b->type, "job") != 0 && strcmp(b->type, "group") != 0 &&
			strcmp(b->type, "task") != 0)
			continue;
		if (found) {
			hcl_error(diags, b->range,
				arena_printf(diags->arena, "duplicate %s block", b->type),
				"a file holds one job, or one group, or one task; another %s was "
				"defined at line %u",
				found->type, found->type_range.start.line);
			return NULL;
		}
		found = b;
	}
	if (!found) {
		struct hcl_range start = {source, {1, 1, 0}, {1, 1, 0}};
		hcl_error(diags, start, "missing job",
			"the file holds no job \"NAME\" { ... }, group or task");
	}
	return found;
}

static bool one_label(struct hcl_diags *diags, const struct hcl_block *b)
{
	if (b->n_labels == 1)
		return true;
	if (b->n_labels == 0)
		hcl_error(diags, b->range,
			arena_printf(diags->arena, "missing name for %s", b->type),
			"write %s \"NAME\" { ... }", b->type);
	else
		hcl_error(diags, b->label_ranges[1],
			arena_printf(diags->arena, "extraneous label for %s", b->type),
			"%s takes 1 label", b->type);
	return false;
}

static bool decode_bare(struct decoder *d, const struct hcl_block *b)
{
	struct job *job = d->job;

	job->bare = true;
	job->id = b->labels[0];
	job->type.text = "batch";
	if (!strcmp(b->type, "group"))
		return decode_group(d, b, job);
	struct job_group *group = arena_new_of(d->arena, struct job_group);
	*group = (struct job_group){
		.name = b->labels[0],
		.count = 1,
		.disk_mb = DEFAULT_DISK_MB,
		.restart = {.attempts = -1, .interval_ms = -1, .delay_ms = -1},
		.range = b->range,
	};
	job->groups = group;
	job->n_groups = 1;
	return decode_task(d, b, group) && logs_fit(d, &group->tasks[0], DEFAULT_DISK_MB);
}

static bool check_names(struct decoder *d, const struct hcl_block *b)
{
	struct job *job = d->job;
	bool ok = job->bare || title_fits(d, "job id", job->id,
				       job->id_text.text ? job->id_text.range : b->label_ranges[0]);

	if (job->name.text)
		ok = title_fits(d, "job name", job->name.text, job->name.range) && ok;
	else
		job->name.text = job->id;
	if (!strpbrk(job->id, " /") && *job->id)
		return ok;
	hcl_error(d->diags, b->range, "invalid job id",
		"a job's id holds no blank and no slash, got \"%s\"", job->id);
	return false;
}

static bool check_type(struct decoder *d)
{
	static const char *const types[] = {"service", "batch", "system", "sysbatch"};
	const struct job_text *type = &d->job->type;

	if (!type->text)
		return true;
	for (size_t i = 0; i < iso_len(types); i++)
		if (!strcmp(type->text, types[i]))
			return true;
	hcl_error(d->diags, type->range, "invalid job type",
		"type is service, batch, system or sysbatch, got \"%s\"", type->text);
	return false;
}

/* Only of what is right so far: counts are between 0 and 1000 then. */
static bool check_size(struct decoder *d, const struct hcl_block *b)
{
	const struct job *job = d->job;
	size_t tasks = 0;

	if (d->diags->n_errors)
		return false;
	for (size_t i = 0; i < job->n_groups; i++)
		tasks += job->groups[i].n_tasks * (size_t)job->groups[i].count;
	if (tasks > LANG_MAX_TASKS)
		hcl_error(d->diags, b->range, "too many tasks",
			"job \"%s\" would run %zu tasks on this machine, at most %d are", job->id,
			tasks, LANG_MAX_TASKS);
	else if (!job->n_groups)
		hcl_error(d->diags, b->range, "missing group", "job \"%s\" has no group", job->id);
	return tasks <= LANG_MAX_TASKS && job->n_groups;
}

/* What only guides placement is told once it is known to be wrong; where the job would run is for
 * job/to_task.c. */
static bool check_placement(struct decoder *d)
{
	const struct job *job = d->job;
	const struct job_texts *dcs = &job->datacenters;
	const char *pool = job->node_pool.text;
	bool ok = !dcs->range.source || dcs->n;

	if (!ok)
		hcl_error(d->diags, dcs->range, "invalid datacenters",
			"name at least one, or leave it out for any");
	if (job->priority_range.source && (job->priority < 1 || job->priority > 100)) {
		hcl_error(d->diags, job->priority_range, "invalid priority",
			"priority is between 1 and 100, got %lld", (long long)job->priority);
		ok = false;
	}
	if (pool && strcmp(pool, "default") != 0 && strcmp(pool, "all") != 0)
		hcl_warning(d->diags, job->node_pool.range,
			"\"node_pool\" has no effect on one machine",
			"this node is in pool \"default\"; the job runs here all the same");
	return ok;
}

static bool check_job(struct decoder *d, const struct hcl_block *b)
{
	bool ok = check_names(d, b);

	ok = check_type(d) && ok;
	ok = check_placement(d) && ok;
	return check_size(d, b) && ok;
}

struct job *job_decode(struct arena *arena, const struct hcl_source *source,
	struct task_strings vars, struct task_strings var_files, struct hcl_diags *diags)
{
	struct hcl_body *body = hcl_parse(arena, source, diags);

	if (diags->n_errors)
		return NULL;
	bool ok = known_top(diags, body);
	const struct hcl_block *b = main_block(diags, source, body);
	struct hcl_scope *scope = variables_scope(arena, body, vars, var_files, diags);
	if (!b || !scope || !one_label(diags, b))
		return NULL;

	struct job *job = arena_new_of(arena, struct job);
	*job = (struct job){.arena = arena, .source = source};
	struct decoder d = {.arena = arena, .diags = diags, .scope = scope, .job = job};
	ok = (strcmp(b->type, "job") ? decode_bare(&d, b) : decode_job(&d, b, job)) && ok;
	ok = check_job(&d, b) && ok;
	ok = hcl_diags_go_on(diags, b->range) && ok;
	return ok && !diags->n_errors ? job : NULL;
}
