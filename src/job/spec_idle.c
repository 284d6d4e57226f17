/*
 * Blocks that a server would act on and that change nothing on one machine: what may stand in them
 * (jobspec 3, jobspec-tree), so that a misspelled word in them is found like any other. What a task
 * relies on for its protection is not among them: such words are refused here too.
 */
#include <string.h>

#include "job/spec.h"

#define IDLE_STRING(name)   QUIET(name, SCHEMA_STRING)
#define IDLE_STRINGS(name)  QUIET(name, SCHEMA_STRINGS)
#define IDLE_INT(name)      QUIET(name, SCHEMA_INT)
#define IDLE_BOOL(name)     QUIET(name, SCHEMA_BOOL)
#define IDLE_DURATION(name) QUIET(name, SCHEMA_DURATION)
#define IDLE_MAP(name)      QUIET(name, SCHEMA_MAP)

#define SCHEMA(title, attributes)                                                                  \
	{                                                                                          \
		title, attributes, iso_len(attributes), NULL, 0                                    \
	}
#define SCHEMA_OF(title, attributes, blocks)                                                       \
	{                                                                                          \
		title, attributes, iso_len(attributes), blocks, iso_len(blocks)                    \
	}

#define WHY_NO_MESH                                                                                \
	"the task would rely on the mesh to decide who reaches it, and there is none; remove it, " \
	"or run the job under Nomad"

/* set_contains_any, set_contains_all, is_set and is_not_set are operators only: the reference takes
 * them as arguments of a constraint and then forgets them. */
static const struct schema_attribute constraint_attributes[] = {IDLE_STRING("attribute"),
	IDLE_STRING("value"), IDLE_STRING("operator"), IDLE_STRING("version"),
	IDLE_STRING("semver"), IDLE_STRING("regexp"), IDLE_STRING("set_contains"),
	IDLE_BOOL("distinct_hosts"), IDLE_STRING("distinct_property"),
	IDLE_STRING("set_contains_any"), IDLE_STRING("set_contains_all"),
	QUIET("is_set", SCHEMA_ANY), QUIET("is_not_set", SCHEMA_ANY)};
const struct schema constraint_schema = SCHEMA("constraint", constraint_attributes);

static const struct schema_attribute affinity_attributes[] = {IDLE_STRING("attribute"),
	IDLE_STRING("value"), IDLE_STRING("operator"), IDLE_INT("weight"), IDLE_STRING("version"),
	IDLE_STRING("semver"), IDLE_STRING("regexp"), IDLE_STRING("set_contains"),
	IDLE_STRING("set_contains_any"), IDLE_STRING("set_contains_all")};
const struct schema affinity_schema = SCHEMA("affinity", affinity_attributes);

static const struct schema_attribute target_attributes[] = {
	IDLE_STRING("value"), IDLE_INT("percent")};
static const struct schema target_schema = SCHEMA("target", target_attributes);
static const struct schema_attribute spread_attributes[] = {
	IDLE_STRING("attribute"), IDLE_INT("weight")};
static const struct schema_block spread_blocks[] = {BLOCK_QUIET("target", 1, &target_schema)};
const struct schema spread_schema = SCHEMA_OF("spread", spread_attributes, spread_blocks);

static const struct schema_attribute update_attributes[] = {IDLE_DURATION("stagger"),
	IDLE_INT("max_parallel"), IDLE_STRING("health_check"), IDLE_DURATION("min_healthy_time"),
	IDLE_DURATION("healthy_deadline"), IDLE_DURATION("progress_deadline"), IDLE_INT("canary"),
	IDLE_BOOL("auto_revert"), IDLE_BOOL("auto_promote")};
const struct schema update_schema = SCHEMA("update", update_attributes);

static const struct schema_attribute migrate_attributes[] = {IDLE_INT("max_parallel"),
	IDLE_STRING("health_check"), IDLE_DURATION("min_healthy_time"),
	IDLE_DURATION("healthy_deadline")};
const struct schema migrate_schema = SCHEMA("migrate", migrate_attributes);

static const struct schema_attribute reschedule_attributes[] = {IDLE_INT("attempts"),
	IDLE_DURATION("interval"), IDLE_DURATION("delay"), IDLE_STRING("delay_function"),
	IDLE_DURATION("max_delay"), IDLE_BOOL("unlimited")};
const struct schema reschedule_schema = SCHEMA("reschedule", reschedule_attributes);

static const struct schema_attribute disconnect_attributes[] = {IDLE_DURATION("lost_after"),
	IDLE_DURATION("stop_on_client_after"), IDLE_BOOL("replace"), IDLE_STRING("reconcile")};
const struct schema disconnect_schema = SCHEMA("disconnect", disconnect_attributes);

static const struct schema_attribute scaling_attributes[] = {IDLE_INT("min"), IDLE_INT("max"),
	IDLE_BOOL("enabled"), IDLE_STRING("type"), QUIET("policy", SCHEMA_ANY)};
static const struct schema_block scaling_blocks[] = {BLOCK_QUIET("policy", 0, NULL)};
const struct schema scaling_schema = SCHEMA_OF("scaling", scaling_attributes, scaling_blocks);

static const struct schema_attribute consul_attributes[] = {
	IDLE_STRING("namespace"), IDLE_STRING("cluster"), IDLE_STRING("partition")};
const struct schema consul_schema = SCHEMA("consul", consul_attributes);

static const struct schema_attribute action_attributes[] = {
	IDLE_STRING("command"), IDLE_STRINGS("args")};
const struct schema action_schema = SCHEMA("action", action_attributes);

