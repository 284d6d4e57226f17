/*
 * The third way into struct task_config: by name, for C programs. The same words and defaults as a
 * job file's task; what a task may do is decided by the plan.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/nearest.h"
#include "base/num.h"
#include "run/internal.h"
#include "task/caps.h"
#include "task/env.h"
#include "task/name.h"
#include "task/operator.h"
#include "task/signals.h"
#include "task/volume.h"

enum {
	DEFAULT_MEMORY_MB = 300,
	DEFAULT_CPU_MHZ = 100,
	DEFAULT_PIDS = 4096,
	DEFAULT_KILL_MS = 5000,
	DEFAULT_LOG_FILES = 10,
	DEFAULT_LOG_FILE_MB = 10,
	LAST_CAP = 63
};
static const uint64_t mib = 1024 * 1024;
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What a value is; @unit: a number is multiplied with it. */
enum kind {
	TEXT,
	NUMBER,
	NUMBER_32,
	YES_NO,
	NO_YES, /* the field says the opposite */
	MODE,
	PROFILE,
	SIGNAL
};

struct key {
	const char *name;
	enum kind kind;
	size_t at; /* offset in struct iso_config */
	uint64_t unit;
};

#define AT(field) offsetof(struct iso_config, field)
#define POLICY(field)                                                                              \
	(offsetof(struct iso_config, task.policy) + offsetof(struct task_policy, field))
static const struct key keys[] = {
	{"command", TEXT, AT(task.command), 0},
	{"user", TEXT, AT(task.user), 0},
	{"work_dir", TEXT, AT(task.work_dir), 0},
	{"pid_mode", MODE, AT(task.pid_mode), 0},
	{"ipc_mode", MODE, AT(task.ipc_mode), 0},
	{"profile", PROFILE, POLICY(profile), 0},
	{"alloc_id", TEXT, AT(task.alloc_id), 0},
	{"task", TEXT, AT(task.task_name), 0},
	{"job", TEXT, AT(task.job_id), 0},
	{"group", TEXT, AT(task.group_name), 0},
	{"state_dir", TEXT, AT(state_dir), 0},
	{"data_dir", TEXT, AT(data_dir), 0},
	{"cgroup_parent", TEXT, AT(task.cgroup_parent), 0},
	{"memory_mb", NUMBER, AT(task.limits.mem_bytes), 1024 * 1024},
	{"cpu_mhz", NUMBER, AT(task.limits.cpu_mhz), 1},
	{"cores", TEXT, AT(task.limits.cpuset_cpus), 0},
	{"pids_max", NUMBER, AT(task.limits.pids_max), 1},
	{"kill_signal", SIGNAL, AT(task.kill_signal), 0},
	{"kill_timeout_ms", NUMBER, AT(task.kill_timeout_ms), 1},
	{"log_max_files", NUMBER_32, AT(task.logs.max_files), 1},
	{"log_max_file_mb", NUMBER, AT(task.logs.max_file_bytes), 1024 * 1024},
	{"logs", NO_YES, AT(task.logs.disabled), 0},
	{"writable_root", YES_NO, AT(task.writable_root), 0},
	{"init", YES_NO, AT(task.init), 0},
	{"allow_root", YES_NO, POLICY(allow_root), 0},
	{"allow_host_pid", YES_NO, POLICY(allow_host_pid), 0},
	{"allow_host_ipc", YES_NO, POLICY(allow_host_ipc), 0},
};

static int expected(const char *name, const char *value, const char *what, struct iso_err *err)
{
	return iso_err_set(
		err, ISO_FAULT_INPUT, EINVAL, "%s: expected %s, got '%.64s'", name, what, value);
}

static int unknown(const char *name, const char *const *names, size_t n, struct iso_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (nearest_close(name, names[i]))
			return iso_err_set(err, ISO_FAULT_INPUT, EINVAL,
				"unknown name '%.64s': did you mean '%s'?", name, names[i]);
	return iso_err_set(err, ISO_FAULT_INPUT, EINVAL, "unknown name '%.64s'", name);
}

static int set_text(struct iso_config *c, const struct key *k, const char *value, void *field,
	struct iso_err *err)
{
	const char *copy = arena_strdup(c->arena, value);

	(void)k;
	(void)err;
	memcpy(field, &copy, sizeof(copy));
	return 0;
}

static int set_number(struct iso_config *c, const struct key *k, const char *value, void *field,
	struct iso_err *err)
{
	uint64_t n;

	(void)c;
	if (!num_u64(value, &n) || n > UINT64_MAX / k->unit ||
		(k->kind == NUMBER_32 && n > UINT32_MAX))
		return expected(k->name, value, "a number", err);
	n *= k->unit;
	uint32_t n32 = (uint32_t)n;
	if (k->kind == NUMBER_32)
		memcpy(field, &n32, sizeof(n32));
	else
		memcpy(field, &n, sizeof(n));
	return 0;
}

