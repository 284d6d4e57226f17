/* The schemas of the blocks (one file a family) and the words that refuse what this version does
 * not run. */
#ifndef JOB_SPEC_H
#define JOB_SPEC_H

#include "job/model.h"
#include "job/schema.h"

enum {
	MAX_LOG_FILES = 10000,
	MAX_LOG_MB = 1 << 20,
	DEFAULT_DISK_MB = 300, /* of a group without ephemeral_disk */
};

extern const struct schema job_schema, group_schema, task_schema;

/* decoders of blocks that stand in more than one place, or in another file */
bool decode_job(struct decoder *d, const struct hcl_block *b, void *file);
bool decode_group(struct decoder *d, const struct hcl_block *b, void *job);
bool decode_task(struct decoder *d, const struct hcl_block *b, void *group);
bool decode_config(struct decoder *d, const struct hcl_block *b, void *task);
bool decode_resources(struct decoder *d, const struct hcl_block *b, void *task);
bool decode_logs(struct decoder *d, const struct hcl_block *b, void *task);
bool decode_artifact(struct decoder *d, const struct hcl_block *b, void *task);
bool decode_volume_mount(struct decoder *d, const struct hcl_block *b, void *task);
bool decode_volume(struct decoder *d, const struct hcl_block *b, void *group);
bool decode_restart(struct decoder *d, const struct hcl_block *b, void *restart);
bool decode_network(struct decoder *d, const struct hcl_block *b, void *group);
bool decode_ephemeral_disk(struct decoder *d, const struct hcl_block *b, void *group);
bool decode_identity(struct decoder *d, const struct hcl_block *b, void *task);
bool decode_numa(struct decoder *d, const struct hcl_block *b, void *resources);

/* What stands in blocks that have no effect here (spec_idle.c). */
extern const struct schema constraint_schema, affinity_schema, spread_schema, update_schema,
	migrate_schema, reschedule_schema, disconnect_schema, scaling_schema, consul_schema,
	service_schema, action_schema, ui_schema;

/* Blocks that have no effect, the same in a job and a group (and a task). */
#define BLOCKS_CONSTRAINING                                                                        \
	BLOCK_WARN("constraint", 0,                                                                \
		"constraints are not evaluated: the job runs here, whatever they say",             \
		&constraint_schema),                                                               \
		BLOCK_WARN("affinity", 0, WHY_NO_SERVER, &affinity_schema)
#define BLOCKS_PLACING                                                                             \
	BLOCKS_CONSTRAINING, BLOCK_WARN("spread", 0, WHY_NO_SERVER, &spread_schema),               \
		BLOCK_WARN("update", 0, WHY_NO_SERVER, &update_schema),                            \
		BLOCK_WARN("migrate", 0, WHY_NO_SERVER, &migrate_schema),                          \
		BLOCK_WARN("reschedule", 0, WHY_NO_SERVER, &reschedule_schema)
#define BLOCKS_SERVING                                                                             \
	BLOCK_WARN("service", 0, "services are not registered and not checked", &service_schema),  \
		BLOCK_WARN("consul", 0, WHY_NO_SERVER, &consul_schema)

/** logs_fit() - are the task's logs less than @disk_mb? Tells if they are not. */
bool logs_fit(struct decoder *d, const struct job_task *t, int64_t disk_mb);

/** labels_differ() - have all blocks of @type in @body different names? Tells those that do not. */
bool labels_differ(struct decoder *d, const struct hcl_body *body, const char *type);

/** title_fits() - no control characters in the name of a job or group? Tells if there are. */
bool title_fits(struct decoder *d, const char *what, const char *title, struct hcl_range range);

/* rows of the tables */
#define RUN_AT(name, type, structure, field)                                                       \
	{                                                                                          \
		name, type, SCHEMA_RUN, offsetof(structure, field), ~(size_t)0, ""                 \
	}
#define RUN_RANGED(name, type, structure, field, range_field)                                      \
	{                                                                                          \
		name, type, SCHEMA_RUN, offsetof(structure, field),                                \
			offsetof(structure, range_field), ""                                       \
	}
#define QUIET(name, type)                                                                          \
	{                                                                                          \
		name, type, SCHEMA_QUIET, 0, ~(size_t)0, ""                                        \
	}
#define WARN(name, why)                                                                            \
	{                                                                                          \
		name, SCHEMA_ANY, SCHEMA_WARN, 0, ~(size_t)0, why                                  \
	}
#define REFUSE(name, why)                                                                          \
	{                                                                                          \
		name, SCHEMA_ANY, SCHEMA_ERR, 0, ~(size_t)0, why                                   \
	}
#define BLOCK(name, labels, decode, once)                                                          \
	{                                                                                          \
		name, SCHEMA_RUN, labels, decode, "", once, NULL                                   \
	}
#define BLOCK_QUIET(name, labels, inside)                                                          \
	{                                                                                          \
		name, SCHEMA_QUIET, labels, NULL, "", false, inside                                \
	}
#define BLOCK_WARN(name, labels, why, inside)                                                      \
	{                                                                                          \
		name, SCHEMA_WARN, labels, NULL, why, false, inside                                \
	}
#define BLOCK_REFUSE(name, why)                                                                    \
	{                                                                                          \
		name, SCHEMA_ERR, 0, NULL, why, false, NULL                                        \
	}

#define WHY_NO_SERVER  "there is no server that would place or move anything"
#define WHY_NOT_YET    "this version does not run it; remove it, or run the job under Nomad"
#define WHY_NO_SECRETS "there is no server that could give the credentials that the task waits for"

#endif
