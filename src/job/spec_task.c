/* task and what stands in it: tables and decoders. */
#include <string.h>

#include "job/spec.h"
#include "task/name.h"
#include "task/signals.h"

enum {
	DEFAULT_CPU = 100,
	DEFAULT_MEMORY_MB = 300,
	DEFAULT_KILL_MS = 5000,
	DEFAULT_LOG_FILES = 10,
	DEFAULT_LOG_MB = 10,
	DEFAULT_SECRETS_MB = 1,
	MAX_CPU_MHZ = 100000000,
	MAX_CORES = 4096,
	MAX_MEMORY_MB = 1 << 30,
	MAX_VOLUME_MOUNTS = 1000 /* of a task: the plan compares each with each */
};

static bool decode_task_restart(struct decoder *d, const struct hcl_block *b, void *task)
{
	return decode_restart(d, b, &((struct job_task *)task)->restart);
}

static const struct schema_attribute task_attributes[] = {
	RUN_AT("driver", SCHEMA_STRING, struct job_task, driver),
	RUN_AT("user", SCHEMA_STRING, struct job_task, user),
	RUN_AT("env", SCHEMA_MAP, struct job_task, env),
	RUN_AT("meta", SCHEMA_MAP, struct job_task, meta),
	RUN_AT("kill_signal", SCHEMA_STRING, struct job_task, kill_signal),
	RUN_RANGED("kill_timeout", SCHEMA_DURATION, struct job_task, kill_timeout_ms,
		kill_timeout_range),
	RUN_AT("leader", SCHEMA_BOOL, struct job_task, leader),
	REFUSE("shutdown_delay", WHY_NOT_YET),
	REFUSE("kind", WHY_NOT_YET),
};

static const struct schema_block task_blocks[] = {
	BLOCK("config", 0, decode_config, true),
	BLOCK("resources", 0, decode_resources, true),
	BLOCK("logs", 0, decode_logs, true),
	BLOCK("artifact", 0, decode_artifact, false),
	BLOCK("volume_mount", 0, decode_volume_mount, false),
	BLOCK("restart", 0, decode_task_restart, true),
	BLOCKS_CONSTRAINING,
	BLOCKS_SERVING,
	BLOCK_WARN("action", 1, "actions are started through an agent, and there is none",
		&action_schema),
	BLOCK("identity", 0, decode_identity, false),
	BLOCK_REFUSE("vault", WHY_NO_SECRETS),
	BLOCK_REFUSE("secret", WHY_NO_SECRETS),
	BLOCK_REFUSE("template", WHY_NOT_YET),
	BLOCK_REFUSE("lifecycle", WHY_NOT_YET),
	BLOCK_REFUSE("dispatch_payload", WHY_NOT_YET),
	BLOCK_REFUSE("csi_plugin", WHY_NOT_YET),
	BLOCK_REFUSE("scaling", WHY_NOT_YET),
	BLOCK_REFUSE("schedule", WHY_NOT_YET),
};

const struct schema task_schema = {
	"task", task_attributes, iso_len(task_attributes), task_blocks, iso_len(task_blocks)};

/* They reach execve(2) as they are. */
static bool check_env(struct decoder *d, const struct job_map *env)
{
	bool ok = true;

	for (size_t i = 0; i < env->n; i++) {
		struct iso_err err = ISO_ERR_INIT;
		const struct job_pair *pair = &env->v[i];
		if (!task_env_name_check(pair->key, strlen(pair->key), &err))
			continue;
		hcl_error(d->diags, pair->value.range, "invalid environment variable", "%s",
			err.text);
		ok = false;
	}
	return ok;
}

