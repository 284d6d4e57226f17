/*
 * The functions of the language, as a table: name, number of arguments, body. Pure: no file, no
 * clock, no chance. More of the reference's functions are rows to come.
 */
#include <stdlib.h>
#include <string.h>

#include "hcl/eval.h"
#include "hcl/number.h"

#define NEEDS_STRING "argument must be a string"
#define NEEDS_NUMBER "argument must be a number"
#define NEEDS_LIST   "argument must be a list, set or tuple"
#define NEEDS_MAP    "argument must be a map or object"
#define TOO_LARGE    "the result is too large" /* the evaluator says more: the arena is full */

#define FUNCTION(name)                                                                             \
	static const char *fn_##name(struct hcl_eval *ev, const struct hcl_value *args, size_t n,  \
		struct hcl_value *ret)

/* Every text that a function reads passes here once: reading it counts. */
static const char *text_of(struct hcl_eval *ev, const struct hcl_value *v, const char **ret)
{
	if (!hcl_to_string(ev->arena, v, ret))
		return NEEDS_STRING;
	return arena_spend(ev->arena, strlen(*ret)) ? NULL : TOO_LARGE;
}

/* Before a result of @n elements is made. */
static bool has_room(struct hcl_eval *ev, size_t n)
{
	return arena_spend(ev->arena, n * (sizeof(struct hcl_value) + sizeof(char *)));
}

static const char *case_of(
	struct hcl_eval *ev, const struct hcl_value *v, char from, char to, struct hcl_value *ret)
{
	const char *text;

	if (text_of(ev, v, &text))
		return NEEDS_STRING;
	char *copy = arena_strdup(ev->arena, text);
	for (char *c = copy; *c; c++)
		if (*c >= from && *c <= from + 25)
			*c = (char)(*c - from + to);
	*ret = hcl_string(copy);
	return NULL;
}

FUNCTION(upper)
{
	(void)n;
	return case_of(ev, args, 'a', 'A', ret);
}

FUNCTION(lower)
{
	(void)n;
	return case_of(ev, args, 'A', 'a', ret);
}

FUNCTION(trimspace)
{
	const char *text;

	(void)n;
	if (text_of(ev, args, &text))
		return NEEDS_STRING;
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	*ret = hcl_string(arena_strndup(ev->arena, text, len));
	return NULL;
}

static const char *affix(
	struct hcl_eval *ev, const struct hcl_value *args, bool front, struct hcl_value *ret)
{
	const char *text, *part;

	if (text_of(ev, &args[0], &text) || text_of(ev, &args[1], &part))
		return NEEDS_STRING;
	size_t len = strlen(text), p = strlen(part);
	bool has = p <= len && !memcmp(front ? text : text + len - p, part, p);
	*ret = hcl_string(!has ? text : front ? text + p : arena_strndup(ev->arena, text, len - p));
	return NULL;
}

FUNCTION(trimprefix)
{
	(void)n;
	return affix(ev, args, true, ret);
}

FUNCTION(trimsuffix)
{
	(void)n;
	return affix(ev, args, false, ret);
}

static const char *starts(
	struct hcl_eval *ev, const struct hcl_value *args, bool front, struct hcl_value *ret)
{
	const char *text, *part;

	if (text_of(ev, &args[0], &text) || text_of(ev, &args[1], &part))
		return NEEDS_STRING;
	size_t len = strlen(text), p = strlen(part);
	*ret = hcl_bool(p <= len && !memcmp(front ? text : text + len - p, part, p));
	return NULL;
}

FUNCTION(startswith)
{
	(void)n;
	return starts(ev, args, true, ret);
}

FUNCTION(endswith)
{
	(void)n;
	return starts(ev, args, false, ret);
}

FUNCTION(strlen)
{
	const char *text;
	int64_t count = 0;

	(void)n;
	if (text_of(ev, args, &text))
		return NEEDS_STRING;
	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	*ret = hcl_int(ev->arena, count);
	return NULL;
}

