/*
 * A group of the job model, placed on this machine: struct task_config for each task, with every
 * string resolved. The other door into the engine is nomad/to_task.c; rules about what a task may
 * do stand behind both, in plan/.
 */
#include "job/to_task.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/names.h"
#include "job/interpolate.h"
#include "task/env.h"
#include "task/root_map.h"
#include "task/signals.h"

enum {
	SIGNAL_INT = 2,
	PIDS_HARDENED = 4096
};
static const uint64_t mib = 1024 * 1024;

struct placing {
	struct arena *arena;
	struct hcl_diags *diags;
	const struct job *job;
	const struct job_group *group;
	const struct lang_placement *at;
	struct name_at *volumes; /* of the group, sorted, each name once */
	size_t n_volumes;
	struct interpolation in; /* of the current task */
};

static struct task_place place_of(const struct hcl_range *r)
{
	if (!r->source)
		return (struct task_place){0};
	return (struct task_place){
		.file = r->source->name, .line = r->start.line, .column = r->start.column};
}

static struct task_strings strings_of(const struct placing *p, const struct job_texts *list)
{
	const char **v = arena_array(p->arena, list->n + 1, sizeof(*v));

	for (size_t i = 0; i < list->n; i++)
		v[i] = interpolate(&p->in, &list->v[i]);
	return (struct task_strings){.v = v, .n = list->n};
}

/* job < group < task */
static struct task_strings merged_meta(const struct placing *p, const struct job_task *t)
{
	const struct job_map *maps[] = {&p->job->meta, &p->group->meta, &t->meta};
	size_t n = 0;

	for (size_t m = 0; m < iso_len(maps); m++)
		n += maps[m]->n;
	const char **v = arena_array(p->arena, n, sizeof(*v));
	struct name_at *names = arena_array(p->arena, n, sizeof(*names));
	size_t used = 0, first = 0;
	n = 0;
	for (size_t m = 0; m < iso_len(maps); m++)
		for (size_t i = 0; i < maps[m]->n; i++, n++) {
			const struct job_pair *pair = &maps[m]->v[i];
			v[n] = arena_printf(
				p->arena, "%s=%s", pair->key, interpolate(&p->in, &pair->value));
			names[n] = (struct name_at){pair->key, strlen(pair->key), n};
		}
	names_sort(names, n);
	for (size_t i = 1; i < n; i++) { /* the last value, where the name stood first */
		first = names_equal(&names[i - 1], &names[i]) ? first : i;
		if (first == i)
			continue;
		v[names[first].at] = v[names[i].at];
		v[names[i].at] = NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (v[i])
			v[used++] = v[i];
	return (struct task_strings){.v = v, .n = used};
}

static const char *cores_text(const struct placing *p, const struct job_resources *r)
{
	if (!r->cores)
		return NULL;
	if ((uint64_t)r->cores > p->at->n_cpus) {
		hcl_error(p->diags, r->cores_range, "not enough processors",
			"cores = %lld, this machine has %u", (long long)r->cores, p->at->n_cpus);
		return NULL;
	}
	return r->cores == 1 ? "0" : arena_printf(p->arena, "0-%lld", (long long)r->cores - 1);
}

static struct task_limits limits_of(const struct placing *p, const struct job_task *t)
{
	const struct job_resources *r = &t->resources;
	uint64_t memory = (uint64_t)r->memory_mb * mib;
	bool unlimited = r->memory_max_mb == -1;
	struct task_limits l = {
		.mem_bytes = unlimited          ? 0
			     : r->memory_max_mb ? (uint64_t)r->memory_max_mb * mib
						: memory, /* B-610 */
		.mem_soft_bytes = r->memory_max_mb ? memory : 0,
		.mem_unlimited = unlimited,
		.cpu_mhz = (uint64_t)r->cpu,
		.cpuset_cpus = cores_text(p, r),
		.secrets_bytes = (uint64_t)r->secrets_mb * mib,
		.pids_max = p->at->operator->policy.profile == TASK_HARDENED ? PIDS_HARDENED : 0,
		.nofile_soft = -1,
	};
	if (l.cpuset_cpus && p->at->n_cpus)
		l.cpu_mhz = p->at->total_mhz / p->at->n_cpus * (uint64_t)r->cores;
	return l;
}

/* The task's own variables may use those of the base: two rounds. */
static struct task_strings env_of(
	struct placing *p, const struct job_task *t, const struct task_limits *l)
{
	const struct operator_config *o = p->at->operator;
	struct task_env_in in = {
		.alloc_id = p->at->alloc_id,
		.job_id = p->job->id,
		.job_name = p->job->name.text,
		.group_name = p->group->name,
		.task_name = t->name,
		.namespace = p->job->namespace.text ? p->job->namespace.text : "default",
		.region = p->job->region.text ? p->job->region.text : o->region,
		.dc = o->datacenter,
		.cgroup_parent = o->cgroup_parent,
		.alloc_index = p->at->alloc_index,
		.cpu_mhz = l->cpu_mhz,
		.memory_mb = (uint64_t)t->resources.memory_mb,
		.memory_max_mb =
			t->resources.memory_max_mb > 0 ? (uint64_t)t->resources.memory_max_mb : 0,
		.cpu_cores = l->cpuset_cpus,
		.host = p->at->host_env,
	};
	p->in.env = task_env_build(p->arena, &in);
	in.meta = merged_meta(p, t);
	p->in.env = task_env_build(p->arena, &in);