static bool check_task(struct decoder *d, const struct hcl_block *b, const struct job_task *t)
{
	struct iso_err err = ISO_ERR_INIT;
	bool ok = true;

	if (task_name_check(t->name, &err)) {
		hcl_error(d->diags, b->label_ranges[0], "invalid task name", "%s", err.text);
		ok = false;
	}
	ok = check_env(d, &t->env) && ok;
	if (!t->driver.text) {
		hcl_error(d->diags, b->range, "missing driver",
			"task \"%s\" needs driver = \"exec\"", t->name);
		ok = false;
	} else if (strcmp(t->driver.text, "exec") != 0) {
		hcl_error(d->diags, t->driver.range, "driver cannot be run here",
			"only \"exec\" is, got \"%s\"", t->driver.text);
		ok = false;
	}
	if (!t->command.text && !t->config_is_bad) {
		hcl_error(d->diags, b->range, "missing command",
			"task \"%s\" needs config { command = \"...\" }", t->name);
		ok = false;
	}
	if (t->kill_signal.text && *t->kill_signal.text &&
		task_signal_number(t->kill_signal.text) < 0) {
		hcl_error(d->diags, t->kill_signal.range, "unknown signal",
			"kill_signal takes a name such as \"SIGTERM\", got \"%s\"",
			t->kill_signal.text);
		ok = false;
	}
	if (t->kill_timeout_ms < 0) {
		hcl_error(d->diags, t->kill_timeout_range, "invalid kill_timeout",
			"it must not be negative");
		ok = false;
	}
	return ok;
}

bool decode_task(struct decoder *d, const struct hcl_block *b, void *into)
{
	struct job_group *group = into;
	struct job_task t = {
		.name = b->labels[0],
		.kill_timeout_ms = DEFAULT_KILL_MS,
		.resources = {.cpu = DEFAULT_CPU,
			.memory_mb = DEFAULT_MEMORY_MB,
			.secrets_mb = DEFAULT_SECRETS_MB},
		.logs_enabled = true,
		.log_max_files = DEFAULT_LOG_FILES,
		.log_max_file_mb = DEFAULT_LOG_MB,
		.restart = {.attempts = -1, .interval_ms = -1, .delay_ms = -1},
		.range = b->range,
	};

	bool ok = schema_decode(d, &task_schema, b->body, &t);
	ok = check_task(d, b, &t) && ok;
	group->tasks = arena_push(d->arena, group->tasks, group->n_tasks, sizeof(t));
	group->tasks[group->n_tasks++] = t;
	return ok;
}

/* The driver's own keys (B-1.1); ours: writable_root, init. */
bool decode_config(struct decoder *d, const struct hcl_block *b, void *into)
{
	static const struct schema_attribute attributes[] = {
		RUN_AT("command", SCHEMA_STRING, struct job_task, command),
		RUN_AT("args", SCHEMA_STRINGS, struct job_task, args),
		RUN_AT("pid_mode", SCHEMA_STRING, struct job_task, pid_mode),
		RUN_AT("ipc_mode", SCHEMA_STRING, struct job_task, ipc_mode),
		RUN_AT("cap_add", SCHEMA_STRINGS, struct job_task, cap_add),
		RUN_AT("cap_drop", SCHEMA_STRINGS, struct job_task, cap_drop),
		RUN_AT("work_dir", SCHEMA_STRING, struct job_task, work_dir),
		RUN_AT("writable_root", SCHEMA_BOOL, struct job_task, writable_root),
		RUN_AT("init", SCHEMA_BOOL, struct job_task, init)};
	static const struct schema schema = {
		"config of driver \"exec\"", attributes, iso_len(attributes), NULL, 0};
	struct job_task *t = into;

	t->has_config = true;
	t->config_is_bad = !schema_decode(d, &schema, b->body, t);
	if (t->config_is_bad)
		return false;
	const struct {
		const char *name;
		const struct job_text *text;
	} modes[] = {{"pid_mode", &t->pid_mode}, {"ipc_mode", &t->ipc_mode}};
	bool ok = true;
	for (size_t i = 0; i < iso_len(modes); i++) {
		const struct job_text *m = modes[i].text;
		if (!m->text || !*m->text || !strcmp(m->text, "private") ||
			!strcmp(m->text, "host"))
			continue;
		hcl_error(d->diags, m->range, "failed driver config validation",
			"%s must be \"private\" or \"host\", got \"%s\"", modes[i].name, m->text);
		ok = false;
	}
	return ok;
}

