/*
 * isoexec.hcl: plugin "exec" { config { ... } } and client { ... }, written like a Nomad client's
 * so that an operator's file can be used as it is. What belongs to the rest of an agent is accepted
 * and left alone.
 */
#include "job/config.h"

#include <string.h>

#include "base/nearest.h"
#include "hcl/parse.h"
#include "job/schema.h"
#include "job/spec.h"
#include "task/caps.h"
#include "task/ids.h"
#include "task/root_map.h"

/* What the file can say, as it is written. */
struct config_text {
	struct job_text ca_file, profile, pid_mode, ipc_mode, denied_uids, denied_gids,
		cgroup_parent, node_name, node_class, datacenter, region;
	struct job_texts allow_caps, pass_env, artifact_hosts;
	struct job_map chroot_env, meta;
	bool no_pivot_root, allow_root, allow_host_pid, allow_host_ipc, allow_bidirectional,
		allow_insecure;
	struct operator_volume *volumes;
	size_t n_volumes;
};

static bool decode_plugin_config(struct decoder *d, const struct hcl_block *b, void *into)
{
	static const struct schema_attribute attributes[] = {
		RUN_AT("no_pivot_root", SCHEMA_BOOL, struct config_text, no_pivot_root),
		RUN_AT("default_pid_mode", SCHEMA_STRING, struct config_text, pid_mode),
		RUN_AT("default_ipc_mode", SCHEMA_STRING, struct config_text, ipc_mode),
		RUN_AT("allow_caps", SCHEMA_STRINGS, struct config_text, allow_caps),
		RUN_AT("denied_host_uids", SCHEMA_STRING, struct config_text, denied_uids),
		RUN_AT("denied_host_gids", SCHEMA_STRING, struct config_text, denied_gids),
		RUN_AT("profile", SCHEMA_STRING, struct config_text, profile),
		RUN_AT("allow_root", SCHEMA_BOOL, struct config_text, allow_root),
		RUN_AT("allow_host_pid", SCHEMA_BOOL, struct config_text, allow_host_pid),
		RUN_AT("allow_host_ipc", SCHEMA_BOOL, struct config_text, allow_host_ipc),
		RUN_AT("allow_bidirectional", SCHEMA_BOOL, struct config_text, allow_bidirectional),
		RUN_AT("allow_insecure_artifacts", SCHEMA_BOOL, struct config_text, allow_insecure),
		RUN_AT("allow_artifact_hosts", SCHEMA_STRINGS, struct config_text, artifact_hosts),
		RUN_AT("artifact_ca_file", SCHEMA_STRING, struct config_text, ca_file),
		RUN_AT("pass_env", SCHEMA_STRINGS, struct config_text, pass_env)};
	static const struct schema schema = {
		"config of plugin \"exec\"", attributes, iso_len(attributes), NULL, 0};

	return schema_decode(d, &schema, b->body, into);
}

static bool decode_plugin(struct decoder *d, const struct hcl_block *b, void *into)
{
	static const struct schema_attribute attributes[] = {QUIET("args", SCHEMA_ANY)};
	static const struct schema_block blocks[] = {
		BLOCK("config", 0, decode_plugin_config, true)};
	static const struct schema schema = {
		"plugin \"exec\"", attributes, iso_len(attributes), blocks, iso_len(blocks)};

	/* other plugins are somebody else's business */
	return strcmp(b->labels[0], "exec") ? true : schema_decode(d, &schema, b->body, into);
}