	p->in.user = interpolate(&p->in, &t->user);

	const char **own = arena_array(p->arena, t->env.n + 1, sizeof(*own));
	struct name_at *names = arena_array(p->arena, t->env.n + 1, sizeof(*names));
	for (size_t i = 0; i < t->env.n; i++)
		names[i] = (struct name_at){t->env.v[i].key, strlen(t->env.v[i].key), i};
	names_sort(names, t->env.n);
	struct interpolation of_block = p->in;
	of_block.block = names;
	of_block.n_block = t->env.n;
	for (size_t i = 0; i < t->env.n; i++) {
		of_block.self = t->env.v[i].key;
		own[i] = arena_printf(p->arena, "%s=%s", t->env.v[i].key,
			interpolate(&of_block, &t->env.v[i].value));
	}
	in.env = (struct task_strings){.v = own, .n = t->env.n};
	return task_env_build(p->arena, &in);
}

static enum task_mode mode_of(const char *text)
{
	if (!text || !*text)
		return TASK_MODE_DEFAULT;
	return strcmp(text, "host") ? TASK_MODE_PRIVATE : TASK_MODE_HOST;
}

static const struct operator_volume *operator_volume(
	const struct placing *p, const struct job_volume *v)
{
	const struct operator_config *o = p->at->operator;
	const char *source =
		v->per_alloc ? arena_printf(p->arena, "%s[%u]", v->source.text, p->at->alloc_index)
			     : v->source.text;
	own_buf known = BUF_INIT;

	for (size_t i = 0; i < o->n_volumes; i++)
		if (!strcmp(o->volumes[i].name, source))
			return &o->volumes[i];
	for (size_t i = 0; i < o->n_volumes; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", o->volumes[i].name);
	hcl_error(p->diags, v->source.range, "unknown host volume",
		"\"%s\" is no host_volume of the operator's configuration; known are: %s", source,
		known.len ? buf_text(&known) : "none");
	return NULL;
}

static bool propagation_of(
	const struct placing *p, const struct job_volume_mount *m, enum task_propagation *ret)
{
	static const struct {
		const char *name;
		enum task_propagation value;
	} names[] = {{"", TASK_PROPAGATION_PRIVATE}, {"private", TASK_PROPAGATION_PRIVATE},
		{"host-to-task", TASK_PROPAGATION_HOST_TO_TASK},
		{"bidirectional", TASK_PROPAGATION_BIDIRECTIONAL}};
	const char *text = m->propagation_mode.text ? m->propagation_mode.text : "";

	for (size_t i = 0; i < iso_len(names); i++)
		if (!strcmp(text, names[i].name)) {
			*ret = names[i].value;
			return true;
		}
	hcl_error(p->diags, m->propagation_mode.range, "invalid propagation_mode",
		"it is private, host-to-task or bidirectional, got \"%s\"", text);
	return false;
}

static void add_mount(struct placing *p, const struct job_volume_mount *m, struct task_config *c)
{
	struct task_mount mount = {.place = place_of(&m->range)};
	const struct name_at *found =
		names_find(p->volumes, p->n_volumes, m->volume.text, strlen(m->volume.text));

	if (!found) {
		hcl_error(p->diags, m->volume.range, "unknown volume",
			"group \"%s\" has no volume \"%s\"", p->group->name, m->volume.text);
		return;
	}
	const struct job_volume *v = &p->group->volumes[found->at];
	const struct operator_volume *o = operator_volume(p, v);
	if (!o || !propagation_of(p, m, &mount.propagation))
		return;
	mount.source = path_clean(p->arena, o->path);
	mount.destination = interpolate(&p->in, &m->destination);
	if (mount.destination[0] != '/') /* as the reference: relative to the root */
		mount.destination = path_join(p->arena, "/", mount.destination);
	mount.read_only = o->read_only || v->read_only || m->read_only;
	c->mounts[c->n_mounts++] = mount;
}

static const char *pair(const struct placing *p, const struct job_map *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->v[i].key, key))
			return interpolate(&p->in, &map->v[i].value);
	return NULL;
}

