/*
 * From options to allocs (setup.h). Nothing here touches the machine: what is wrong is said before
 * anything is made.
 */
#include "cli/setup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/lang.h"
#include "cli/node.h"
#include "host/user.h"

#define DEFAULT_CONFIG    "/etc/isoexec/isoexec.hcl"
#define DEFAULT_STATE_DIR "/run/isoexec"
#define DEFAULT_DATA_DIR  "/var/lib/isoexec"
#define DEFAULT_PATH      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define AT(field) offsetof(struct setup_options, field)

static const struct option place_options[] = {
	{"config", OPTION_STRING, AT(config), "FILE",
		"operator's configuration (default " DEFAULT_CONFIG ")"},
	{"profile", OPTION_STRING, AT(profile), "NAME", "hardened (default) or compatible"},
	{"state-dir", OPTION_STRING, AT(state_dir), "DIR", "default " DEFAULT_STATE_DIR},
	{"data-dir", OPTION_STRING, AT(data_dir), "DIR", "default " DEFAULT_DATA_DIR},
	{"cgroup-parent", OPTION_STRING, AT(cgroup_parent), "PATH",
		"cgroup that holds the tasks' cgroups (default /isoexec)"},
};
const struct option_table setup_place_options = {place_options, iso_len(place_options)};

static const struct option job_options[] = {
	{"var", OPTION_LIST, AT(vars), "NAME=VALUE", "set a variable of the job file"},
	{"var-file", OPTION_LIST, AT(var_files), "FILE", "read variables from a file"},
};
const struct option_table setup_job_options = {job_options, iso_len(job_options)};

static const struct option command_options[] = {
	{"user", OPTION_STRING, AT(user), "USER", "name, uid or uid:gid (default nobody)"},
	{"memory", OPTION_NUMBER, AT(memory_mb), "MB", "memory limit (default 300)"},
	{"cpu", OPTION_NUMBER, AT(cpu_mhz), "MHZ", "share of the processor (default 100)"},
	{"cores", OPTION_STRING, AT(cores), "SET", "processors to run on, as 0-1,3"},
	{"cap-add", OPTION_LIST, AT(cap_add), "NAME", "add a capability that the operator allows"},
	{"cap-drop", OPTION_LIST, AT(cap_drop), "NAME", "drop a capability"},
	{"env", OPTION_LIST, AT(env), "NAME=VALUE", "set an environment variable"},
	{"work-dir", OPTION_STRING, AT(work_dir), "DIR",
		"working directory in the task (default /)"},
	{"volume", OPTION_LIST, AT(volumes), "SRC:DST[:ro]", "bind a host path into the task"},
	{"pid-mode", OPTION_STRING, AT(pid_mode), "MODE", "private or host"},
	{"ipc-mode", OPTION_STRING, AT(ipc_mode), "MODE", "private or host"},
	{"writable-root", OPTION_FLAG, AT(writable_root), NULL,
		"let the task write below /usr, /etc, ..., in a layer of its own"},
	{"init", OPTION_FLAG, AT(init), NULL,
		"a process 1 that reaps orphans and hands signals on"},
};
const struct option_table setup_command_options = {command_options, iso_len(command_options)};

static const char *chosen(const char *option, const char *variable, const char *fallback)
{
	if (option)
		return option;
	const char *value = secure_getenv(variable);
	return value && *value ? value : fallback;
}

const char *setup_data_dir(const struct setup *s)
{
	return chosen(s->options->data_dir, "ISOEXEC_DATA_DIR", DEFAULT_DATA_DIR);
}

const char *setup_state_dir(const struct setup *s)
{
	return chosen(s->options->state_dir, "ISOEXEC_STATE_DIR", DEFAULT_STATE_DIR);
}

static int profile_of(const char *name, enum task_profile *ret, struct iso_err *err)
{
	static const char *const names[] = {
		[TASK_HARDENED] = "hardened", [TASK_COMPATIBLE] = "compatible"};

	*ret = TASK_HARDENED;
	for (size_t i = 0; name && i < iso_len(names); i++) {
		if (!strcmp(name, names[i])) {
			*ret = (enum task_profile)i;
			return 0;
		}
	}
	return name ? iso_err_set(err, ISO_FAULT_INPUT, 0,
			      "option '-profile' takes 'hardened' or 'compatible', got '%s'", name)
		    : 0;
}

static int read_config(struct setup *s, struct iso_err *err)
{
	const char *path = s->options->config;
	if (!path && access(DEFAULT_CONFIG, F_OK))
		return 0;
	const struct lang_api *lang;
	if (lang_open(&lang, err))
		return -1;
	const struct lang_source source = {.path = path ? path : DEFAULT_CONFIG};
	return lang->config_load(s->arena, &source, &s->operator, & s->messages, err);
}

static int check_directory(const char *option, const char *path, struct iso_err *err)
{
	if (path[0] == '/')
		return 0;
	return iso_err_set(err, ISO_FAULT_INPUT, 0,
		"%s must be absolute but got relative path '%s'", option, path);
}

int setup_machine(struct setup *s, struct iso_err *err)
{
	enum task_profile profile;

	if (profile_of(s->options->profile, &profile, err) ||
		check_directory("data-dir", setup_data_dir(s), err) ||
		check_directory("state-dir", setup_state_dir(s), err))
		return -1;
	operator_defaults(&s->operator, profile);
	if (read_config(s, err))
		return -1;
	if (s->options->profile)
		s->operator.policy.profile = profile;
	if (s->options->cgroup_parent)
		s->operator.cgroup_parent = s->options->cgroup_parent;
	s->machine.arena = s->arena;
	return host_facts_machine(s->arena, &s->machine.facts, err);
}