static const struct schema_attribute link_attributes[] = {IDLE_STRING("label"), IDLE_STRING("url")};
static const struct schema link_schema = SCHEMA("link", link_attributes);
static const struct schema_attribute ui_attributes[] = {IDLE_STRING("description")};
static const struct schema_block ui_blocks[] = {BLOCK_QUIET("link", 0, &link_schema)};
const struct schema ui_schema = SCHEMA_OF("ui", ui_attributes, ui_blocks);

static const struct schema_attribute check_restart_attributes[] = {
	IDLE_INT("limit"), IDLE_DURATION("grace"), IDLE_BOOL("ignore_warnings")};
static const struct schema check_restart_schema = SCHEMA("check_restart", check_restart_attributes);

static const struct schema_attribute check_attributes[] = {IDLE_STRING("name"), IDLE_STRING("type"),
	IDLE_STRING("command"), IDLE_STRINGS("args"), IDLE_STRING("path"), IDLE_STRING("protocol"),
	IDLE_STRING("port"), IDLE_BOOL("expose"), IDLE_STRING("address_mode"),
	IDLE_STRING("advertise"), IDLE_DURATION("interval"), IDLE_DURATION("timeout"),
	IDLE_STRING("initial_status"), IDLE_STRING("notes"), IDLE_STRING("tls_server_name"),
	IDLE_BOOL("tls_skip_verify"), QUIET("header", SCHEMA_ANY), IDLE_STRING("method"),
	IDLE_STRING("grpc_service"), IDLE_BOOL("grpc_use_tls"), IDLE_STRING("task"),
	IDLE_INT("success_before_passing"), IDLE_INT("failures_before_critical"),
	IDLE_INT("failures_before_warning"), IDLE_STRING("body"), IDLE_STRING("on_update")};
static const struct schema_block check_blocks[] = {
	BLOCK_QUIET("header", 0, NULL), BLOCK_QUIET("check_restart", 0, &check_restart_schema)};
static const struct schema check_schema = SCHEMA_OF("check", check_attributes, check_blocks);

static const struct schema_attribute weights_attributes[] = {
	IDLE_INT("passing"), IDLE_INT("warning")};
static const struct schema weights_schema = SCHEMA("weights", weights_attributes);

struct identity {
	bool env, file;
	struct hcl_range env_range, file_range;
};

static const struct schema_attribute identity_attributes[] = {IDLE_STRING("name"),
	IDLE_STRINGS("aud"), IDLE_STRING("change_mode"), IDLE_STRING("change_signal"),
	RUN_RANGED("env", SCHEMA_BOOL, struct identity, env, env_range),
	RUN_RANGED("file", SCHEMA_BOOL, struct identity, file, file_range), IDLE_STRING("filepath"),
	IDLE_STRING("service_name"), IDLE_DURATION("ttl"), IDLE_STRINGS("extra_claims")};
static const struct schema identity_schema = SCHEMA("identity", identity_attributes);

/* A token that nobody asks for is no loss; one that the task would wait for is. */
bool decode_identity(struct decoder *d, const struct hcl_block *b, void *ignored)
{
	struct identity id = {.env = false};

	(void)ignored;
	if (!schema_decode(d, &identity_schema, b->body, &id))
		return false;
	if (!id.env && !id.file) {
		hcl_warning(d->diags, b->type_range, "\"identity\" has no effect on one machine",
			"there is no server that would sign a token");
		return true;
	}
	hcl_error(d->diags, id.env ? id.env_range : id.file_range,
		"\"identity\" cannot be run here", "%s", WHY_NO_SECRETS);
	return false;
}

static const struct schema_attribute service_attributes[] = {IDLE_STRING("name"),
	IDLE_STRINGS("tags"), IDLE_STRINGS("canary_tags"), IDLE_BOOL("enable_tag_override"),
	IDLE_STRING("port"), IDLE_STRING("address_mode"), IDLE_STRING("address"), IDLE_MAP("meta"),
	IDLE_MAP("canary_meta"), IDLE_MAP("tagged_addresses"), IDLE_STRING("task"),
	IDLE_STRING("on_update"), IDLE_STRING("provider"), IDLE_STRING("cluster"),
	IDLE_STRING("kind")};
static const struct schema_block service_blocks[] = {BLOCK_QUIET("check", 0, &check_schema),
	BLOCK_QUIET("check_restart", 0, &check_restart_schema),
	BLOCK_QUIET("weights", 0, &weights_schema), BLOCK("identity", 0, decode_identity, false),
	BLOCK_REFUSE("connect", WHY_NO_MESH)};
const struct schema service_schema = SCHEMA_OF("service", service_attributes, service_blocks);

bool decode_numa(struct decoder *d, const struct hcl_block *b, void *ignored)
{
	struct numa {
		struct job_text affinity;
	} numa = {.affinity = {.text = NULL}};
	static const struct schema_attribute attributes[] = {
		RUN_AT("affinity", SCHEMA_STRING, struct numa, affinity),
		QUIET("devices", SCHEMA_STRINGS)};
	static const struct schema schema = SCHEMA("numa", attributes);

	(void)ignored;
	if (!schema_decode(d, &schema, b->body, &numa))
		return false;
	const char *affinity = numa.affinity.text ? numa.affinity.text : "none";
	if (!strcmp(affinity, "none"))
		return true;
	if (!strcmp(affinity, "prefer")) {
		hcl_warning(d->diags, numa.affinity.range, "\"numa\" has no effect on one machine",
			"the processors are not chosen by their memory");
		return true;
	}
	if (!strcmp(affinity, "require"))
		hcl_error(d->diags, numa.affinity.range, "\"numa\" cannot be run here",
			"the processors are not chosen by their memory; affinity = \"prefer\" does "
			"without");
	else
		hcl_error(d->diags, numa.affinity.range, "invalid affinity",
			"affinity is none, prefer or require, got \"%s\"", affinity);
	return false;
}