static struct hcl_range value_range(const struct job_artifact *a, const char *key)
{
	for (size_t i = 0; i < a->options.n; i++)
		if (!strcmp(a->options.v[i].key, key))
			return a->options.v[i].value.range;
	return a->range;
}

static bool check_options(const struct placing *p, const struct job_artifact *a)
{
	static const char *const known[] = {"checksum", "archive", "filename"};
	bool ok = true;

	for (size_t i = 0; i < a->options.n; i++) {
		bool found = false;
		for (size_t k = 0; k < iso_len(known); k++)
			found = found || !strcmp(a->options.v[i].key, known[k]);
		if (found)
			continue;
		hcl_error(p->diags, a->options.v[i].value.range,
			"artifact option cannot be used here",
			"\"%s\": known are checksum, archive, filename", a->options.v[i].key);
		ok = false;
	}
	return ok;
}

/* "KIND:HEX" or the address of a list; a text without a colon is for isoexec-fetch to guess. */
static void check_checksum(const struct placing *p, const struct job_artifact *a)
{
	static const struct {
		const char *kind;
		size_t digits; /* 0: no digits */
	} kinds[] = {{"md5", 32}, {"sha1", 40}, {"sha256", 64}, {"sha512", 128}, {"file", 0}};
	const char *text = pair(p, &a->options, "checksum");
	const char *colon = text ? strchr(text, ':') : NULL;

	for (size_t i = 0; colon && i < iso_len(kinds); i++) {
		size_t len = strlen(kinds[i].kind);
		if ((size_t)(colon - text) != len || strncasecmp(text, kinds[i].kind, len) != 0)
			continue;
		if (!kinds[i].digits ||
			(strspn(colon + 1, "0123456789abcdefABCDEF") == kinds[i].digits &&
				!colon[1 + kinds[i].digits]))
			return;
		hcl_error(p->diags, value_range(a, "checksum"), "invalid artifact checksum",
			"\"%s\": %s has %zu hexadecimal digits", text, kinds[i].kind,
			kinds[i].digits);
		return;
	}
	if (colon)
		hcl_error(p->diags, value_range(a, "checksum"), "invalid artifact checksum",
			"\"%s\": the kinds are md5, sha1, sha256, sha512 and file", text);
}

/* Relative to the task directory, and it stays there: "local/x", "/local/x" and "local/../local/x"
 * are one. */
static const char *destination_of(const struct placing *p, const struct job_artifact *a)
{
	const char *text = a->destination.text ? interpolate(&p->in, &a->destination) : "local/";
	const char *clean = path_clean(p->arena, text) + 1;
	const size_t before = p->diags->n_errors;
	static const char *const own[] = {"", "alloc", "dev", "proc", "sys"};

	for (size_t i = 0; i < iso_len(own); i++) {
		size_t len = strlen(own[i]);
		if (!strncmp(clean, own[i], len) && (clean[len] == '/' || !clean[len]) &&
			(len || !*clean))
			hcl_error(p->diags, a->destination.range, "invalid artifact destination",
				"\"%s\": it must lie in the task directory, below local/, secrets/ "
				"or a directory of its own",
				text);
	}
	if (strstr(text, "..") && p->diags->n_errors == before)
		hcl_error(p->diags, a->destination.range, "invalid artifact destination",
			"\"%s\" must not hold '..'", text);
	return clean;
}

