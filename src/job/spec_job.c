/* job and group: their tables and decoders. */
#include <string.h>

#include "base/names.h"
#include "job/spec.h"
#include "task/name.h"

static const struct schema_attribute job_attributes[] = {
	RUN_AT("id", SCHEMA_STRING, struct job, id_text),
	RUN_AT("name", SCHEMA_STRING, struct job, name),
	RUN_AT("type", SCHEMA_STRING, struct job, type),
	RUN_AT("region", SCHEMA_STRING, struct job, region),
	RUN_AT("namespace", SCHEMA_STRING, struct job, namespace),
	RUN_AT("meta", SCHEMA_MAP, struct job, meta),
	QUIET("priority"),
	QUIET("all_at_once"),
	QUIET("datacenters"),
	QUIET("node_pool"),
	REFUSE("vault_token", WHY_NO_SECRETS),
	REFUSE("consul_token", WHY_NO_SECRETS),
};

static const struct schema_block job_blocks[] = {
	BLOCK("group", 1, decode_group, false),
	BLOCK_QUIET("ui"),
	BLOCK_WARN("constraint",
		"constraints are not evaluated: the job runs here, whatever they say"),
	BLOCK_WARN("affinity", WHY_NO_SERVER),
	BLOCK_WARN("spread", WHY_NO_SERVER),
	BLOCK_WARN("update", WHY_NO_SERVER),
	BLOCK_WARN("migrate", WHY_NO_SERVER),
	BLOCK_WARN("reschedule", WHY_NO_SERVER),
	BLOCK_REFUSE("multiregion", WHY_NOT_YET),
	BLOCK_REFUSE("periodic", WHY_NOT_YET),
	BLOCK_REFUSE("parameterized", WHY_NOT_YET),
	BLOCK_REFUSE("vault", WHY_NO_SECRETS),
	BLOCK_REFUSE("secret", WHY_NO_SECRETS),
	BLOCK_REFUSE("task", "a task stands in a group: write group \"NAME\" { task ... }"),
};

const struct schema job_schema = {
	"job", job_attributes, iso_len(job_attributes), job_blocks, iso_len(job_blocks)};

static bool decode_group_restart(struct decoder *d, const struct hcl_block *b, void *group)
{
	return decode_restart(d, b, &((struct job_group *)group)->restart);
}

static const struct schema_attribute group_attributes[] = {
	RUN_AT("count", SCHEMA_INT, struct job_group, count),
	RUN_AT("meta", SCHEMA_MAP, struct job_group, meta),
	WARN("stop_after_client_disconnect", WHY_NO_SERVER),
	WARN("max_client_disconnect", WHY_NO_SERVER),
	WARN("prevent_reschedule_on_lost", WHY_NO_SERVER),
	REFUSE("shutdown_delay", WHY_NOT_YET),
	REFUSE("max_run_duration", WHY_NOT_YET),
};

static const struct schema_block group_blocks[] = {
	BLOCK("task", 1, decode_task, false),
	BLOCK("volume", 1, decode_volume, false),
	BLOCK("restart", 0, decode_group_restart, true),
	BLOCK("network", 0, decode_network, true),
	BLOCK_QUIET("ephemeral_disk"),
	BLOCK_WARN("constraint",
		"constraints are not evaluated: the job runs here, whatever they say"),
	BLOCK_WARN("affinity", WHY_NO_SERVER),
	BLOCK_WARN("spread", WHY_NO_SERVER),
	BLOCK_WARN("update", WHY_NO_SERVER),
	BLOCK_WARN("migrate", WHY_NO_SERVER),
	BLOCK_WARN("reschedule", WHY_NO_SERVER),
	BLOCK_WARN("disconnect", WHY_NO_SERVER),
	BLOCK_WARN("scaling", WHY_NO_SERVER),
	BLOCK_WARN("consul", WHY_NO_SERVER),
	BLOCK_WARN("service", "services are not registered and not checked"),
	BLOCK_REFUSE("vault", WHY_NO_SECRETS),
	BLOCK_REFUSE("secret", WHY_NO_SECRETS),
};

const struct schema group_schema = {
	"group", group_attributes, iso_len(group_attributes), group_blocks, iso_len(group_blocks)};

bool decode_job(struct decoder *d, const struct hcl_block *b, void *file)
{
	struct job *job = file;

	job->id = b->labels[0];
	bool ok = schema_decode(d, &job_schema, b->body, job);
	ok = labels_differ(d, b->body, "group") && ok;
	if (job->id_text.text)
		job->id = job->id_text.text;
	return ok;
}

bool title_fits(struct decoder *d, const char *what, const char *title, struct hcl_range range)
{
	struct iso_err err = ISO_ERR_INIT;

	if (!task_title_check(title, &err))
		return true;
	hcl_error(d->diags, range, arena_printf(d->arena, "invalid %s", what), "%s", err.text);
	return false;
}

bool labels_differ(struct decoder *d, const struct hcl_body *body, const char *type)
{
	struct name_at *names = arena_array(d->arena, body->n_blocks, sizeof(*names));
	const struct hcl_block *first = NULL;
	size_t n = 0, repeated = 0;

	for (size_t i = 0; i < body->n_blocks; i++) {
		const struct hcl_block *b = &body->blocks[i];
		if (b->n_labels == 1 && !strcmp(b->type, type))
			names[n++] = (struct name_at){b->labels[0], strlen(b->labels[0]), i};
	}
	names_sort(names, n);
	for (size_t i = 0; i < n; i++) {
		const struct hcl_block *b = &body->blocks[names[i].at];
		if (!i || !names_equal(&names[i - 1], &names[i])) {
			first = b;
			continue;
		}
		hcl_error(d->diags, b->label_ranges[0],
			arena_printf(d->arena, "duplicate %s", type),
			"%s \"%s\" was already defined at line %u", type, b->labels[0],
			first->range.start.line);
		repeated++;
	}
	return !repeated;
}