static bool decode_host_volume(struct decoder *d, const struct hcl_block *b, void *into)
{
	struct host_volume {
		struct job_text path;
		bool read_only;
	} v = {.read_only = false};
	static const struct schema_attribute attributes[] = {
		RUN_AT("path", SCHEMA_STRING, struct host_volume, path),
		RUN_AT("read_only", SCHEMA_BOOL, struct host_volume, read_only)};
	static const struct schema schema = {
		"host_volume", attributes, iso_len(attributes), NULL, 0};
	struct config_text *t = into;

	if (!schema_decode(d, &schema, b->body, &v))
		return false;
	if (!v.path.text || v.path.text[0] != '/') {
		hcl_error(d->diags, v.path.text ? v.path.range : b->range, "invalid host_volume",
			"path must be absolute");
		return false;
	}
	t->volumes = arena_push(d->arena, t->volumes, t->n_volumes, sizeof(*t->volumes));
	t->volumes[t->n_volumes++] = (struct operator_volume){
		.name = b->labels[0],
		.path = v.path.text,
		.read_only = v.read_only,
		.place = {b->range.source->name, b->range.start.line, b->range.start.column},
	};
	return true;
}

/* chroot_env { "/etc" = "/etc" }: the keys are paths, so they are quoted and the block is no block
 * of HCL2 attributes. */
static const struct schema_attribute client_attributes[] = {
	RUN_AT("meta", SCHEMA_MAP, struct config_text, meta),
	RUN_AT("chroot_env", SCHEMA_MAP, struct config_text, chroot_env),
	RUN_AT("node_class", SCHEMA_STRING, struct config_text, node_class),
	RUN_AT("cgroup_parent", SCHEMA_STRING, struct config_text, cgroup_parent)};
static const struct schema_block client_blocks[] = {
	BLOCK("host_volume", 1, decode_host_volume, false)};
static const struct schema client_schema = {"client", client_attributes, iso_len(client_attributes),
	client_blocks, iso_len(client_blocks)};

static bool is_known(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_attributes; i++)
		if (!strcmp(s->attributes[i].name, name))
			return true;
	for (size_t i = 0; i < s->n_blocks; i++)
		if (!strcmp(s->blocks[i].name, name))
			return true;
	return false;
}

/* A body without the names that @s does not know: a Nomad client has many more. */
static struct hcl_body *only_known(
	struct decoder *d, const struct schema *s, const struct hcl_body *body)
{
	struct hcl_body *out = arena_new_of(d->arena, struct hcl_body);

	*out = (struct hcl_body){
		.attributes =
			arena_array(d->arena, body->n_attributes + 1, sizeof(*out->attributes)),
		.blocks = arena_array(d->arena, body->n_blocks + 1, sizeof(*out->blocks)),
		.end = body->end,
	};
	for (size_t i = 0; i < body->n_attributes; i++)
		if (is_known(s, body->attributes[i].name))
			out->attributes[out->n_attributes++] = body->attributes[i];
	for (size_t i = 0; i < body->n_blocks; i++)
		if (is_known(s, body->blocks[i].type))
			out->blocks[out->n_blocks++] = body->blocks[i];
	return out;
}

static bool decode_client(struct decoder *d, const struct hcl_block *b, void *into)
{
	return schema_decode(d, &client_schema, only_known(d, &client_schema, b->body), into);
}

static const struct schema_attribute top_attributes[] = {
	RUN_AT("name", SCHEMA_STRING, struct config_text, node_name),
	RUN_AT("region", SCHEMA_STRING, struct config_text, region),
	RUN_AT("datacenter", SCHEMA_STRING, struct config_text, datacenter)};
static const struct schema_block top_blocks[] = {
	BLOCK("plugin", 1, decode_plugin, false), BLOCK("client", 0, decode_client, true)};
static const struct schema top_schema = {"the configuration", top_attributes,
	iso_len(top_attributes), top_blocks, iso_len(top_blocks)};

