/*
 * The plan: a pure function of a task's configuration and the facts of the host. No kernel call, no
 * clock, no randomness: the same input gives the same bytes. plan/order.c states the order of
 * isolation.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/err.h"
#include "host/facts.h"
#include "plan/result.h"
#include "task/config.h"

/**
 * plan_build() - everything that one start will do, in kernel order
 * @arena:  for temporary and warning strings
 * @ret:    steps_builder_done(&ret->steps) is the caller's
 *
 * Return: 0; -1 with ISO_FAULT_INPUT: the task asks for what it may not or cannot have here; the
 * text begins with "FILE:LINE:COLUMN: " when the place is known and holds the reference's words
 * (B-112, B-118, B-15x).
 */
iso_must_use int plan_build(struct arena *arena, const struct task_config *task,
	const struct host_facts *facts, struct plan_result *ret, struct iso_err *err);

/** plan_print_text() - one line a step, phases as headings, reasons from the order table when
 * @verbose */
void plan_print_text(const struct steps *steps, bool verbose, struct buf *out);

/** plan_print_json() - {"version":1,"steps":[{"op":"mask","path":"/proc/keys"},...]}: stable, for
 * golden files */
void plan_print_json(const struct steps *steps, struct buf *out);

#endif