static struct task_artifact artifact_of(const struct placing *p, const struct job_artifact *a)
{
	const char *mode = a->mode.text ? a->mode.text : "any";
	struct task_artifact out = {
		.source = interpolate(&p->in, &a->source),
		.destination = destination_of(p, a),
		.checksum = pair(p, &a->options, "checksum"),
		.archive = pair(p, &a->options, "archive"),
		.filename = pair(p, &a->options, "filename"),
		.insecure = a->insecure,
		.allow_hosts = p->at->operator->artifact_allow_hosts,
		.ca_file = p->at->operator->artifact_ca_file,
		.chown = a->chown,
		.place = place_of(&a->source.range),
	};
	static const char *const modes[] = {[TASK_ARTIFACT_ANY] = "any",
		[TASK_ARTIFACT_FILE] = "file",
		[TASK_ARTIFACT_DIR] = "dir"};
	bool known = false;

	for (size_t i = 0; i < iso_len(modes); i++)
		if (!strcmp(mode, modes[i])) {
			out.mode = (enum task_artifact_mode)i;
			known = true;
		}
	if (!known)
		hcl_error(p->diags, a->mode.range, "invalid artifact mode",
			"it is any, file or dir, got \"%s\"", mode);
	if (strncmp(out.source, "http://", 7) != 0 && strncmp(out.source, "https://", 8) != 0)
		hcl_error(p->diags, a->source.range, "artifact source cannot be fetched here",
			"only http:// and https:// are, got \"%s\"", a->source.text);
	if (a->insecure && !p->at->operator->artifact_allow_insecure)
		hcl_error(p->diags, a->range, "insecure artifacts are not allowed",
			"the operator would have to set allow_insecure_artifacts = true");
	const char **headers = arena_array(p->arena, a->headers.n + 1, sizeof(*headers));
	for (size_t i = 0; i < a->headers.n; i++)
		headers[i] = arena_printf(p->arena, "%s: %s", a->headers.v[i].key,
			interpolate(&p->in, &a->headers.v[i].value));
	out.headers = (struct task_strings){.v = headers, .n = a->headers.n};
	(void)check_options(p, a);
	check_checksum(p, a);
	return out;
}

/* Nothing is restarted unless the file says so: a job that is run by hand ends when it ends. */
static struct task_restart restart_of(const struct placing *p, const struct job_task *t)
{
	const struct job_restart *levels[] = {&t->restart, &p->group->restart};
	const char *type = p->job->type.text ? p->job->type.text : "service";
	bool service = !strcmp(type, "service") || !strcmp(type, "system");
	struct task_restart r = {
		.attempts = service ? 2 : 3,
		.interval_ms = service ? 30 * 60 * 1000 : 24 * 60 * 60 * 1000,
		.delay_ms = 15000,
		.on_success = service,
	};

	if (!t->restart.given && !p->group->restart.given)
		return (struct task_restart){0};
	for (size_t i = iso_len(levels); i-- > 0;) { /* the task's words last: they win */
		const struct job_restart *from = levels[i];
		if (from->attempts >= 0)
			r.attempts = (uint32_t)from->attempts;
		if (from->interval_ms >= 0)
			r.interval_ms = (uint64_t)from->interval_ms;
		if (from->delay_ms >= 0)
			r.delay_ms = (uint64_t)from->delay_ms;
		if (from->mode.text)
			r.mode_delay = !strcmp(from->mode.text, "delay");
	}
	return r;
}

static void directories(const struct placing *p, struct task_config *c)
{
	c->alloc_dir = arena_printf(p->arena, "%s/alloc/%s", p->at->data_dir, c->alloc_id);
	c->task_dir = arena_printf(p->arena, "%s/%s", c->alloc_dir, c->task_name);
	c->state_dir =
		arena_printf(p->arena, "%s/%s/%s", p->at->state_dir, c->alloc_id, c->task_name);
	c->mask_dir = arena_printf(p->arena, "%s/mask", p->at->state_dir);
	c->cgroup_parent = p->at->operator->cgroup_parent;
}

