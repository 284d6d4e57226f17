/*
 * struct alloc_spec <-> JSON by tables: one row a field, the same row for both ways, so the two
 * cannot disagree. A new field of task_config that a start needs is one row here.
 */
#include "alloc/spec_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	STRING, /* const char *, null = NULL */
	STRINGS,
	BOOL,
	U32,
	U64,
	I64,
	INT, /* int and enums */
	LIST /* array of objects: pointer and count */
};

struct shape;
struct field {
	const char *name;
	enum kind kind;
	size_t at;
	size_t at_count; /* LIST */
	const struct shape *of;
};

struct shape {
	const struct field *fields;
	size_t n, size;
};

#define F(type, member, kind)                                                                      \
	{                                                                                          \
#member, kind, offsetof(type, member), 0, NULL                                     \
	}
#define L(type, member, count, shape)                                                              \
	{                                                                                          \
#member, LIST, offsetof(type, member), offsetof(type, count), &(shape)             \
	}
#define SHAPE(type, list)                                                                          \
	{                                                                                          \
		.fields = (list), .n = iso_len(list), .size = sizeof(type)                         \
	}

#define M(member, kind) F(struct task_mount, member, kind)
static const struct field mount_fields[] = {M(source, STRING), M(destination, STRING),
	M(read_only, BOOL), M(propagation, INT), M(place.file, STRING), M(place.line, U32),
	M(place.column, U32)};
static const struct shape mount_shape = SHAPE(struct task_mount, mount_fields);

#define E(member, kind) F(struct task_chroot_entry, member, kind)
static const struct field entry_fields[] = {E(source, STRING), E(destination, STRING)};
static const struct shape entry_shape = SHAPE(struct task_chroot_entry, entry_fields);

#define A(member, kind) F(struct task_artifact, member, kind)
static const struct field artifact_fields[] = {A(source, STRING), A(destination, STRING),
	A(mode, INT), A(checksum, STRING), A(archive, STRING), A(filename, STRING),
	A(ca_file, STRING), A(headers, STRINGS), A(allow_hosts, STRINGS), A(insecure, BOOL),
	A(chown, BOOL), A(place.file, STRING), A(place.line, U32), A(place.column, U32)};
static const struct shape artifact_shape = SHAPE(struct task_artifact, artifact_fields);

#define T(member, kind) F(struct alloc_task, member, kind)
static const struct field task_fields[] = {
	T(config.alloc_id, STRING),
	T(config.task_name, STRING),
	T(config.job_id, STRING),
	T(config.group_name, STRING),
	T(config.alloc_name, STRING),
	T(config.command, STRING),
	T(config.command_place.file, STRING),
	T(config.command_place.line, U32),
	T(config.command_place.column, U32),
	T(config.args, STRINGS),
	T(config.work_dir, STRING),
	T(config.user, STRING),
	T(config.env, STRINGS),
	T(config.pid_mode, INT),
	T(config.ipc_mode, INT),
	T(config.cap_add, STRINGS),
	T(config.cap_drop, STRINGS),
	T(config.writable_root, BOOL),
	T(config.init, BOOL),
	T(config.netns_path, STRING),
	L(struct alloc_task, config.mounts, config.n_mounts, mount_shape),
	T(config.limits.mem_bytes, U64),
	T(config.limits.mem_soft_bytes, U64),
	T(config.limits.mem_unlimited, BOOL),
	T(config.limits.cpu_mhz, U64),
	T(config.limits.cpuset_cpus, STRING),
	T(config.limits.secrets_bytes, U64),
	T(config.limits.pids_max, U64),
	T(config.limits.nofile_soft, I64),
	T(config.logs.disabled, BOOL),
	T(config.logs.max_files, U32),
	T(config.logs.max_file_bytes, U64),
	T(config.kill_signal, INT),
	T(config.kill_timeout_ms, U64),
	T(config.policy.profile, INT),
	T(config.policy.no_pivot_root, BOOL),
	T(config.policy.default_pid_mode, INT),
	T(config.policy.default_ipc_mode, INT),
	T(config.policy.allow_host_pid, BOOL),
	T(config.policy.allow_host_ipc, BOOL),
	T(config.policy.allow_root, BOOL),
	T(config.policy.allow_bidirectional, BOOL),
	T(config.policy.allow_caps, U64),
	T(config.policy.denied_host_uids, STRING),
	T(config.policy.denied_host_gids, STRING),
	L(struct alloc_task, config.policy.chroot_env, config.policy.n_chroot_env, entry_shape),
	T(config.alloc_dir, STRING),
	T(config.task_dir, STRING),
	T(config.state_dir, STRING),
	T(config.mask_dir, STRING),
	T(config.cgroup_parent, STRING),
	L(struct alloc_task, artifacts, n_artifacts, artifact_shape),
	T(restart.attempts, U32),
	T(restart.interval_ms, U64),
	T(restart.delay_ms, U64),
	T(restart.mode_delay, BOOL),
	T(restart.on_success, BOOL),
	T(leader, BOOL),
};
static const struct shape task_shape = SHAPE(struct alloc_task, task_fields);