/* Names of an agent's configuration that mean nothing here (Nomad, agent configuration). */
static const char *const agent_names[] = {"acl", "addresses", "advertise", "audit", "autopilot",
	"bind_addr", "consul", "data_dir", "disable_anonymous_signature", "disable_update_check",
	"enable_debug", "enable_syslog", "http_api_response_headers", "keyring",
	"leave_on_interrupt", "leave_on_terminate", "limits", "log_file", "log_include_location",
	"log_json", "log_level", "log_rotate_bytes", "log_rotate_duration", "log_rotate_max_files",
	"plugin_dir", "ports", "reporting", "rpc", "sentinel", "server", "syslog_facility",
	"telemetry", "tls", "ui", "vault"};

static void tell_unknown(struct decoder *d, const struct hcl_body *body)
{
	for (size_t i = 0; i < body->n_attributes + body->n_blocks; i++) {
		bool is_block = i >= body->n_attributes;
		const struct hcl_block *b = is_block ? &body->blocks[i - body->n_attributes] : NULL;
		const char *name = is_block ? b->type : body->attributes[i].name;
		bool known = is_known(&top_schema, name);
		for (size_t k = 0; k < iso_len(agent_names); k++)
			known = known || !strcmp(name, agent_names[k]);
		if (!known)
			hcl_warning(d->diags,
				is_block ? b->type_range : body->attributes[i].name_range,
				"unknown setting",
				"\"%s\" is neither a setting of isoexec nor of a Nomad agent",
				name);
	}
}

static void set_text(const struct job_text *from, const char **to)
{
	if (from->text)
		*to = from->text;
}

static struct task_strings plain(struct arena *arena, const struct job_texts *list)
{
	const char **v = arena_array(arena, list->n + 1, sizeof(*v));

	for (size_t i = 0; i < list->n; i++)
		v[i] = list->v[i].text;
	return (struct task_strings){.v = v, .n = list->n};
}

static void mode(
	struct hcl_diags *diags, const char *name, const struct job_text *from, enum task_mode *to)
{
	if (!from->text)
		return;
	if (strcmp(from->text, "private") != 0 && strcmp(from->text, "host") != 0)
		hcl_error(diags, from->range, "invalid mode",
			"%s must be \"private\" or \"host\", got \"%s\"", name, from->text);
	*to = strcmp(from->text, "host") ? TASK_MODE_PRIVATE : TASK_MODE_HOST;
}

static void caps(struct arena *arena, struct hcl_diags *diags, const struct config_text *t,
	struct task_policy *p)
{
	enum {
		LAST_CAP = 40
	};
	const struct task_strings names = plain(arena, &t->allow_caps);
	const char *unknown;

	if (!t->allow_caps.range.source)
		return;
	p->allow_caps = task_caps_parse(arena, &names, LAST_CAP, &unknown);
	if (unknown)
		hcl_error(diags, t->allow_caps.range, "unknown capability",
			"allow_caps configured with capabilities not supported by system: %s",
			unknown);
}

static void ids(
	struct hcl_diags *diags, const struct job_text *from, const char *label, const char **to)
{
	struct iso_err err = ISO_ERR_INIT;

	if (from->text && task_ids_check(from->text, label, &err))
		hcl_error(diags, from->range, "unable to start validator", "%s", err.text);
	set_text(from, to);
}

static void chroot_env(struct arena *arena, struct hcl_diags *diags, const struct config_text *t,
	struct task_policy *p)
{
	if (!t->chroot_env.n)
		return;
	struct task_chroot_entry *v = arena_array(arena, t->chroot_env.n, sizeof(*v));
	for (size_t i = 0; i < t->chroot_env.n; i++) {
		const struct job_pair *pair = &t->chroot_env.v[i];
		if (pair->key[0] != '/' || pair->value.text[0] != '/' || !pair->value.text[1])
			hcl_error(diags, pair->value.range, "invalid chroot_env",
				"\"%s\" = \"%s\": both must be absolute paths below /", pair->key,
				pair->value.text);
		v[i].source = path_clean(arena, pair->key);
		v[i].destination = path_clean(arena, pair->value.text);
	}
	p->chroot_env = v;
	p->n_chroot_env = t->chroot_env.n;
}