static void config_of(struct placing *p, const struct job_task *t, struct task_config *c)
{
	*c = (struct task_config){.alloc_id = p->at->alloc_id,
		.task_name = t->name,
		.job_id = p->job->id,
		.group_name = p->group->name,
		.alloc_name = arena_printf(
			p->arena, "%s.%s[%u]", p->job->id, p->group->name, p->at->alloc_index),
		.limits = limits_of(p, t)};
	c->env = env_of(p, t, &c->limits);
	p->in.env = c->env;
	c->command = interpolate(&p->in, &t->command);
	c->command_place = place_of(&t->command.range);
	c->args = strings_of(p, &t->args);
	c->work_dir = interpolate(&p->in, &t->work_dir);
	c->work_dir_place = place_of(&t->work_dir.range);
	c->user = interpolate(&p->in, &t->user);
	c->user_place = place_of(&t->user.range);
	c->pid_mode = mode_of(t->pid_mode.text);
	c->pid_mode_place = place_of(&t->pid_mode.range);
	c->ipc_mode = mode_of(t->ipc_mode.text);
	c->ipc_mode_place = place_of(&t->ipc_mode.range);
	c->cap_add = strings_of(p, &t->cap_add);
	c->cap_add_place = place_of(&t->cap_add.range);
	c->cap_drop = strings_of(p, &t->cap_drop);
	c->cap_drop_place = place_of(&t->cap_drop.range);
	c->writable_root = t->writable_root;
	c->init = t->init;
	c->mounts = arena_array(p->arena, t->n_volume_mounts + 1, sizeof(*c->mounts));
	for (size_t i = 0; i < t->n_volume_mounts; i++)
		add_mount(p, &t->volume_mounts[i], c);
	c->logs = (struct task_logs){
		.disabled = t->logs_disabled,
		.max_files = (uint32_t)t->log_max_files,
		.max_file_bytes = (uint64_t)t->log_max_file_mb * mib,
	};
	c->kill_signal = t->kill_signal.text && *t->kill_signal.text
				 ? task_signal_number(t->kill_signal.text)
				 : SIGNAL_INT;
	c->kill_timeout_ms = (uint64_t)t->kill_timeout_ms;
	c->policy = p->at->operator->policy;
	directories(p, c);
	if (c->work_dir && !*c->work_dir)
		c->work_dir = NULL;
	if (c->user && !*c->user)
		c->user = NULL;
}

static void sort_volumes(struct placing *p)
{
	size_t n = p->group->n_volumes;

	p->volumes = arena_array(p->arena, n, sizeof(*p->volumes));
	for (size_t i = 0; i < n; i++) {
		const char *name = p->group->volumes[i].name;
		p->volumes[i] = (struct name_at){name, strlen(name), i};
	}
	names_sort(p->volumes, n);
	for (size_t i = 0; i < n; i++) /* of two of a name the last one holds */
		if (i + 1 == n || !names_equal(&p->volumes[i], &p->volumes[i + 1]))
			p->volumes[p->n_volumes++] = p->volumes[i];
}

/* Told for the job's first alloc. Most files name "dc1" and mean any: no reason to refuse. */
static void tell_datacenter(const struct placing *p)
{
	const struct job_texts *wanted = &p->job->datacenters;
	const char *here = p->at->operator->datacenter;

	if (p->at->alloc_index || p->group != p->job->groups)
		return;
	for (size_t i = 0; i < wanted->n; i++)
		if (!fnmatch(wanted->v[i].text, here, 0))
			return;
	if (wanted->n)
		hcl_warning(p->diags, wanted->range, "\"datacenters\" has no effect on one machine",
			"this node is in datacenter \"%s\"; the job runs here all the same", here);
}

struct alloc_spec *job_place(struct arena *arena, const struct job *job,
	const struct job_group *group, const struct lang_placement *at, struct hcl_diags *diags)
{
	struct placing p = {.arena = arena, .diags = diags, .job = job, .group = group, .at = at};
	struct alloc_spec *spec = arena_new_of(arena, struct alloc_spec);

	*spec = (struct alloc_spec){
		.alloc_id = at->alloc_id,
		.job_id = job->id,
		.group_name = group->name,
		.tasks = arena_array(arena, group->n_tasks, sizeof(*spec->tasks)),
		.n_tasks = group->n_tasks,
	};
	tell_datacenter(&p);
	sort_volumes(&p);
	for (size_t i = 0; i < group->n_tasks && hcl_diags_go_on(diags, group->tasks[i].range);
		i++) {
		const struct job_task *t = &group->tasks[i];
		struct alloc_task *out = &spec->tasks[i];
		p.in = (struct interpolation){
			.arena = arena, .diags = diags, .node = at->node, .account = at->account};
		config_of(&p, t, &out->config);
		out->artifacts = arena_array(arena, t->n_artifacts + 1, sizeof(*out->artifacts));
		for (; out->n_artifacts < t->n_artifacts; out->n_artifacts++)
			out->artifacts[out->n_artifacts] =
				artifact_of(&p, &t->artifacts[out->n_artifacts]);
		out->restart = restart_of(&p, t);
		out->leader = t->leader;
	}
	return diags->n_errors ? NULL : spec;
}