FUNCTION(replace)
{
	const char *text, *from, *to;
	own_buf out = BUF_INIT;

	(void)n;
	if (text_of(ev, &args[0], &text) || text_of(ev, &args[1], &from) ||
		text_of(ev, &args[2], &to))
		return NEEDS_STRING;
	if (!*from)
		return "the text to look for must not be empty";
	for (const char *hit; (hit = strstr(text, from)); text = hit + strlen(from)) {
		if (!arena_spend(ev->arena, strlen(to)))
			return TOO_LARGE;
		buf_add(&out, text, (size_t)(hit - text));
		buf_str(&out, to);
	}
	buf_str(&out, text);
	*ret = hcl_string(arena_strdup(ev->arena, buf_text(&out)));
	return NULL;
}

FUNCTION(join)
{
	const char *separator, *text;
	own_buf out = BUF_INIT;
	bool first = true;

	if (text_of(ev, &args[0], &separator))
		return NEEDS_STRING;
	for (size_t i = 1; i < n; i++) {
		if (!hcl_is_sequence(&args[i]))
			return NEEDS_LIST;
		for (size_t k = 0; k < args[i].n; k++) {
			if (text_of(ev, &args[i].items[k], &text))
				return "elements must be strings";
			if (!arena_spend(ev->arena, strlen(separator)))
				return TOO_LARGE;
			buf_str(&out, first ? "" : separator);
			buf_str(&out, text);
			first = false;
		}
	}
	*ret = hcl_string(arena_strdup(ev->arena, buf_text(&out)));
	return NULL;
}

FUNCTION(split)
{
	const char *separator, *text;

	(void)n;
	if (text_of(ev, &args[0], &separator) || text_of(ev, &args[1], &text))
		return NEEDS_STRING;
	if (!*separator)
		return "the separator must not be empty";
	size_t parts = 1;
	for (const char *hit = text; (hit = strstr(hit, separator)); hit += strlen(separator))
		parts++;
	if (!has_room(ev, parts))
		return TOO_LARGE;
	struct hcl_value *items = arena_array(ev->arena, parts, sizeof(*items));
	for (size_t i = 0; i < parts; i++) {
		const char *hit = strstr(text, separator);
		size_t len = hit ? (size_t)(hit - text) : strlen(text);
		items[i] = hcl_string(arena_strndup(ev->arena, text, len));
		text += len + (hit ? strlen(separator) : 0);
	}
	*ret = (struct hcl_value){.kind = HCL_LIST, .items = items, .n = parts};
	return NULL;
}

/* format("%s %d %q %%", ...) with the verbs that job files use. */
FUNCTION(format)
{
	const char *format, *text;
	own_buf out = BUF_INIT;
	size_t next = 1;

	if (text_of(ev, &args[0], &format))
		return NEEDS_STRING;
	for (; *format; format++) {
		if (*format != '%') {
			buf_chr(&out, *format);
			continue;
		}
		format++;
		if (*format == '%') {
			buf_chr(&out, '%');
			continue;
		}
		if (*format != 's' && *format != 'd' && *format != 'v' && *format != 'q')
			return "known verbs are %s %d %v %q %%";
		if (next >= n)
			return "not enough arguments for the verbs";
		if (text_of(ev, &args[next++], &text))
			return NEEDS_STRING;
		buf_printf(&out, *format == 'q' ? "\"%s\"" : "%s", text);
	}
	if (next < n)
		return "too many arguments for the verbs";
	*ret = hcl_string(arena_strdup(ev->arena, buf_text(&out)));
	return NULL;
}

FUNCTION(length)
{
	(void)n;
	if (args->kind == HCL_STRING)
		return fn_strlen(ev, args, 1, ret);
	if (!hcl_is_sequence(args) && !hcl_is_mapping(args))
		return "argument must be a collection or a string";
	*ret = hcl_int(ev->arena, (int64_t)args->n);
	return NULL;
}

FUNCTION(concat)
{
	size_t total = 0, used = 0;

	for (size_t i = 0; i < n; i++) {
		if (!hcl_is_sequence(&args[i]))
			return NEEDS_LIST;
		total += args[i].n;
	}
	if (!has_room(ev, total))
		return TOO_LARGE;
	struct hcl_value *items = arena_array(ev->arena, total, sizeof(*items));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < args[i].n; k++)
			items[used++] = args[i].items[k];
	*ret = (struct hcl_value){.kind = HCL_TUPLE, .items = items, .n = used};
	return NULL;
}