static struct task_strings meta(struct arena *arena, const struct job_map *map)
{
	const char **v = arena_array(arena, map->n + 1, sizeof(*v));

	for (size_t i = 0; i < map->n; i++)
		v[i] = arena_printf(arena, "%s=%s", map->v[i].key, map->v[i].value.text);
	return (struct task_strings){.v = v, .n = map->n};
}

static void apply(struct arena *arena, struct hcl_diags *diags, const struct config_text *t,
	struct operator_config *c)
{
	struct task_policy *p = &c->policy;

	mode(diags, "default_pid_mode", &t->pid_mode, &p->default_pid_mode);
	mode(diags, "default_ipc_mode", &t->ipc_mode, &p->default_ipc_mode);
	caps(arena, diags, t, p);
	ids(diags, &t->denied_uids, "deniedHostUIDs", &p->denied_host_uids);
	ids(diags, &t->denied_gids, "deniedHostGIDs", &p->denied_host_gids);
	chroot_env(arena, diags, t, p);
	p->no_pivot_root = t->no_pivot_root;
	p->allow_root = t->allow_root;
	p->allow_host_pid = t->allow_host_pid;
	p->allow_host_ipc = t->allow_host_ipc;
	p->allow_bidirectional = t->allow_bidirectional;
	c->artifact_allow_insecure = t->allow_insecure;
	if (t->pass_env.range.source)
		c->env_pass = plain(arena, &t->pass_env);
	c->artifact_allow_hosts = plain(arena, &t->artifact_hosts);
	c->meta = meta(arena, &t->meta);
	c->volumes = t->volumes;
	c->n_volumes = t->n_volumes;
	set_text(&t->ca_file, &c->artifact_ca_file);
	set_text(&t->cgroup_parent, &c->cgroup_parent);
	set_text(&t->node_name, &c->node_name);
	set_text(&t->node_class, &c->node_class);
	set_text(&t->datacenter, &c->datacenter);
	set_text(&t->region, &c->region);
	if (c->cgroup_parent[0] != '/' || strstr(c->cgroup_parent, "..") || !c->cgroup_parent[1])
		hcl_error(diags, t->cgroup_parent.range, "invalid cgroup_parent",
			"it is a path below the cgroup mounts: \"/isoexec\"");
}

void config_decode(struct arena *arena, const struct hcl_source *source,
	struct operator_config *config, struct hcl_diags *diags)
{
	struct hcl_body *body = hcl_parse(arena, source, diags);
	const struct hcl_scope scope = {.parent = NULL};
	struct decoder d = {.arena = arena, .diags = diags, .scope = &scope};
	struct config_text t = {.volumes = NULL};
	enum task_profile profile = config->policy.profile;

	if (diags->n_errors)
		return;
	tell_unknown(&d, body);
	/* what the profile gives is the start; the file may say more */
	const struct task_policy *p = &config->policy;
	t.allow_root = p->allow_root;
	t.allow_host_pid = p->allow_host_pid;
	t.allow_host_ipc = p->allow_host_ipc;
	t.allow_bidirectional = p->allow_bidirectional;
	if (!schema_decode(&d, &top_schema, only_known(&d, &top_schema, body), &t))
		return;
	if (t.profile.text && strcmp(t.profile.text, "hardened") != 0 &&
		strcmp(t.profile.text, "compatible") != 0)
		hcl_error(diags, t.profile.range, "invalid profile",
			"it is \"hardened\" or \"compatible\", got \"%s\"", t.profile.text);
	else if (t.profile.text)
		profile = strcmp(t.profile.text, "hardened") ? TASK_COMPATIBLE : TASK_HARDENED;
	if (profile !=
		config->policy
			.profile) { /* the other profile's start, the file over it once more */
		operator_defaults(config, profile);
		config_decode(arena, source, config, diags);
		return;
	}
	apply(arena, diags, &t, config);
}