static int set_bool(struct iso_config *c, const struct key *k, const char *value, void *field,
	struct iso_err *err)
{
	bool yes = !strcmp(value, "true");

	(void)c;
	if (!yes && strcmp(value, "false") != 0)
		return expected(k->name, value, "true or false", err);
	if (k->kind == NO_YES)
		yes = !yes;
	memcpy(field, &yes, sizeof(yes));
	return 0;
}

static int set_mode(struct iso_config *c, const struct key *k, const char *value, void *field,
	struct iso_err *err)
{
	enum task_mode mode = strcmp(value, "host") ? TASK_MODE_PRIVATE : TASK_MODE_HOST;

	(void)c;
	if (strcmp(value, "private") != 0 && strcmp(value, "host") != 0)
		return expected(k->name, value, "\"private\" or \"host\"", err);
	memcpy(field, &mode, sizeof(mode));
	return 0;
}

static int set_profile(struct iso_config *c, const struct key *k, const char *value, void *field,
	struct iso_err *err)
{
	struct operator_config o;
	bool compatible = !strcmp(value, "compatible");

	(void)field;
	if (!compatible && strcmp(value, "hardened") != 0)
		return expected(k->name, value, "\"hardened\" or \"compatible\"", err);
	operator_defaults(&o, compatible ? TASK_COMPATIBLE : TASK_HARDENED);
	o.policy.allow_caps |= c->task.policy.allow_caps;
	c->task.policy = o.policy;
	c->task.limits.pids_max = compatible ? 0 : DEFAULT_PIDS;
	return 0;
}

static int set_signal(struct iso_config *c, const struct key *k, const char *value, void *field,
	struct iso_err *err)
{
	int number = task_signal_number(value);

	(void)c;
	if (number < 0)
		return expected(k->name, value, "a signal's name", err);
	memcpy(field, &number, sizeof(number));
	return 0;
}

int iso_config_set(
	struct iso_config *config, const char *name, const char *value, struct iso_err *err)
{
	typedef int set_fn(
		struct iso_config *, const struct key *, const char *, void *, struct iso_err *);
	static set_fn *const set[] = {
		[TEXT] = set_text,
		[NUMBER] = set_number,
		[NUMBER_32] = set_number,
		[YES_NO] = set_bool,
		[NO_YES] = set_bool,
		[MODE] = set_mode,
		[PROFILE] = set_profile,
		[SIGNAL] = set_signal,
	};
	const char *names[iso_len(keys)];

	for (size_t i = 0; i < iso_len(keys); i++) {
		names[i] = keys[i].name;
		if (!strcmp(name, keys[i].name))
			return set[keys[i].kind](
				config, &keys[i], value, (unsigned char *)config + keys[i].at, err);
	}
	return unknown(name, names, iso_len(keys), err);
}

/* ---- lists ---- */

static void append(struct iso_config *c, struct task_strings *list, const char *value)
{
	const char **grown = arena_grow(c->arena, list->v, list->n, list->n + 1, sizeof(*grown));

	grown[list->n] = arena_strdup(c->arena, value);
	*list = (struct task_strings){.v = grown, .n = list->n + 1};
}

static int add_env(struct iso_config *c, const char *value, struct iso_err *err)
{
	const char *equals = strchr(value, '=');

	if (!equals)
		return expected("env", value, "NAME=VALUE", err);
	if (task_env_name_check(value, (size_t)(equals - value), err))
		return iso_err_in(err, "env");
	append(c, &c->env, value);
	return 0;
}

static int add_arg(struct iso_config *c, const char *value, struct iso_err *err)
{
	(void)err;
	append(c, &c->args, value);
	return 0;
}

static int add_cap_add(struct iso_config *c, const char *value, struct iso_err *err)
{
	(void)err;
	append(c, &c->cap_add, value);
	return 0;
}

static int add_cap_drop(struct iso_config *c, const char *value, struct iso_err *err)
{
	(void)err;
	append(c, &c->cap_drop, value);
	return 0;
}

static int add_allow_cap(struct iso_config *c, const char *value, struct iso_err *err)
{
	const struct task_strings one = {.v = &value, .n = 1};
	const char *bad;
	uint64_t mask = task_caps_parse(c->arena, &one, LAST_CAP, &bad);

	if (bad)
		return expected("allow_cap", value, "a capability's name", err);
	c->task.policy.allow_caps |= mask;
	return 0;
}

static int add_volume(struct iso_config *c, const char *value, struct iso_err *err)
{
	struct task_mount m;

	if (task_volume_parse(c->arena, value, &m))
		return expected("volume", value, "SRC:DST[:ro] with absolute paths", err);
	c->task.mounts = arena_grow(c->arena, c->task.mounts, c->task.n_mounts,
		c->task.n_mounts + 1, sizeof(*c->task.mounts));
	c->task.mounts[c->task.n_mounts++] = m;
	return 0;
}