/* The names that pass come from the operator; PATH is a fixed one: the caller's is a person's. */
struct task_strings setup_host_env(struct setup *s)
{
	const struct task_strings *names = &s->operator.env_pass;
	const char **v = arena_array(s->arena, names->n + 1, sizeof(*v));
	size_t n = 0;
	bool has_path = false;

	for (size_t i = 0; i < names->n; i++) {
		const char *value = secure_getenv(names->v[i]);
		if (!value)
			continue;
		has_path = has_path || !strcmp(names->v[i], "PATH");
		v[n++] = arena_printf(s->arena, "%s=%s", names->v[i], value);
	}
	if (!has_path)
		v[n++] = DEFAULT_PATH;
	return (struct task_strings){.v = v, .n = n};
}

/* All zero for plans, which must not depend on chance. */
static int make_id(struct setup *s, enum setup_ids ids, const char **ret, struct iso_err *err)
{
	if (ids == SETUP_RANDOM_IDS)
		return run_alloc_id(s->arena, ret, err);
	*ret = "00000000-0000-0000-0000-000000000000";
	return 0;
}

static void add_alloc(struct setup *s, struct alloc_spec *spec)
{
	s->allocs = arena_push(s->arena, s->allocs, s->n_allocs, sizeof(struct alloc_spec *));
	s->allocs[s->n_allocs++] = spec;
}

static const char *account(struct arena *arena, const char *user, const char *variable)
{
	struct iso_err ignored = ISO_ERR_INIT; /* the plan tells it, with its place */
	struct host_user found;

	if (host_user_find(arena, user && *user ? user : NULL, &found, &ignored))
		return NULL;
	return strcmp(variable, "HOME") ? found.name : found.home;
}

static int allocs_of_group(struct setup *s, const struct lang_api *lang, const struct job *job,
	const char *group, unsigned count, enum setup_ids ids, struct iso_err *err)
{
	const struct task_strings node =
		node_attributes(s->arena, &s->operator, & s->machine.facts);

	for (unsigned i = 0; i < count; i++) {
		struct lang_placement placement = {
			.alloc_index = i,
			.data_dir = setup_data_dir(s),
			.state_dir = setup_state_dir(s),
			.operator= & s->operator,
			.node = node,
			.host_env = setup_host_env(s),
			.account = account,
			.total_mhz = s->machine.facts.total_mhz,
			.n_cpus = s->machine.facts.n_cpus,
		};
		struct alloc_spec *spec;
		if (make_id(s, ids, &placement.alloc_id, err) ||
			lang->job_to_alloc(
				s->arena, job, group, &placement, &spec, &s->messages, err))
			return -1;
		add_alloc(s, spec);
	}
	return 0;
}

static int allocs_of_file(
	struct setup *s, const char *file, enum setup_ids ids, struct iso_err *err)
{
	const struct lang_api *lang;
	if (lang_open(&lang, err))
		return -1;
	const struct lang_source source = {.path = file};
	struct job *job;
	if (lang->job_load(s->arena, &source, s->options->vars, s->options->var_files, &job,
		    &s->messages, err))
		return -1;
	struct lang_job_summary summary;
	lang->job_summary(s->arena, job, &summary);
	s->from_file = true;
	for (size_t g = 0; g < summary.n_groups; g++)
		if (allocs_of_group(s, lang, job, summary.groups[g], summary.counts[g], ids, err))
			return -1;
	if (!s->n_allocs)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"%s: nothing to run: every group has count 0", file);
	return 0;
}

/* An option of the command line says nothing about a job file: refuse rather than ignore. */
static int check_no_command_options(const struct setup *s, struct iso_err *err)
{
	const unsigned char *bytes = (const unsigned char *)s->options;
	static const struct setup_options none;
	static const size_t sizes[] = {
		[OPTION_FLAG] = sizeof(bool),
		[OPTION_STRING] = sizeof(const char *),
		[OPTION_LIST] = sizeof(struct task_strings),
		[OPTION_NUMBER] = sizeof(uint64_t),
		[OPTION_COUNT] = sizeof(uint64_t),
	};

	for (size_t i = 0; i < iso_len(command_options); i++) {
		const struct option *o = &command_options[i];
		if (memcmp(bytes + o->offset, (const unsigned char *)&none + o->offset,
			    sizes[o->kind]))
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"option '-%s' goes with '-- COMMAND': a job file says this itself",
				o->name);
	}
	return 0;
}

int setup_allocs(
	struct setup *s, const struct arguments *arguments, enum setup_ids ids, struct iso_err *err)
{
	if (arguments->has_command) {
		if (arguments->n_words)
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"either a job file or '-- COMMAND', got both: '%s'",
				arguments->words[0]);
		if (!arguments->n_command)
			return iso_err_set(err, ISO_FAULT_INPUT, 0, "missing command after '--'");
		const char *id;
		struct alloc_spec *spec;
		if (make_id(s, ids, &id, err) || setup_command_alloc(s, id, arguments->command,
							 arguments->n_command, &spec, err))
			return -1;
		add_alloc(s, spec);
		return 0;
	}
	if (arguments->n_words != 1)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"expected one job file or '-- COMMAND', got %zu words", arguments->n_words);
	if (check_no_command_options(s, err))
		return -1;
	return allocs_of_file(s, arguments->words[0], ids, err);
}