bool decode_group(struct decoder *d, const struct hcl_block *b, void *into)
{
	struct job *job = into;
	struct job_group group = {
		.name = b->labels[0],
		.count = 1,
		.restart = {.attempts = -1, .interval_ms = -1, .delay_ms = -1},
		.range = b->range,
	};

	bool ok = schema_decode(d, &group_schema, b->body, &group);
	ok = labels_differ(d, b->body, "task") && ok;
	ok = title_fits(d, "group name", group.name, b->label_ranges[0]) && ok;
	if (group.count < 0 || group.count > 1000) {
		hcl_error(d->diags, b->range, "invalid count", "count must be between 0 and 1000");
		ok = false;
	}
	if (!group.n_tasks && ok) {
		hcl_error(
			d->diags, b->range, "missing task", "group \"%s\" has no task", group.name);
		ok = false;
	}
	job->groups = arena_push(d->arena, job->groups, job->n_groups, sizeof(group));
	job->groups[job->n_groups++] = group;
	return ok;
}

/* network: only the host's, which is what a task has without the block. */
bool decode_network(struct decoder *d, const struct hcl_block *b, void *group)
{
	(void)group;
	struct network {
		struct job_text mode;
	} network = {.mode = {.text = NULL}};
	static const struct schema_attribute attributes[] = {
		RUN_AT("mode", SCHEMA_STRING, struct network, mode), QUIET("mbits"),
		REFUSE("hostname", WHY_NOT_YET), QUIET("cidr"), QUIET("ip"), QUIET("device")};
	static const struct schema_block blocks[] = {BLOCK_REFUSE("port", WHY_NOT_YET),
		BLOCK_REFUSE("dns", WHY_NOT_YET), BLOCK_REFUSE("cni", WHY_NOT_YET)};
	static const struct schema schema = {
		"network", attributes, iso_len(attributes), blocks, iso_len(blocks)};

	if (!schema_decode(d, &schema, b->body, &network))
		return false;
	if (network.mode.text && strcmp(network.mode.text, "host") != 0 && *network.mode.text) {
		hcl_error(d->diags, network.mode.range, "\"network\" cannot be run here",
			"mode \"%s\": only \"host\" is run by this version", network.mode.text);
		return false;
	}
	return true;
}

bool decode_volume(struct decoder *d, const struct hcl_block *b, void *into)
{
	struct job_group *group = into;
	static const struct schema_attribute attributes[] = {
		RUN_AT("type", SCHEMA_STRING, struct job_volume, type),
		RUN_AT("source", SCHEMA_STRING, struct job_volume, source),
		RUN_AT("read_only", SCHEMA_BOOL, struct job_volume, read_only),
		RUN_AT("per_alloc", SCHEMA_BOOL, struct job_volume, per_alloc),
		QUIET("access_mode"), QUIET("attachment_mode"), WARN("sticky", WHY_NO_SERVER)};
	static const struct schema_block blocks[] = {BLOCK_REFUSE("mount_options", WHY_NOT_YET)};
	static const struct schema schema = {
		"volume", attributes, iso_len(attributes), blocks, iso_len(blocks)};
	struct job_volume v = {.name = b->labels[0], .range = b->range};

	bool ok = schema_decode(d, &schema, b->body, &v);
	if (ok && (!v.type.text || !v.source.text)) {
		hcl_error(d->diags, b->range, "missing attribute",
			"volume \"%s\" needs type = \"host\" and source", v.name);
		ok = false;
	}
	if (ok && strcmp(v.type.text, "host") != 0) {
		hcl_error(d->diags, v.type.range, "\"volume\" cannot be run here",
			"type \"%s\": only \"host\" volumes are run", v.type.text);
		ok = false;
	}
	group->volumes = arena_push(d->arena, group->volumes, group->n_volumes, sizeof(v));
	group->volumes[group->n_volumes++] = v;
	return ok;
}

bool decode_restart(struct decoder *d, const struct hcl_block *b, void *into)
{
	struct job_restart *r = into;
	static const struct schema_attribute attributes[] = {
		RUN_AT("attempts", SCHEMA_INT, struct job_restart, attempts),
		RUN_AT("interval", SCHEMA_DURATION, struct job_restart, interval_ms),
		RUN_AT("delay", SCHEMA_DURATION, struct job_restart, delay_ms),
		RUN_AT("mode", SCHEMA_STRING, struct job_restart, mode), QUIET("render_templates")};
	static const struct schema schema = {"restart", attributes, iso_len(attributes), NULL, 0};

	r->given = true;
	if (!schema_decode(d, &schema, b->body, r))
		return false;
	if (r->mode.text && strcmp(r->mode.text, "fail") != 0 &&
		strcmp(r->mode.text, "delay") != 0) {
		hcl_error(d->diags, r->mode.range, "invalid restart mode",
			"mode is \"fail\" or \"delay\", got \"%s\"", r->mode.text);
		return false;
	}
	if (r->attempts < -1 || r->interval_ms < -1 || r->delay_ms < -1) {
		hcl_error(d->diags, b->range, "invalid restart block",
			"attempts, interval and delay must not be negative");
		return false;
	}
	return true;
}
