/*
 * Values of the language: immutable, in an arena. Numbers are MPFR with 512 bits, as the
 * reference's; strings are UTF-8 in normal form C. An unknown or null value has a kind of its own.
 */
#ifndef HCL_VALUE_H
#define HCL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum hcl_kind {
	HCL_NULL,
	HCL_BOOL,
	HCL_NUMBER,
	HCL_STRING,
	HCL_LIST, /* of one type, by conversion */
	HCL_SET,
	HCL_MAP,
	HCL_TUPLE,  /* [a, b] */
	HCL_OBJECT, /* {a = b} */
};

struct hcl_number; /* hcl/number.h */

struct hcl_value {
	enum hcl_kind kind;
	bool boolean;
	const struct hcl_number *number;
	const char *string; /* NUL-terminated; a string of the language holds no NUL */
	/* collections: element i; maps and objects: keys sorted, keys[i] belongs to items[i] */
	const struct hcl_value *items;
	const char *const *keys;
	size_t n;
};

struct hcl_value hcl_null(void);
struct hcl_value hcl_bool(bool b);
struct hcl_value hcl_string(const char *text);
struct hcl_value hcl_int(struct arena *arena, int64_t n);

/** hcl_kind_name() - "string", "number", "list", ... for messages */
const char *hcl_kind_name(enum hcl_kind kind);
bool hcl_is_sequence(const struct hcl_value *v); /* list, set, tuple */
bool hcl_is_mapping(const struct hcl_value *v);  /* map, object */

/** hcl_get() - item of a mapping; NULL = no such key */
const struct hcl_value *hcl_get(const struct hcl_value *mapping, const char *key);
/** hcl_equal() - deep; the work counts in @arena: when that is full the answer means nothing */
bool hcl_equal(struct arena *arena, const struct hcl_value *a, const struct hcl_value *b);

/** hcl_object() - sorts keys; a key given twice: the last holds. @keys and @items are copied. */
struct hcl_value hcl_object(struct arena *arena, enum hcl_kind kind, const char *const *keys,
	const struct hcl_value *items, size_t n);
struct hcl_value hcl_sequence(
	struct arena *arena, enum hcl_kind kind, const struct hcl_value *items, size_t n);

enum {
	HCL_STEP_COST =
		64 /* bytes that a small step of work counts as, in the arena (arena_spend) */
};

/* Conversions of primitives. Return: true and *ret, or false: it does not fit. */
bool hcl_to_string(struct arena *arena, const struct hcl_value *v, const char **ret);
bool hcl_to_number(struct arena *arena, const struct hcl_value *v, const struct hcl_number **ret);
bool hcl_to_bool(const struct hcl_value *v, bool *ret);
/** hcl_to_int() - a whole number within int64 */
bool hcl_to_int(struct arena *arena, const struct hcl_value *v, int64_t *ret);

#endif
