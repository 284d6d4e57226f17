/* Decoding bodies by table (schema.h): the one place that looks names up, converts values and tells
 * what is unknown. */
#include "job/schema.h"

#include <string.h>

#include "base/nearest.h"
#include "job/model.h"
#include "task/duration.h"

static const struct schema_attribute *find_attribute(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_attributes; i++)
		if (!strcmp(s->attributes[i].name, name))
			return &s->attributes[i];
	return NULL;
}

static const struct schema_block *find_block(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_blocks; i++)
		if (!strcmp(s->blocks[i].name, name))
			return &s->blocks[i];
	return NULL;
}

static const char *nearest(const struct schema *s, const char *name, bool blocks)
{
	const char *best = NULL;
	unsigned least = ~0U;
	size_t n = blocks ? s->n_blocks : s->n_attributes;

	for (size_t i = 0; i < n; i++) {
		const char *known = blocks ? s->blocks[i].name : s->attributes[i].name;
		unsigned distance = nearest_distance(name, known);
		if (distance < least && nearest_close(name, known)) {
			best = known;
			least = distance;
		}
	}
	return best;
}

static bool unknown_attribute(
	struct decoder *d, const struct schema *s, const struct hcl_attribute *a)
{
	const char *near = nearest(s, a->name, false);

	if (find_block(s, a->name))
		hcl_error(d->diags, a->name_range, "unsupported argument",
			"\"%s\" is a block in %s: write %s { ... } without '='", a->name, s->name,
			a->name);
	else if (near)
		hcl_error(d->diags, a->name_range, "unsupported argument",
			"an argument named \"%s\" is not expected in %s; did you mean \"%s\"?",
			a->name, s->name, near);
	else
		hcl_error(d->diags, a->name_range, "unsupported argument",
			"an argument named \"%s\" is not expected in %s", a->name, s->name);
	return false;
}

static bool unknown_block(struct decoder *d, const struct schema *s, const struct hcl_block *b)
{
	const char *near = nearest(s, b->type, true);

	if (find_attribute(s, b->type))
		hcl_error(d->diags, b->type_range, "unsupported block type",
			"\"%s\" is an argument in %s: write %s = ...", b->type, s->name, b->type);
	else if (near)
		hcl_error(d->diags, b->type_range, "unsupported block type",
			"blocks of type \"%s\" are not expected in %s; did you mean \"%s\"?",
			b->type, s->name, near);
	else
		hcl_error(d->diags, b->type_range, "unsupported block type",
			"blocks of type \"%s\" are not expected in %s", b->type, s->name);
	return false;
}

/* Told once a place. Returns whether to go on with it. */
static bool judge(struct decoder *d, enum schema_class class, struct hcl_range range,
	const char *name, const char *why)
{
	if (class == SCHEMA_ERR)
		hcl_error(d->diags, range,
			arena_printf(d->arena, "\"%s\" cannot be run here", name), "%s", why);
	else if (class == SCHEMA_WARN)
		hcl_warning(d->diags, range,
			arena_printf(d->arena, "\"%s\" has no effect on one machine", name), "%s",
			why);
	return class == SCHEMA_RUN;
}

static bool wrong_type(struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v,
	const char *want)
{
	hcl_error(d->diags, a->expr->range, "incorrect attribute value type",
		"inappropriate value for attribute \"%s\": %s required, got %s", a->name, want,
		hcl_kind_name(v->kind));
	return false;
}

static bool put_string(
	struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v, void *field)
{
	struct job_text *text = field;

	text->range = a->expr->range;
	return hcl_to_string(d->arena, v, &text->text) ? true : wrong_type(d, a, v, "string");
}

static bool put_strings(
	struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v, void *field)
{
	struct job_texts *list = field;

	if (!hcl_is_sequence(v))
		return wrong_type(d, a, v, "list of strings");
	*list = (struct job_texts){.v = arena_array(d->arena, v->n + 1, sizeof(*list->v)),
		.n = v->n,
		.range = a->expr->range};
	for (size_t i = 0; i < v->n; i++) {
		if (!hcl_diags_go_on(d->diags, a->range))
			return false;
		bool written = a->expr->kind == EXPR_TUPLE && i < a->expr->n_args;
		list->v[i].range = written ? a->expr->args[i]->range : a->expr->range;
		if (!hcl_to_string(d->arena, &v->items[i], &list->v[i].text)) {
			hcl_error(d->diags, list->v[i].range, "incorrect attribute value type",
				"inappropriate value for attribute \"%s\": element %zu: string "
				"required, got %s",
				a->name, i, hcl_kind_name(v->items[i].kind));
			return false;
		}
	}
	return true;
}