FUNCTION(merge)
{
	size_t total = 0, used = 0;

	for (size_t i = 0; i < n; i++) {
		if (!hcl_is_mapping(&args[i]))
			return NEEDS_MAP;
		total += args[i].n;
	}
	if (!has_room(ev, total))
		return TOO_LARGE;
	const char **keys = arena_array(ev->arena, total, sizeof(*keys));
	struct hcl_value *items = arena_array(ev->arena, total, sizeof(*items));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < args[i].n; k++, used++) {
			keys[used] = args[i].keys[k];
			items[used] = args[i].items[k];
		}
	*ret = hcl_object(ev->arena, HCL_OBJECT, keys, items, used);
	return NULL;
}

FUNCTION(keys)
{
	(void)n;
	if (!hcl_is_mapping(args))
		return NEEDS_MAP;
	if (!has_room(ev, args->n))
		return TOO_LARGE;
	struct hcl_value *items = arena_array(ev->arena, args->n + 1, sizeof(*items));
	for (size_t i = 0; i < args->n; i++)
		items[i] = hcl_string(args->keys[i]);
	*ret = (struct hcl_value){.kind = HCL_LIST, .items = items, .n = args->n};
	return NULL;
}

FUNCTION(values)
{
	(void)n;
	if (!hcl_is_mapping(args))
		return NEEDS_MAP;
	if (!has_room(ev, args->n))
		return TOO_LARGE;
	*ret = hcl_sequence(ev->arena, HCL_TUPLE, args->items, args->n);
	return NULL;
}

FUNCTION(lookup)
{
	const char *key;

	if (!hcl_is_mapping(args))
		return NEEDS_MAP;
	if (text_of(ev, &args[1], &key))
		return NEEDS_STRING;
	const struct hcl_value *found = hcl_get(args, key);
	if (!found && n < 3)
		return "the map has no such key and no default was given";
	*ret = found ? *found : args[2];
	return NULL;
}

FUNCTION(contains)
{
	(void)n;
	if (!hcl_is_sequence(args))
		return NEEDS_LIST;
	*ret = hcl_bool(false);
	for (size_t i = 0; i < args->n && !arena_is_full(ev->arena); i++)
		if (hcl_equal(ev->arena, &args->items[i], &args[1]))
			*ret = hcl_bool(true);
	return NULL;
}

FUNCTION(element)
{
	int64_t i;

	(void)n;
	if (!hcl_is_sequence(args) || !args->n)
		return "argument must be a list that is not empty";
	if (!hcl_to_int(ev->arena, &args[1], &i) || i < 0)
		return "index must be a whole number, not negative";
	*ret = args->items[(size_t)i % args->n];
	return NULL;
}

FUNCTION(coalesce)
{
	(void)ev;
	for (size_t i = 0; i < n; i++)
		if (args[i].kind != HCL_NULL && !(args[i].kind == HCL_STRING && !*args[i].string)) {
			*ret = args[i];
			return NULL;
		}
	return "no argument has a value";
}

/* @most: looks for the largest. */
static const char *extreme(struct hcl_eval *ev, const struct hcl_value *args, size_t n, bool most,
	struct hcl_value *ret)
{
	const struct hcl_number *best = NULL, *x;

	for (size_t i = 0; i < n; i++) {
		if (!hcl_to_number(ev->arena, &args[i], &x))
			return NEEDS_NUMBER;
		if (!best || (mpfr_cmp(x->f, best->f) > 0) == most)
			best = x;
	}
	*ret = (struct hcl_value){.kind = HCL_NUMBER, .number = best};
	return NULL;
}

FUNCTION(max)
{
	return extreme(ev, args, n, true, ret);
}

FUNCTION(min)
{
	return extreme(ev, args, n, false, ret);
}

static const char *rounded(struct hcl_eval *ev, const struct hcl_value *v,
	int (*round)(mpfr_t, const mpfr_t), struct hcl_value *ret)
{
	const struct hcl_number *x;

	if (!hcl_to_number(ev->arena, v, &x))
		return NEEDS_NUMBER;
	struct hcl_number *r = number_new(ev->arena);
	(void)round(r->f, x->f);
	*ret = (struct hcl_value){.kind = HCL_NUMBER, .number = r};
	return NULL;
}

