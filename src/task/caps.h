/* Capabilities: names and masks, and what a task gets of them (B-130 to B-138). */
#ifndef TASK_CAPS_H
#define TASK_CAPS_H

#include "base/arena.h"
#include "base/err.h"
#include "task/config.h"

/* Docker's default list less net_raw: what the reference gives and allows by default (B-132). */
#define TASK_CAPS_NOMAD_DEFAULT 0xa80405fbULL

/** task_caps_all() - every capability up to @last_cap */
uint64_t task_caps_all(unsigned last_cap);

/** task_cap_name() - lower case, without "cap_": "net_raw"; NULL for a bit without a name */
const char *task_cap_name(unsigned cap);

/**
 * task_caps_parse() - names as a mask: blanks trimmed, case ignored, one leading "cap_" dropped, ""
 * ignored, "all" is every capability of the running kernel (B-130, B-131)
 * @ret_unknown: the names that are none, sorted, "a, b" (B-113); NULL when all are known
 */
uint64_t task_caps_parse(struct arena *arena, const struct task_strings *names, unsigned last_cap,
	const char **ret_unknown);

/** task_caps_text() - names of a mask, sorted by name, joined by ", " */
const char *task_caps_text(struct arena *arena, uint64_t mask);

/** task_caps_result() - ((basis & allowed) - drop) | add (B-133): an add wins over a drop of the
 * same name */
uint64_t task_caps_result(uint64_t basis, uint64_t allowed, uint64_t add, uint64_t drop);

#endif
