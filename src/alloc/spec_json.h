/*
 * An alloc as a file: everything that a runner needs to run it, resolved, so that neither the job
 * file nor the job language is needed again. STATE/<alloc>/alloc.json, root only.
 */
#ifndef ALLOC_SPEC_JSON_H
#define ALLOC_SPEC_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "task/alloc_spec.h"

#define SPEC_FILE "alloc.json"

/** spec_to_json() - into @out */
iso_must_use int spec_to_json(const struct alloc_spec *spec, struct buf *out, struct iso_err *err);

/**
 * spec_from_json() - what spec_to_json() wrote
 * Return: 0; -1 with ISO_FAULT_PROTOCOL: it is something else (the text says what and where).
 */
iso_must_use int spec_from_json(struct arena *arena, const char *text, size_t len,
	struct alloc_spec **ret, struct iso_err *err);

#endif