#define S(member, kind) F(struct alloc_spec, member, kind)
static const struct field spec_fields[] = {S(alloc_id, STRING), S(job_id, STRING),
	S(group_name, STRING), L(struct alloc_spec, tasks, n_tasks, task_shape)};
static const struct shape spec_shape = SHAPE(struct alloc_spec, spec_fields);

/* ---- out ---- */

static json_t *object_of(const struct shape *shape, const unsigned char *from);

/* NULL: a text is not UTF-8. */
static json_t *strings_of(const struct task_strings *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++)
		if (json_array_append_new(list, json_string(s->v[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* Numbers of 64 bits are whole in jansson; U64 goes as its bits. */
static json_t *value_of(const struct field *f, const unsigned char *from)
{
	union {
		const char *text;
		struct task_strings strings;
		bool yes;
		uint32_t u32;
		json_int_t i64;
		int i;
		const unsigned char *list;
	} v;
	static const size_t sizes[] = {[STRING] = sizeof(char *),
		[STRINGS] = sizeof(struct task_strings),
		[BOOL] = sizeof(bool),
		[U32] = sizeof(uint32_t),
		[U64] = sizeof(uint64_t),
		[I64] = sizeof(int64_t),
		[INT] = sizeof(int),
		[LIST] = sizeof(void *)};
	size_t n = 0;

	memcpy(&v, from + f->at, sizes[f->kind]);
	switch (f->kind) {
	case STRING:
		return v.text ? json_string(v.text) : json_null();
	case STRINGS:
		return strings_of(&v.strings);
	case BOOL:
		return json_boolean(v.yes);
	case U32:
		return json_integer(v.u32);
	case U64:
	case I64:
		return json_integer(v.i64);
	case INT:
		return json_integer(v.i);
	case LIST:
		break;
	}
	json_t *list = json_array();
	memcpy(&n, from + f->at_count, sizeof(n));
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, object_of(f->of, v.list + i * f->of->size))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *object_of(const struct shape *shape, const unsigned char *from)
{
	json_t *object = json_object();

	for (size_t i = 0; i < shape->n; i++)
		if (json_object_set_new(
			    object, shape->fields[i].name, value_of(&shape->fields[i], from))) {
			json_decref(object);
			return NULL;
		}
	return object;
}

int spec_to_json(const struct alloc_spec *spec, struct buf *out, struct iso_err *err)
{
	json_t *object = object_of(&spec_shape, (const unsigned char *)spec);
	char *text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;

	if (text)
		buf_str(out, text);
	free(text);
	json_decref(object);
	return text && !out->failed ? 0
				    : iso_err_set(err, ISO_FAULT_SYSTEM, 0,
					      "write the alloc as JSON: out of memory or text that "
					      "is not UTF-8");
}

/* ---- in ---- */

static int read_object(struct arena *arena, const struct shape *shape, const json_t *object,
	unsigned char *to, struct iso_err *err);

static int wrong(const struct field *f, struct iso_err *err)
{
	return iso_err_set(
		err, ISO_FAULT_PROTOCOL, 0, "'%s' is missing or of another type", f->name);
}

static int read_strings(struct arena *arena, const struct field *f, const json_t *value,
	unsigned char *to, struct iso_err *err)
{
	size_t n = json_array_size(value);
	const char **v = arena_array(arena, n + 1, sizeof(*v));

	if (!json_is_array(value))
		return wrong(f, err);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(value, i));
		if (!text)
			return wrong(f, err);
		v[i] = arena_strdup(arena, text);
	}
	const struct task_strings strings = {.v = v, .n = n};
	memcpy(to + f->at, &strings, sizeof(strings));
	return 0;
}

static int read_list(struct arena *arena, const struct field *f, const json_t *value,
	unsigned char *to, struct iso_err *err)
{
	size_t n = json_array_size(value);
	unsigned char *list = arena_array(arena, n + 1, f->of->size);

	if (!json_is_array(value))
		return wrong(f, err);
	for (size_t i = 0; i < n; i++)
		if (read_object(
			    arena, f->of, json_array_get(value, i), list + i * f->of->size, err))
			return iso_err_in(err, "%s[%zu]", f->name, i);
	memcpy(to + f->at, &list, sizeof(list));
	memcpy(to + f->at_count, &n, sizeof(n));
	return 0;
}

static int read_string(struct arena *arena, const struct field *f, const json_t *value,
	unsigned char *to, struct iso_err *err)
{
	const char *text =
		json_is_string(value) ? arena_strdup(arena, json_string_value(value)) : NULL;

	if (!text && !json_is_null(value))
		return wrong(f, err);
	memcpy(to + f->at, &text, sizeof(text));
	return 0;
}

static int read_bool(struct arena *arena, const struct field *f, const json_t *value,
	unsigned char *to, struct iso_err *err)
{
	bool yes = json_is_true(value);

	(void)arena;
	if (!json_is_boolean(value))
		return wrong(f, err);
	memcpy(to + f->at, &yes, sizeof(yes));
	return 0;
}

static int read_integer(struct arena *arena, const struct field *f, const json_t *value,
	unsigned char *to, struct iso_err *err)
{
	json_int_t number = json_integer_value(value);
	uint32_t u32 = (uint32_t)number;
	int i = (int)number;

	(void)arena;
	if (!json_is_integer(value) || (f->kind == U32 && number != u32) ||
		(f->kind == INT && number != i))
		return wrong(f, err);
	if (f->kind == U32)
		memcpy(to + f->at, &u32, sizeof(u32));
	else if (f->kind == INT)
		memcpy(to + f->at, &i, sizeof(i));
	else
		memcpy(to + f->at, &number, sizeof(uint64_t));
	return 0;
}

static int read_object(struct arena *arena, const struct shape *shape, const json_t *object,
	unsigned char *to, struct iso_err *err)
{
	typedef int read_fn(struct arena *, const struct field *, const json_t *, unsigned char *,
		struct iso_err *);
	static read_fn *const readers[] = {[STRING] = read_string,
		[STRINGS] = read_strings,
		[BOOL] = read_bool,
		[U32] = read_integer,
		[U64] = read_integer,
		[I64] = read_integer,
		[INT] = read_integer,
		[LIST] = read_list};

	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];
		const json_t *value = json_object_get(object, f->name);
		if (!value)
			return wrong(f, err);
		if (readers[f->kind](arena, f, value, to, err))
			return -1;
	}
	return 0;
}

int spec_from_json(struct arena *arena, const char *text, size_t len, struct alloc_spec **ret,
	struct iso_err *err)
{
	json_error_t where;
	json_t *object = json_loadb(text, len, 0, &where);
	struct alloc_spec *spec = arena_new_of(arena, struct alloc_spec);

	if (!object)
		return iso_err_set(
			err, ISO_FAULT_PROTOCOL, 0, "line %d: %s", where.line, where.text);
	int r = read_object(arena, &spec_shape, object, (unsigned char *)spec, err);
	json_decref(object);
	if (!r)
		*ret = spec;
	return r;
}
