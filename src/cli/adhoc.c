/*
 * `run -- COMMAND`: the second way into struct task_config. The same words and defaults as a job
 * file's task; what a task may do is decided behind the doors, by the plan.
 */
#include <string.h>

#include "cli/setup.h"
#include "task/env.h"
#include "task/name.h"
#include "task/volume.h"

enum {
	DEFAULT_MEMORY_MB = 300,
	DEFAULT_CPU_MHZ = 100,
	DEFAULT_KILL_MS = 5000,
	SIGNAL_INT = 2,
	LOG_FILES = 10
};
static const uint64_t mib = 1024 * 1024;

#define TASK_NAME  "main"
#define GROUP_NAME "run"

static int mode_of(const char *option, const char *text, enum task_mode *ret, struct iso_err *err)
{
	*ret = TASK_MODE_DEFAULT;
	if (!text)
		return 0;
	if (strcmp(text, "private") && strcmp(text, "host"))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"option '-%s' must be \"private\" or \"host\", got \"%s\"", option, text);
	*ret = strcmp(text, "host") ? TASK_MODE_PRIVATE : TASK_MODE_HOST;
	return 0;
}

static int volumes_of(struct setup *s, struct task_config *c, struct iso_err *err)
{
	const struct task_strings *texts = &s->options->volumes;

	c->mounts = arena_array(s->arena, texts->n, sizeof(*c->mounts));
	for (; c->n_mounts < texts->n; c->n_mounts++)
		if (task_volume_parse(s->arena, texts->v[c->n_mounts], &c->mounts[c->n_mounts]))
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"option '-volume' takes SRC:DST[:ro] with absolute paths, got '%s'",
				texts->v[c->n_mounts]);
	return 0;
}

static int env_of(struct setup *s, const char *alloc_id, const char *job_id, struct task_config *c,
	struct iso_err *err)
{
	const struct setup_options *o = s->options;

	for (size_t i = 0; i < o->env.n; i++) {
		const char *entry = o->env.v[i], *equals = strchr(entry, '=');
		if (!equals || equals == entry)
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"option '-env' takes NAME=VALUE, got '%s'", entry);
		if (task_env_name_check(entry, (size_t)(equals - entry), err))
			return iso_err_in(err, "option '-env'");
	}
	const struct task_env_in in = {
		.alloc_id = alloc_id,
		.job_id = job_id,
		.job_name = job_id,
		.group_name = GROUP_NAME,
		.task_name = TASK_NAME,
		.namespace = "default",
		.region = s->operator.region,
		.dc = s->operator.datacenter,
		.cgroup_parent = s->operator.cgroup_parent,
		.cpu_mhz = c->limits.cpu_mhz,
		.memory_mb = c->limits.mem_bytes / mib,
		.cpu_cores = o->cores,
		.host = setup_host_env(s),
		.env = o->env,
	};
	c->env = task_env_build(s->arena, &in);
	return 0;
}

static const char *job_id_of(const char *command)
{
	const char *slash = strrchr(command, '/');
	return slash && slash[1] ? slash + 1 : command;
}

int setup_command_alloc(struct setup *s, const char *alloc_id, const char **command, size_t n,
	struct alloc_spec **ret, struct iso_err *err)
{
	const struct setup_options *o = s->options;
	struct alloc_spec *spec = arena_new_of(s->arena, struct alloc_spec);
	struct alloc_task *task = arena_new_of(s->arena, struct alloc_task);
	struct task_config *c = &task->config;

	*spec = (struct alloc_spec){
		.alloc_id = alloc_id,
		.job_id = job_id_of(command[0]),
		.group_name = GROUP_NAME,
		.tasks = task,
		.n_tasks = 1,
	};
	*c = (struct task_config){
		.alloc_id = alloc_id,
		.task_name = TASK_NAME,
		.job_id = spec->job_id,
		.group_name = GROUP_NAME,
		.alloc_name = arena_printf(s->arena, "%s." GROUP_NAME "[0]", spec->job_id),
		.init = o->init,
		.command = command[0],
		.args = {.v = command + 1, .n = n - 1},
		.work_dir = o->work_dir,
		.user = o->user,
		.cap_add = o->cap_add,
		.cap_drop = o->cap_drop,
		.writable_root = o->writable_root,
		.limits =
			{
				.mem_bytes =
					(o->memory_mb ? o->memory_mb : DEFAULT_MEMORY_MB) * mib,
				.cpu_mhz = o->cpu_mhz ? o->cpu_mhz : DEFAULT_CPU_MHZ,
				.cpuset_cpus = o->cores,
				.secrets_bytes = mib,
				.pids_max = s->operator.policy.profile == TASK_HARDENED ? 4096 : 0,
				.nofile_soft = -1,
			},
		.logs = {.max_files = LOG_FILES, .max_file_bytes = 10 * mib},
		.kill_signal = SIGNAL_INT,
		.kill_timeout_ms = DEFAULT_KILL_MS,
		.policy = s->operator.policy,
		.cgroup_parent = s->operator.cgroup_parent,
	};
	const char *data = setup_data_dir(s), *state = setup_state_dir(s);
	c->alloc_dir = arena_printf(s->arena, "%s/alloc/%s", data, alloc_id);
	c->task_dir = arena_printf(s->arena, "%s/" TASK_NAME, c->alloc_dir);
	c->state_dir = arena_printf(s->arena, "%s/%s/" TASK_NAME, state, alloc_id);
	c->mask_dir = arena_printf(s->arena, "%s/mask", state);
	if (o->memory_mb > UINT64_MAX / mib)
		return iso_err_set(err, ISO_FAULT_INPUT, 0, "option '-memory' is too large");
	if (mode_of("pid-mode", o->pid_mode, &c->pid_mode, err) ||
		mode_of("ipc-mode", o->ipc_mode, &c->ipc_mode, err) || volumes_of(s, c, err) ||
		env_of(s, alloc_id, spec->job_id, c, err))
		return -1;
	*ret = spec;
	return 0;
}