struct bounds {
	const char *name;
	int64_t value, least, most;
	const char *unit;
	const struct hcl_range *range; /* of its value, empty: not given */
};

/* @block: where it is told when the value was not written */
static bool within(struct decoder *d, const struct bounds *b, size_t n, struct hcl_range block)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		if (b[i].value >= b[i].least && b[i].value <= b[i].most)
			continue;
		hcl_error(d->diags, b[i].range->source ? *b[i].range : block,
			arena_printf(d->arena, "invalid %s", b[i].name),
			"%s must be between %lld and %lld%s, got %lld", b[i].name,
			(long long)b[i].least, (long long)b[i].most, b[i].unit,
			(long long)b[i].value);
		ok = false;
	}
	return ok;
}

bool decode_resources(struct decoder *d, const struct hcl_block *b, void *into)
{
	static const struct schema_attribute attributes[] = {
		RUN_RANGED("cpu", SCHEMA_INT, struct job_resources, cpu, cpu_range),
		RUN_RANGED("cores", SCHEMA_INT, struct job_resources, cores, cores_range),
		RUN_RANGED("memory", SCHEMA_INT, struct job_resources, memory_mb, memory_range),
		RUN_RANGED("memory_max", SCHEMA_INT, struct job_resources, memory_max_mb,
			memory_max_range),
		RUN_RANGED("secrets", SCHEMA_INT, struct job_resources, secrets_mb, secrets_range),
		WARN("iops", "input and output are not limited"),
		WARN("disk", "the disk that a task uses is not limited")};
	static const struct schema_block blocks[] = {
		BLOCK_REFUSE("device", "the device that the task is promised cannot be given"),
		BLOCK_REFUSE("network", WHY_NOT_YET), BLOCK("numa", 0, decode_numa, true)};
	static const struct schema schema = {
		"resources", attributes, iso_len(attributes), blocks, iso_len(blocks)};
	struct job_task *t = into;
	struct job_resources *r = &t->resources;

	r->range = b->range;
	if (!schema_decode(d, &schema, b->body, r))
		return false;
	if (r->cpu_range.source && r->cores_range.source) {
		hcl_error(d->diags, r->cores_range, "invalid resources",
			"a task asks for cpu or for cores, not for both");
		return false;
	}
	const struct bounds bounds[] = {
		{"cpu", r->cpu, 1, MAX_CPU_MHZ, " MHz", &r->cpu_range},
		{"cores", r->cores, 0, MAX_CORES, "", &r->cores_range},
		{"memory", r->memory_mb, 1, MAX_MEMORY_MB, " MB", &r->memory_range},
	};
	if (!within(d, bounds, iso_len(bounds), b->range))
		return false;
	const struct bounds in_memory = {
		"secrets", r->secrets_mb, 1, r->memory_mb, " MB (memory)", &r->secrets_range};
	bool ok = within(d, &in_memory, 1, b->range);
	if (r->memory_max_mb == 0 || r->memory_max_mb == -1 ||
		(r->memory_max_mb >= r->memory_mb && r->memory_max_mb <= MAX_MEMORY_MB))
		return ok;
	hcl_error(d->diags, r->memory_max_range, "invalid resources",
		"memory_max must be 0, -1 (no limit) or between memory and %d MB, got %lld",
		MAX_MEMORY_MB, (long long)r->memory_max_mb);
	return false;
}

