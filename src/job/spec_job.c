/* job and group: their tables and decoders. */
#include <string.h>

#include "base/names.h"
#include "job/spec.h"
#include "task/name.h"

enum {
	MIN_DISK_MB = 10
};

static const struct schema_attribute job_attributes[] = {
	RUN_AT("id", SCHEMA_STRING, struct job, id_text),
	RUN_AT("name", SCHEMA_STRING, struct job, name),
	RUN_AT("type", SCHEMA_STRING, struct job, type),
	RUN_AT("region", SCHEMA_STRING, struct job, region),
	RUN_AT("namespace", SCHEMA_STRING, struct job, namespace),
	RUN_AT("meta", SCHEMA_MAP, struct job, meta),
	RUN_RANGED("priority", SCHEMA_INT, struct job, priority, priority_range),
	QUIET("all_at_once", SCHEMA_BOOL),
	RUN_AT("datacenters", SCHEMA_STRINGS, struct job, datacenters),
	RUN_AT("node_pool", SCHEMA_STRING, struct job, node_pool),
	REFUSE("vault_token", WHY_NO_SECRETS),
	REFUSE("consul_token", WHY_NO_SECRETS),
};

static const struct schema_block job_blocks[] = {
	BLOCK("group", 1, decode_group, false),
	BLOCK_QUIET("ui", 0, &ui_schema),
	BLOCKS_PLACING,
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
	BLOCK("ephemeral_disk", 0, decode_ephemeral_disk, true),
	BLOCKS_PLACING,
	BLOCKS_SERVING,
	BLOCK_WARN("disconnect", 0, WHY_NO_SERVER, &disconnect_schema),
	BLOCK_WARN("scaling", 0, WHY_NO_SERVER, &scaling_schema),
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
		.disk_mb = DEFAULT_DISK_MB,
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
	for (size_t i = 0; i < group.n_tasks; i++)
		ok = logs_fit(d, &group.tasks[i], group.disk_mb) && ok;
	if (!group.n_tasks && ok) {
		hcl_error(
			d->diags, b->range, "missing task", "group \"%s\" has no task", group.name);
		ok = false;
	}
	job->groups = arena_push(d->arena, job->groups, job->n_groups, sizeof(group));
	job->groups[job->n_groups++] = group;
	return ok;
}

bool logs_fit(struct decoder *d, const struct job_task *t, int64_t disk_mb)
{
	if (t->logs_disabled || !t->logs_range.source || t->log_max_files > MAX_LOG_FILES ||
		t->log_max_file_mb > MAX_LOG_MB || t->log_max_files * t->log_max_file_mb < disk_mb)
		return true;
	hcl_error(d->diags, t->logs_range, "invalid logs block",
		"max_files x max_file_size is %lld MB: it must be less than the ephemeral_disk's "
		"size, which is %lld MB",
		(long long)(t->log_max_files * t->log_max_file_mb), (long long)disk_mb);
	return false;
}

/* The size bounds what the logs may be set to; nothing else is held to it. */
bool decode_ephemeral_disk(struct decoder *d, const struct hcl_block *b, void *into)
{
	struct disk {
		int64_t size;
		bool sticky, migrate;
		struct hcl_range size_range, sticky_range, migrate_range;
	} disk = {.size = DEFAULT_DISK_MB};
	static const struct schema_attribute attributes[] = {
		RUN_RANGED("size", SCHEMA_INT, struct disk, size, size_range),
		RUN_RANGED("sticky", SCHEMA_BOOL, struct disk, sticky, sticky_range),
		RUN_RANGED("migrate", SCHEMA_BOOL, struct disk, migrate, migrate_range)};
	static const struct schema schema = {
		"ephemeral_disk", attributes, iso_len(attributes), NULL, 0};

	if (!schema_decode(d, &schema, b->body, &disk))
		return false;
	if (disk.size < MIN_DISK_MB) {
		hcl_error(d->diags, disk.size_range, "invalid ephemeral_disk",
			"size must be at least %d MB", MIN_DISK_MB);
		return false;
	}
	((struct job_group *)into)->disk_mb = disk.size;
	const struct {
		bool told;
		const struct hcl_range *range;
		const char *name, *why;
	} idle[] = {
		{disk.size != DEFAULT_DISK_MB, &disk.size_range, "size",
			"the disk that an allocation uses is not limited"},
		{disk.sticky, &disk.sticky_range, "sticky",
			"each run begins with an empty alloc directory"},
		{disk.migrate, &disk.migrate_range, "migrate",
			"each run begins with an empty alloc directory"},
	};
	for (size_t i = 0; i < iso_len(idle); i++)
		if (idle[i].told)
			hcl_warning(d->diags, *idle[i].range,
				arena_printf(d->arena, "\"%s\" has no effect here", idle[i].name),
				"%s", idle[i].why);
	return true;
}

