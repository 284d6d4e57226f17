/*
 * The schema: one table a block with every attribute and block that the job specification knows. It
 * drives decoding (where a value goes and of which type), spelling suggestions, and what happens to
 * what this version does not run.
 */
#ifndef JOB_SCHEMA_H
#define JOB_SCHEMA_H

#include <stddef.h>

#include "hcl/eval.h"

enum schema_type {
	SCHEMA_STRING,   /* struct job_text */
	SCHEMA_STRINGS,  /* struct job_texts */
	SCHEMA_INT,      /* int64_t */
	SCHEMA_BOOL,     /* bool */
	SCHEMA_DURATION, /* int64_t in milliseconds: "30s", or a number of nanoseconds as the
			    reference */
	SCHEMA_MAP,      /* struct job_map; an attribute or a block of attributes */
	SCHEMA_ANY,      /* evaluated for its mistakes only */
};

/* What happens to a name that is understood. */
enum schema_class {
	SCHEMA_RUN,   /* does what it says */
	SCHEMA_QUIET, /* has no meaning on one machine: accepted */
	SCHEMA_WARN,  /* has no meaning on one machine: accepted, told */
	SCHEMA_ERR,   /* would change what the task sees, reaches or is protected by, and cannot be
			 given: refused */
};

struct schema_attribute {
	const char *name;
	enum schema_type type;
	enum schema_class class;
	size_t offset;       /* RUN: of the field */
	size_t range_offset; /* RUN: of a struct hcl_range to fill too, ~0 = none */
	const char *why;     /* WARN, ERR: the reason and what to do */
};

struct schema;
struct decoder;

struct schema_block {
	const char *name;
	enum schema_class class;
	unsigned labels;
	/* RUN: decodes it into the parent structure @into; NULL = a SCHEMA_MAP attribute written as
	 * a block */
	bool (*decode)(struct decoder *d, const struct hcl_block *block, void *into);
	const char *why;
	bool once;
	/* QUIET, WARN: what may stand in it; NULL: anything */
	const struct schema *inside;
};

struct schema {
	const char *name; /* "task", for messages */
	const struct schema_attribute *attributes;
	size_t n_attributes;
	const struct schema_block *blocks;
	size_t n_blocks;
};

struct decoder {
	struct arena *arena;
	struct hcl_diags *diags;
	const struct hcl_scope *scope;
	struct job *job;
};

/** schema_decode() - everything in @body by @schema into @into. Tells all mistakes; returns false
 * when there was one. */
bool schema_decode(
	struct decoder *d, const struct schema *schema, const struct hcl_body *body, void *into);

/** schema_value() - one expression as a field of type @type at @field */
bool schema_value(
	struct decoder *d, enum schema_type type, const struct hcl_attribute *a, void *field);

#endif