int iso_config_add(
	struct iso_config *config, const char *name, const char *value, struct iso_err *err)
{
	static const struct {
		const char *name;
		int (*add)(struct iso_config *, const char *, struct iso_err *);
	} lists[] = {{"arg", add_arg}, {"env", add_env}, {"cap_add", add_cap_add},
		{"cap_drop", add_cap_drop}, {"allow_cap", add_allow_cap}, {"volume", add_volume}};
	const char *names[iso_len(lists)];

	for (size_t i = 0; i < iso_len(lists); i++) {
		names[i] = lists[i].name;
		if (!strcmp(name, lists[i].name))
			return lists[i].add(config, value, err);
	}
	return unknown(name, names, iso_len(lists), err);
}

/* ---- the object ---- */

int run_alloc_id(struct arena *arena, const char **ret, struct iso_err *err)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return iso_err_sys(err, "get random bytes for an alloc id");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	*ret = arena_printf(arena,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
	return 0;
}

static int make(struct iso_config **ret, struct iso_err *err)
{
	struct iso_config *c = calloc(1, sizeof(*c));

	if (!c || !(c->arena = arena_new(0))) {
		free(c);
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	}
	*ret = c;
	return 0;
}

int iso_config_new(struct iso_config **ret, struct iso_err *err)
{
	struct operator_config o;
	struct iso_config *c;

	if (make(&c, err))
		return -1;
	operator_defaults(&o, TASK_HARDENED);
	c->state_dir = "/run/isoexec";
	c->data_dir = "/var/lib/isoexec";
	c->task = (struct task_config){
		.task_name = "main",
		.group_name = "run",
		.limits = {.mem_bytes = DEFAULT_MEMORY_MB * mib,
			.cpu_mhz = DEFAULT_CPU_MHZ,
			.secrets_bytes = mib,
			.pids_max = DEFAULT_PIDS,
			.nofile_soft = -1},
		.logs = {.max_files = DEFAULT_LOG_FILES,
			.max_file_bytes = DEFAULT_LOG_FILE_MB * mib},
		.kill_signal = task_signal_number("SIGINT"),
		.kill_timeout_ms = DEFAULT_KILL_MS,
		.policy = o.policy,
		.cgroup_parent = o.cgroup_parent,
	};
	*ret = c;
	return 0;
}

int config_from_task(const struct task_config *task, struct iso_config **ret, struct iso_err *err)
{
	if (make(ret, err))
		return -1;
	(*ret)->task = *task;
	(*ret)->from_inside = true;
	return 0;
}

struct iso_config *iso_config_free(struct iso_config *config)
{
	if (config)
		(void)arena_free(config->arena);
	free(config);
	return NULL;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

static void derive(struct iso_config *c)
{
	struct task_config *t = &c->task;
	static const char *const path[] = {DEFAULT_PATH};
	const struct task_env_in in = {
		.alloc_id = t->alloc_id,
		.job_id = t->job_id,
		.job_name = t->job_id,
		.group_name = t->group_name,
		.task_name = t->task_name,
		.namespace = "default",
		.region = "global",
		.dc = "dc1",
		.cgroup_parent = t->cgroup_parent,
		.cpu_mhz = t->limits.cpu_mhz,
		.memory_mb = t->limits.mem_bytes / mib,
		.cpu_cores = t->limits.cpuset_cpus,
		.host = {.v = path, .n = 1},
		.env = c->env,
	};

	t->alloc_name = arena_printf(c->arena, "%s.%s[0]", t->job_id, t->group_name);
	t->alloc_dir = arena_printf(c->arena, "%s/alloc/%s", c->data_dir, t->alloc_id);
	t->task_dir = arena_printf(c->arena, "%s/%s", t->alloc_dir, t->task_name);
	t->state_dir = arena_printf(c->arena, "%s/%s/%s", c->state_dir, t->alloc_id, t->task_name);
	t->mask_dir = arena_printf(c->arena, "%s/mask", c->state_dir);
	t->args = c->args;
	t->cap_add = c->cap_add;
	t->cap_drop = c->cap_drop;
	t->env = task_env_build(c->arena, &in);
}

int config_finish(struct iso_config *config, struct iso_err *err)
{
	struct task_config *t = &config->task;

	if (config->from_inside)
		return 0;
	if (!t->command || !*t->command)
		return iso_err_set(err, ISO_FAULT_INPUT, EINVAL, "missing command");
	if (config->state_dir[0] != '/' || config->data_dir[0] != '/')
		return expected("state_dir and data_dir", config->state_dir, "absolute paths", err);
	if ((!t->alloc_id && run_alloc_id(config->arena, &t->alloc_id, err)) ||
		task_name_check(t->alloc_id, err) || task_name_check(t->task_name, err))
		return -1;
	if (!t->job_id)
		t->job_id = last_part(t->command);
	derive(config);
	return 0;
}