static int up(mpfr_t to, const mpfr_t from)
{
	return mpfr_ceil(to, from);
}

static int down(mpfr_t to, const mpfr_t from)
{
	return mpfr_floor(to, from);
}

static int absolute(mpfr_t to, const mpfr_t from)
{
	return mpfr_abs(to, from, MPFR_RNDN);
}

FUNCTION(ceil)
{
	(void)n;
	return rounded(ev, args, up, ret);
}

FUNCTION(floor)
{
	(void)n;
	return rounded(ev, args, down, ret);
}

FUNCTION(abs)
{
	(void)n;
	return rounded(ev, args, absolute, ret);
}

FUNCTION(tostring)
{
	const char *text;

	(void)n;
	if (text_of(ev, args, &text))
		return "value cannot be a string";
	*ret = hcl_string(text);
	return NULL;
}

FUNCTION(tonumber)
{
	const struct hcl_number *x;

	(void)n;
	if (!hcl_to_number(ev->arena, args, &x))
		return "value cannot be a number";
	*ret = (struct hcl_value){.kind = HCL_NUMBER, .number = x};
	return NULL;
}

FUNCTION(tobool)
{
	bool b;

	(void)ev;
	(void)n;
	if (!hcl_to_bool(args, &b))
		return "value cannot be a bool";
	*ret = hcl_bool(b);
	return NULL;
}

FUNCTION(range)
{
	int64_t v[3] = {0, 0, 1};

	for (size_t i = 0; i < n; i++)
		if (!hcl_to_int(ev->arena, &args[i], &v[n == 1 ? 1 : i]))
			return "arguments must be whole numbers";
	enum {
		MOST = 1024
	}; /* the reference's limit */
	if (v[2] == 0)
		return "step must not be zero";
	struct hcl_value *items = arena_array(ev->arena, MOST, sizeof(*items));
	size_t used = 0;
	for (int64_t i = v[0]; v[2] > 0 ? i < v[1] : i > v[1]; i += v[2]) {
		if (used == MOST)
			return "more than 1024 values were generated; either decrease the "
			       "difference between start and end or use "
			       "a smaller step";
		items[used++] = hcl_int(ev->arena, i);
	}
	*ret = (struct hcl_value){.kind = HCL_LIST, .items = items, .n = used};
	return NULL;
}

enum {
	ANY = -1
};
#define ROW(name, least, most)                                                                     \
	{                                                                                          \
#name, least, (unsigned)(most), fn_##name                                          \
	}

static const struct hcl_function functions[] = {
	ROW(abs, 1, 1),
	ROW(ceil, 1, 1),
	ROW(coalesce, 1, ANY),
	ROW(concat, 1, ANY),
	ROW(contains, 2, 2),
	ROW(element, 2, 2),
	ROW(endswith, 2, 2),
	ROW(floor, 1, 1),
	ROW(format, 1, ANY),
	ROW(join, 2, ANY),
	ROW(keys, 1, 1),
	ROW(length, 1, 1),
	ROW(lookup, 2, 3),
	ROW(lower, 1, 1),
	ROW(max, 1, ANY),
	ROW(merge, 1, ANY),
	ROW(min, 1, ANY),
	ROW(range, 1, 3),
	ROW(replace, 3, 3),
	ROW(split, 2, 2),
	ROW(startswith, 2, 2),
	ROW(strlen, 1, 1),
	ROW(tobool, 1, 1),
	ROW(tonumber, 1, 1),
	ROW(tostring, 1, 1),
	ROW(trimprefix, 2, 2),
	ROW(trimspace, 1, 1),
	ROW(trimsuffix, 2, 2),
	ROW(upper, 1, 1),
	ROW(values, 1, 1),
};

const struct hcl_function *hcl_function_find(const char *name)
{
	for (size_t i = 0; i < iso_len(functions); i++)
		if (!strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

const char *hcl_function_name(size_t i)
{
	return i < iso_len(functions) ? functions[i].name : NULL;
}