static bool put_int(
	struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v, void *field)
{
	const char *text;

	if (hcl_to_int(d->arena, v, field))
		return true;
	if (v->kind != HCL_NUMBER || !hcl_to_string(d->arena, v, &text))
		return wrong_type(d, a, v, "a whole number is");
	hcl_error(d->diags, a->expr->range, "incorrect attribute value type",
		"\"%s\" takes a whole number, got %.40s", a->name, text);
	return false;
}

static bool put_bool(
	struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v, void *field)
{
	return hcl_to_bool(v, field) ? true : wrong_type(d, a, v, "bool");
}

static bool put_duration(
	struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v, void *field)
{
	int64_t ns;

	if (v->kind == HCL_STRING ? task_duration_parse(v->string, &ns) == 0
				  : hcl_to_int(d->arena, v, &ns)) {
		ns /= 1000000;
		memcpy(field, &ns, sizeof(ns));
		return true;
	}
	hcl_error(d->diags, a->expr->range, "invalid duration",
		"\"%s\" takes a duration such as \"30s\", \"1m30s\" or \"500ms\"", a->name);
	return false;
}

static void add_pair(struct decoder *d, struct job_map *map, struct job_pair pair)
{
	map->v = arena_push(d->arena, map->v, map->n, sizeof(pair));
	map->v[map->n++] = pair;
}

static bool put_map(
	struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v, void *field)
{
	struct job_map *map = field;

	if (!hcl_is_mapping(v))
		return wrong_type(d, a, v, "map of strings");
	for (size_t i = 0; i < v->n; i++) {
		struct job_pair pair = {.key = v->keys[i], .value = {.range = a->expr->range}};
		if (!hcl_diags_go_on(d->diags, a->range))
			return false;
		if (!hcl_to_string(d->arena, &v->items[i], &pair.value.text)) {
			hcl_error(d->diags, a->expr->range, "incorrect attribute value type",
				"inappropriate value for attribute \"%s\": element \"%s\": string "
				"required, got %s",
				a->name, v->keys[i], hcl_kind_name(v->items[i].kind));
			return false;
		}
		add_pair(d, map, pair);
	}
	return true;
}

static bool put_any(
	struct decoder *d, const struct hcl_attribute *a, const struct hcl_value *v, void *field)
{
	(void)d;
	(void)a;
	(void)v;
	(void)field;
	return true;
}

bool schema_value(
	struct decoder *d, enum schema_type type, const struct hcl_attribute *a, void *field)
{
	static bool (*const put[])(struct decoder *, const struct hcl_attribute *,
		const struct hcl_value *, void *) = {
		[SCHEMA_STRING] = put_string,
		[SCHEMA_STRINGS] = put_strings,
		[SCHEMA_INT] = put_int,
		[SCHEMA_BOOL] = put_bool,
		[SCHEMA_DURATION] = put_duration,
		[SCHEMA_MAP] = put_map,
		[SCHEMA_ANY] = put_any,
	};
	struct hcl_value v;

	if (!hcl_eval(d->arena, d->diags, d->scope, a->expr, &v))
		return false;
	if (v.kind == HCL_NULL)
		return true; /* as if it were not written */
	return put[type](d, a, &v, field);
}

/* Where a value goes that has no effect: it is looked at for its mistakes. */
union scratch {
	struct job_text text;
	struct job_texts texts;
	struct job_map map;
	int64_t number;
	bool yes;
};

static bool attribute(
	struct decoder *d, const struct schema *s, const struct hcl_attribute *a, void *into)
{
	const struct schema_attribute *known = find_attribute(s, a->name);

	if (!known) {
		const struct schema_block *block = find_block(s, a->name);
		if (block && !block->decode && block->class != SCHEMA_RUN)
			return judge(d, block->class, a->name_range, a->name, block->why) ||
			       block->class != SCHEMA_ERR;
		return unknown_attribute(d, s, a);
	}
	if (!judge(d, known->class, a->name_range, a->name, known->why)) {
		union scratch ignored = {0};
		return schema_value(d, known->type, a, &ignored) && known->class != SCHEMA_ERR;
	}
	unsigned char *bytes = into;
	if (known->range_offset != ~(size_t)0)
		memcpy(bytes + known->range_offset, &a->expr->range, sizeof(a->expr->range));
	return schema_value(d, known->type, a, bytes + known->offset);
}

