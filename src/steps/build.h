/* Building a plan: append steps, then seal it into a memfd or keep the bytes (tests, `isoexec
 * plan`). */
#ifndef STEPS_BUILD_H
#define STEPS_BUILD_H

#include "base/buf.h"
#include "steps/steps.h"

struct steps_builder {
	struct steps_header
		header; /* n_steps, sizes are filled by steps_finish(); the rest by the plan */
	struct buf steps, blob;
	uint8_t n_slots;
	bool too_many_slots;
	bool in_session; /* steps that are added now are a session's too */
};

void steps_builder_init(struct steps_builder *b);
void steps_builder_done(struct steps_builder *b);

/** steps_slot() - a new slot number. More than N_SLOTS: SLOT_NONE and steps_finish() fails with
 * ISO_FAULT_LIMIT. */
uint8_t steps_slot(struct steps_builder *b);

/*
 * One call a step, operands by name so that a reader sees the kernel's words:
 *   steps_add(b, (struct step_in){ .op = STEP_MASK, .str = { "/proc/keys" } });
 * A list operand goes in .list[i] (count in .n_list[i]), a blob in .blob[i]/.blob_len[i]; at most
 * one of str/list/blob per operand. .from/.to are slot + 1 so that 0 means none: use SLOT(x).
 */
#define SLOT(slot) ((uint16_t)((slot) + 1))
struct step_in {
	enum step_op op;
	uint16_t from, to; /* SLOT(slot), 0 = none */
	const char *str[N_STEP_STRINGS];
	const char *const *list[N_STEP_STRINGS];
	size_t n_list[N_STEP_STRINGS];
	const void *blob[N_STEP_STRINGS];
	size_t blob_len[N_STEP_STRINGS];
	uint64_t num[N_STEP_NUMBERS];
};
void steps_add(struct steps_builder *b, struct step_in in);

/**
 * steps_finish() - put header, steps and blob together into @ret (emptied first)
 * Return: 0; -1 out of memory, ISO_FAULT_LIMIT when over STEPS_MAX_*.
 */
iso_must_use int steps_finish(struct steps_builder *b, struct buf *ret, struct iso_err *err);

/** steps_seal() - a memfd with @data, sealed against write, grow and shrink; CLOEXEC. Return: fd or
 * -1. */
iso_must_use int steps_seal(const struct buf *data, struct iso_err *err);

#endif