/* network: only the host's, which is what a task has without the block. */
bool decode_network(struct decoder *d, const struct hcl_block *b, void *group)
{
	(void)group;
	struct network {
		struct job_text mode;
	} network = {.mode = {.text = NULL}};
	static const struct schema_attribute attributes[] = {
		RUN_AT("mode", SCHEMA_STRING, struct network, mode),
		WARN("mbits", "bandwidth is not shared out"), REFUSE("hostname", WHY_NOT_YET),
		QUIET("cidr", SCHEMA_STRING), QUIET("ip", SCHEMA_STRING),
		QUIET("device", SCHEMA_STRING)};
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

/* Of a host volume (jobspec 3.5); the writers' modes limit other jobs, which are not known here. */
static bool volume_modes(struct decoder *d, struct job_volume *v)
{
	static const char *const writers[] = {
		"", "single-node-writer", "single-node-single-writer", "single-node-multi-writer"};
	const char *access = v->access_mode.text ? v->access_mode.text : "";
	const char *attachment = v->attachment_mode.text ? v->attachment_mode.text : "";
	bool known = false;

	if (*attachment && strcmp(attachment, "file-system") != 0) {
		hcl_error(d->diags, v->attachment_mode.range, "\"volume\" cannot be run here",
			"attachment_mode \"%s\": a host volume is a directory, \"file-system\"",
			attachment);
		return false;
	}
	if (!strcmp(access, "single-node-reader-only"))
		known = v->read_only = true;
	for (size_t i = 0; i < iso_len(writers); i++)
		known = known || !strcmp(access, writers[i]);
	if (!known)
		hcl_error(d->diags, v->access_mode.range, "\"volume\" cannot be run here",
			"access_mode \"%s\": a host volume has single-node-reader-only, "
			"single-node-writer, single-node-single-writer or "
			"single-node-multi-writer",
			access);
	return known;
}

bool decode_volume(struct decoder *d, const struct hcl_block *b, void *into)
{
	struct job_group *group = into;
	static const struct schema_attribute attributes[] = {
		RUN_AT("type", SCHEMA_STRING, struct job_volume, type),
		RUN_AT("source", SCHEMA_STRING, struct job_volume, source),
		RUN_AT("read_only", SCHEMA_BOOL, struct job_volume, read_only),
		RUN_AT("per_alloc", SCHEMA_BOOL, struct job_volume, per_alloc),
		RUN_AT("access_mode", SCHEMA_STRING, struct job_volume, access_mode),
		RUN_AT("attachment_mode", SCHEMA_STRING, struct job_volume, attachment_mode),
		WARN("sticky", WHY_NO_SERVER)};
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
	ok = volume_modes(d, &v) && ok;
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
		RUN_AT("mode", SCHEMA_STRING, struct job_restart, mode),
		RUN_RANGED("render_templates", SCHEMA_BOOL, struct job_restart, render_templates,
			render_templates_range)};
	static const struct schema schema = {"restart", attributes, iso_len(attributes), NULL, 0};

	r->given = true;
	if (!schema_decode(d, &schema, b->body, r))
		return false;
	if (r->render_templates)
		hcl_warning(d->diags, r->render_templates_range,
			"\"render_templates\" has no effect here",
			"there are no templates that a restart could render");
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
