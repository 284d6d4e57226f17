/* The schemas of the blocks (one file a family) and the words that refuse what this version does
 * not run. */
#ifndef JOB_SPEC_H
#define JOB_SPEC_H

#include "job/model.h"
#include "job/schema.h"

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
#define QUIET(name)                                                                                \
	{                                                                                          \
		name, SCHEMA_ANY, SCHEMA_QUIET, 0, ~(size_t)0, ""                                  \
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
		name, SCHEMA_RUN, labels, decode, "", once                                         \
	}
#define BLOCK_QUIET(name)                                                                          \
	{                                                                                          \
		name, SCHEMA_QUIET, 0, NULL, "", false                                             \
	}
#define BLOCK_WARN(name, why)                                                                      \
	{                                                                                          \
		name, SCHEMA_WARN, 0, NULL, why, false                                             \
	}
#define BLOCK_REFUSE(name, why)                                                                    \
	{                                                                                          \
		name, SCHEMA_ERR, 0, NULL, why, false                                              \
	}

#define WHY_NO_SERVER  "there is no server that would place or move anything"
#define WHY_NOT_YET    "this version does not run it; remove it, or run the job under Nomad"
#define WHY_NO_SECRETS "there is no server that could give the credentials that the task waits for"

#endif
