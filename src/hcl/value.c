/* Making and comparing values (value.h). */
#include "hcl/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "hcl/number.h"

struct hcl_value hcl_null(void)
{
	return (struct hcl_value){.kind = HCL_NULL};
}

struct hcl_value hcl_bool(bool b)
{
	return (struct hcl_value){.kind = HCL_BOOL, .boolean = b};
}

struct hcl_value hcl_string(const char *text)
{
	return (struct hcl_value){.kind = HCL_STRING, .string = text};
}

struct hcl_value hcl_int(struct arena *arena, int64_t n)
{
	struct hcl_number *number = number_new(arena);

	(void)mpfr_set_si(number->f, (long)n, MPFR_RNDN);
	return (struct hcl_value){.kind = HCL_NUMBER, .number = number};
}

const char *hcl_kind_name(enum hcl_kind kind)
{
	static const char *const names[] = {
		[HCL_NULL] = "null",
		[HCL_BOOL] = "bool",
		[HCL_NUMBER] = "number",
		[HCL_STRING] = "string",
		[HCL_LIST] = "list",
		[HCL_SET] = "set",
		[HCL_MAP] = "map",
		[HCL_TUPLE] = "tuple",
		[HCL_OBJECT] = "object",
	};
	return names[kind];
}

bool hcl_is_sequence(const struct hcl_value *v)
{
	return v->kind == HCL_LIST || v->kind == HCL_SET || v->kind == HCL_TUPLE;
}

bool hcl_is_mapping(const struct hcl_value *v)
{
	return v->kind == HCL_MAP || v->kind == HCL_OBJECT;
}

const struct hcl_value *hcl_get(const struct hcl_value *mapping, const char *key)
{
	size_t low = 0, high = mapping->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(mapping->keys[middle], key);
		if (order == 0)
			return &mapping->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool same_text(struct arena *arena, const char *a, const char *b)
{
	if (a == b)
		return true;
	(void)arena_spend(arena, strlen(a));
	return !strcmp(a, b);
}

/* Without their elements, which must be as many. */
static bool same_top(struct arena *arena, const struct hcl_value *a, const struct hcl_value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case HCL_NULL:
		return true;
	case HCL_BOOL:
		return a->boolean == b->boolean;
	case HCL_NUMBER:
		return mpfr_equal_p(a->number->f, b->number->f) != 0;
	case HCL_STRING:
		return same_text(arena, a->string, b->string);
	case HCL_LIST:
	case HCL_SET:
	case HCL_MAP:
	case HCL_TUPLE:
	case HCL_OBJECT:
		break;
	}
	bool same = a->n == b->n;
	for (size_t i = 0; same && a->keys && i < a->n; i++)
		same = same_text(arena, a->keys[i], b->keys[i]);
	return same;
}

/* No recursion: the file decides how deep a value is. A value may hold the same one many times, so
 * what is looked at is counted, not what there is. */
bool hcl_equal(struct arena *arena, const struct hcl_value *a, const struct hcl_value *b)
{
	struct pair {
		const struct hcl_value *a, *b;
	} *todo = arena_push(arena, NULL, 0, sizeof(*todo));
	size_t n = 1;

	todo[0] = (struct pair){a, b};
	while (n) {
		const struct pair p = todo[--n];
		if (!arena_spend(arena, HCL_STEP_COST) || !same_top(arena, p.a, p.b))
			return false;
		for (size_t i = 0; p.a->items != p.b->items && i < p.a->n; i++) {
			todo = arena_push(arena, todo, n, sizeof(*todo));
			todo[n++] = (struct pair){&p.a->items[i], &p.b->items[i]};
		}
	}
	return true;
}

struct hcl_value hcl_sequence(
	struct arena *arena, enum hcl_kind kind, const struct hcl_value *items, size_t n)
{
	return (struct hcl_value){
		.kind = kind, .items = arena_grow(arena, items, n, n + 1, sizeof(*items)), .n = n};
}

struct hcl_value hcl_object(struct arena *arena, enum hcl_kind kind, const char *const *keys,
	const struct hcl_value *items, size_t n)
{
	struct name_at *names = arena_array(arena, n, sizeof(*names));
	const char **sorted = arena_array(arena, n, sizeof(*sorted));
	struct hcl_value *values = arena_array(arena, n, sizeof(*values));
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		names[i] = (struct name_at){keys[i], strlen(keys[i]), i};
	names_sort(names, n);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && names_equal(&names[i], &names[i + 1]))
			continue; /* the last of equal ones holds */
		sorted[used] = names[i].name;
		values[used++] = items[names[i].at];
	}
	return (struct hcl_value){.kind = kind, .keys = sorted, .items = values, .n = used};
}

bool hcl_to_string(struct arena *arena, const struct hcl_value *v, const char **ret)
{
	if (v->kind == HCL_STRING)
		*ret = v->string;
	else if (v->kind == HCL_NUMBER)
		*ret = number_text(arena, v->number);
	else if (v->kind == HCL_BOOL)
		*ret = v->boolean ? "true" : "false";
	else
		return false;
	return true;
}

bool hcl_to_number(struct arena *arena, const struct hcl_value *v, const struct hcl_number **ret)
{
	*ret = v->kind == HCL_NUMBER   ? v->number
	       : v->kind == HCL_STRING ? number_parse(arena, v->string)
				       : NULL;
	return *ret != NULL;
}

bool hcl_to_bool(const struct hcl_value *v, bool *ret)
{
	if (v->kind == HCL_BOOL)
		*ret = v->boolean;
	else if (v->kind == HCL_STRING &&
		 (!strcmp(v->string, "true") || !strcmp(v->string, "false")))
		*ret = v->string[0] == 't';
	else
		return false;
	return true;
}

bool hcl_to_int(struct arena *arena, const struct hcl_value *v, int64_t *ret)
{
	const struct hcl_number *n;

	if (!hcl_to_number(arena, v, &n) || !mpfr_integer_p(n->f) ||
		!mpfr_fits_slong_p(n->f, MPFR_RNDN))
		return false;
	*ret = mpfr_get_si(n->f, MPFR_RNDN);
	return true;
}