static bool labels_fit(
	struct decoder *d, const struct schema_block *known, const struct hcl_block *b)
{
	if (b->n_labels < known->labels)
		hcl_error(d->diags, b->range,
			arena_printf(d->arena, "missing name for %s", b->type),
			"write %s \"NAME\" { ... }", b->type);
	else if (b->n_labels > known->labels)
		hcl_error(d->diags, b->label_ranges[known->labels],
			arena_printf(d->arena, "extraneous label for %s", b->type),
			"%s takes %u label%s", b->type, known->labels,
			known->labels == 1 ? "" : "s");
	return b->n_labels == known->labels;
}

/* env { A = 1 } is env = { A = 1 } */
static bool map_block(struct decoder *d, const struct schema_attribute *known,
	const struct hcl_block *b, void *into)
{
	union scratch ignored = {0};
	struct job_map *map = known->class == SCHEMA_RUN
				      ? (void *)((unsigned char *)into + known->offset)
				      : &ignored.map;
	bool ok = true;

	for (size_t i = 0; i < b->body->n_blocks; i++) {
		hcl_error(d->diags, b->body->blocks[i].range, "unsupported block type",
			"\"%s\" holds only NAME = VALUE", b->type);
		ok = false;
	}
	for (size_t i = 0; i < b->body->n_attributes; i++) {
		const struct hcl_attribute *a = &b->body->attributes[i];
		struct job_pair pair = {.key = a->name};
		if (schema_value(d, SCHEMA_STRING, a, &pair.value) && pair.value.text)
			add_pair(d, map, pair);
	}
	return ok;
}

static bool is_map(const struct schema_attribute *a)
{
	return a && a->type == SCHEMA_MAP && a->class != SCHEMA_ERR;
}

static bool block(struct decoder *d, const struct schema *s, const struct hcl_block *b, void *into)
{
	const struct schema_attribute *as_map = find_attribute(s, b->type);

	if (is_map(as_map) && b->n_labels == 0)
		return map_block(d, as_map, b, into);
	const struct schema_block *known = find_block(s, b->type);
	if (!known)
		return unknown_block(d, s, b);
	if (judge(d, known->class, b->type_range, b->type, known->why))
		return labels_fit(d, known, b) && known->decode(d, b, into);
	if (known->class == SCHEMA_ERR)
		return false;
	return !known->inside ||
	       (labels_fit(d, known, b) && schema_decode(d, known->inside, b->body, NULL));
}

/* Where each name of a schema stood first: the blocks', then the attributes'. Not set: not yet. */
static struct hcl_range *place_of_first(
	const struct schema *s, const char *name, struct hcl_range *first)
{
	const struct schema_block *b = find_block(s, name);
	const struct schema_attribute *a = find_attribute(s, name);

	if (is_map(a))
		return &first[s->n_blocks + (size_t)(a - s->attributes)];
	return b && b->once ? &first[b - s->blocks] : NULL;
}

static bool told_twice(struct decoder *d, const struct schema *s, const char *name,
	struct hcl_range range, struct hcl_range *first)
{
	struct hcl_range *before = place_of_first(s, name, first);

	if (!before)
		return false;
	if (!before->source) {
		*before = range;
		return false;
	}
	hcl_error(d->diags, range, arena_printf(d->arena, "duplicate %s block", name),
		"only one %s block is allowed in %s; another was defined at line %u", name, s->name,
		before->start.line);
	return true;
}

bool schema_decode(
	struct decoder *d, const struct schema *s, const struct hcl_body *body, void *into)
{
	struct hcl_range *first =
		arena_array(d->arena, s->n_blocks + s->n_attributes, sizeof(*first));
	bool ok = true;

	for (size_t i = 0; i < body->n_attributes; i++) {
		if (!hcl_diags_go_on(d->diags, body->attributes[i].range))
			return false;
		const struct hcl_attribute *a = &body->attributes[i];
		(void)told_twice(d, s, a->name, a->name_range, first);
		ok = attribute(d, s, a, into) && ok;
	}
	for (size_t i = 0; i < body->n_blocks; i++) {
		const struct hcl_block *b = &body->blocks[i];
		if (!hcl_diags_go_on(d->diags, b->range))
			return false;
		ok = !told_twice(d, s, b->type, b->range, first) && block(d, s, b, into) && ok;
	}
	return ok;
}
