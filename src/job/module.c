/* The module's one door (module.h). */
#include "job/lang.h"

#include <string.h>

#include "job/config.h"
#include "job/load.h"
#include "job/source.h"
#include "job/to_task.h"

static int summary_error(struct iso_err *err, const char *name, const struct hcl_diags *d)
{
	return iso_err_set(err, ISO_FAULT_INPUT, 0, "%s: %zu error%s", name, d->n_errors,
		d->n_errors == 1 ? "" : "s");
}

static int job_load(struct arena *arena, const struct lang_source *in, struct task_strings vars,
	struct task_strings var_files, struct job **ret, struct buf *messages, struct iso_err *err)
{
	struct hcl_source *source;
	struct hcl_diags diags;

	if (source_read(arena, in, &source, err))
		return -1;
	hcl_diags_init(&diags, arena);
	*ret = job_decode(arena, source, vars, var_files, &diags);
	hcl_diags_render(&diags, messages);
	return *ret ? 0 : summary_error(err, source->name, &diags);
}

static void job_summary(struct arena *arena, const struct job *job, struct lang_job_summary *ret)
{
	*ret = (struct lang_job_summary){
		.id = job->id,
		.groups = arena_array(arena, job->n_groups, sizeof(*ret->groups)),
		.counts = arena_array(arena, job->n_groups, sizeof(*ret->counts)),
		.n_groups = job->n_groups,
		.bare = job->bare,
	};
	for (size_t i = 0; i < job->n_groups; i++) {
		ret->groups[i] = job->groups[i].name;
		ret->counts[i] = (unsigned)job->groups[i].count;
	}
}

static int job_to_alloc(struct arena *arena, const struct job *job, const char *group,
	const struct lang_placement *placement, struct alloc_spec **ret, struct buf *messages,
	struct iso_err *err)
{
	struct hcl_diags diags;

	hcl_diags_init(&diags, arena);
	*ret = NULL;
	for (size_t i = 0; i < job->n_groups; i++)
		if (!strcmp(job->groups[i].name, group))
			*ret = job_place(arena, job, &job->groups[i], placement, &diags);
	hcl_diags_render(&diags, messages);
	return *ret ? 0 : summary_error(err, job->source->name, &diags);
}

static int config_load(struct arena *arena, const struct lang_source *in,
	struct operator_config *config, struct buf *messages, struct iso_err *err)
{
	struct hcl_source *source;
	struct hcl_diags diags;

	if (source_read(arena, in, &source, err))
		return -1;
	source->quoted_names = true;
	hcl_diags_init(&diags, arena);
	config_decode(arena, source, config, &diags);
	hcl_diags_render(&diags, messages);
	return diags.n_errors ? summary_error(err, source->name, &diags) : 0;
}

extern const struct lang_api iso_lang;
ISO_API const struct lang_api iso_lang = {
	.version = LANG_VERSION,
	.job_load = job_load,
	.job_summary = job_summary,
	.job_to_alloc = job_to_alloc,
	.config_load = config_load,
};