bool decode_logs(struct decoder *d, const struct hcl_block *b, void *into)
{
	static const struct schema_attribute attributes[] = {
		RUN_RANGED("max_files", SCHEMA_INT, struct job_task, log_max_files,
			log_max_files_range),
		RUN_RANGED("max_file_size", SCHEMA_INT, struct job_task, log_max_file_mb,
			log_max_file_range),
		RUN_AT("disabled", SCHEMA_BOOL, struct job_task, logs_disabled),
		RUN_RANGED(
			"enabled", SCHEMA_BOOL, struct job_task, logs_enabled, logs_enabled_range)};
	static const struct schema schema = {"logs", attributes, iso_len(attributes), NULL, 0};
	struct job_task *t = into;

	t->logs_range = b->range;
	if (!schema_decode(d, &schema, b->body, t))
		return false;
	if (t->logs_enabled_range.source)
		hcl_warning(d->diags, t->logs_enabled_range, "\"enabled\" is deprecated",
			"write disabled = %s", t->logs_enabled ? "false" : "true");
	t->logs_disabled = t->logs_disabled || !t->logs_enabled;
	const struct bounds bounds[] = {
		{"max_files", t->log_max_files, 1, MAX_LOG_FILES, "", &t->log_max_files_range},
		{"max_file_size", t->log_max_file_mb, 1, MAX_LOG_MB, " MB", &t->log_max_file_range},
	};
	return within(d, bounds, iso_len(bounds), b->range);
}

bool decode_artifact(struct decoder *d, const struct hcl_block *b, void *into)
{
	static const struct schema_attribute attributes[] = {
		RUN_AT("source", SCHEMA_STRING, struct job_artifact, source),
		RUN_AT("destination", SCHEMA_STRING, struct job_artifact, destination),
		RUN_AT("mode", SCHEMA_STRING, struct job_artifact, mode),
		RUN_AT("options", SCHEMA_MAP, struct job_artifact, options),
		RUN_AT("headers", SCHEMA_MAP, struct job_artifact, headers),
		RUN_AT("insecure", SCHEMA_BOOL, struct job_artifact, insecure),
		RUN_AT("chown", SCHEMA_BOOL, struct job_artifact, chown)};
	static const struct schema schema = {"artifact", attributes, iso_len(attributes), NULL, 0};
	struct job_task *t = into;
	struct job_artifact a = {.range = b->range};

	bool ok = schema_decode(d, &schema, b->body, &a);
	if (!a.source.text && ok) {
		hcl_error(d->diags, b->range, "missing source",
			"an artifact needs source = \"https://...\"");
		ok = false;
	}
	t->artifacts = arena_push(d->arena, t->artifacts, t->n_artifacts, sizeof(a));
	t->artifacts[t->n_artifacts++] = a;
	return ok;
}

bool decode_volume_mount(struct decoder *d, const struct hcl_block *b, void *into)
{
	static const struct schema_attribute attributes[] = {
		RUN_AT("volume", SCHEMA_STRING, struct job_volume_mount, volume),
		RUN_AT("destination", SCHEMA_STRING, struct job_volume_mount, destination),
		RUN_AT("propagation_mode", SCHEMA_STRING, struct job_volume_mount,
			propagation_mode),
		RUN_AT("read_only", SCHEMA_BOOL, struct job_volume_mount, read_only),
		WARN("selinux_label", "labels are not set")};
	static const struct schema schema = {
		"volume_mount", attributes, iso_len(attributes), NULL, 0};
	struct job_task *t = into;
	struct job_volume_mount m = {.range = b->range};

	bool ok = schema_decode(d, &schema, b->body, &m);
	if (ok && (!m.volume.text || !m.destination.text)) {
		hcl_error(d->diags, b->range, "missing attribute",
			"a volume_mount needs volume and destination");
		ok = false;
	}
	if (t->n_volume_mounts == MAX_VOLUME_MOUNTS) {
		hcl_error(d->diags, b->range, "too many volume mounts",
			"task \"%s\" has more than %d", t->name, MAX_VOLUME_MOUNTS);
		return false;
	}
	t->volume_mounts = arena_push(d->arena, t->volume_mounts, t->n_volume_mounts, sizeof(m));
	t->volume_mounts[t->n_volume_mounts++] = m;
	return ok;
}
