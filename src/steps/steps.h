/*
 * The plan as bytes: one flat, versioned, relocatable buffer in the task's file. Building is
 * encoding (steps/build.h), reading is bounds checking (here). The supervisor reads it once, before
 * it does anything.
 *
 *   struct steps_header | struct step[n_steps] | blob (strings and lists, NUL-terminated)
 *
 * A string operand is an offset into the blob; its bytes end with a NUL. A list operand is the
 * element count as a decimal string and then the elements, each ended by NUL ("2\0sleep\0\0" is the
 * list of "sleep" and ""): elements may be empty. A blob operand (seccomp program) is bytes,
 * aligned to 8.
 */
#ifndef STEPS_STEPS_H
#define STEPS_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "steps/ops.h"

enum step_op {
#define X(symbol, ...) STEP_##symbol,
	ISO_STEP_OPS(X)
#undef X
};
#define X(symbol, ...) +1
enum {
	N_STEP_OPS = 0 ISO_STEP_OPS(X)
};
#undef X

#define SLOT_NONE 0xff
enum {
	N_SLOTS = 64,
	N_STEP_STRINGS = 3,
	N_STEP_NUMBERS = 3,
	STEPS_MAGIC = 0x306f7369, /* "iso0" */
	STEPS_VERSION = 3,
	STEPS_MAX_BYTES = 4 * 1024 * 1024, /* argv and environment are in it: ARG_MAX is 2 MiB */
	STEPS_MAX_STEPS = 4096,
};

enum step_flags {
	STEP_IN_SESSION = 1, /* exec sessions take this step too (plan/order.c) */
};

struct step {
	uint16_t op;                  /* enum step_op */
	uint8_t from;                 /* slot, or SLOT_NONE */
	uint8_t to;                   /* slot, or SLOT_NONE */
	uint32_t flags;               /* enum step_flags */
	uint32_t str[N_STEP_STRINGS]; /* offsets into the blob; 0 = "" (the blob starts with a NUL)
				       */
	uint32_t len[N_STEP_STRINGS]; /* bytes without the final NUL; a list: all its bytes */
	uint64_t num[N_STEP_NUMBERS];
};

/* What the supervisor needs beside the steps. All numbers are little-endian as the machine's: same
 * machine. */
struct steps_header {
	uint32_t magic, version;
	uint32_t n_steps, blob_bytes;
	uint32_t total_bytes;
	uint32_t kill_signal;
	uint64_t kill_timeout_ms;
	uint64_t mem_limit_bytes; /* for the OOM message; 0 = none */
	uint32_t uid, gid;        /* of the task */
	uint32_t flags;           /* enum steps_flags */
	uint32_t pad;
};

enum steps_flags {
	STEPS_PID_PRIVATE = 1, /* the main process is process 1 of its own pid namespace */
};

struct steps {
	const struct steps_header *header;
	const struct step *step; /* header->n_steps of them */
	const char *blob;
};

/* Static description of an operation, from the list in ops.h. */
struct step_info {
	const char *name;
	const char *string[N_STEP_STRINGS];
	const char *number[N_STEP_NUMBERS];
	const char *slots;
};
extern const struct step_info step_info[N_STEP_OPS];

/* What an operand is, told by its label in ops.h. */
enum step_kind {
	STEP_NO_OPERAND,
	STEP_STRING,
	STEP_LIST,
	STEP_BYTES
};
enum step_kind step_kind(const struct step_info *info, unsigned i);

/**
 * steps_read() - check a buffer and give access to it
 * @data:  the whole buffer; borrowed, must outlive @ret_steps
 *
 * Checks: magic, version, sizes, every op, every slot number, every offset and length inside the
 * blob, every string NUL-terminated and without NUL inside (lists: well-formed). After it no
 * accessor can go out of bounds. Return: 0; -1 with ISO_FAULT_PROTOCOL.
 */
iso_must_use int steps_read(
	const void *data, size_t len, struct steps *ret_steps, struct iso_err *err);

/** steps_str() - string operand @i of @s, "" when unused */
const char *steps_str(const struct steps *steps, const struct step *s, unsigned i);
/** steps_blob() - bytes of operand @i (the seccomp program) and their number */
const void *steps_blob(
	const struct steps *steps, const struct step *s, unsigned i, size_t *ret_len);

/* Lists: for (size_t i = 0; i < steps_list_count(...); i++) or walk with the cursor. */
size_t steps_list_count(const struct steps *steps, const struct step *s, unsigned i);
struct steps_list {
	const char *next;
	size_t left;
};
struct steps_list steps_list(const struct steps *steps, const struct step *s, unsigned i);
/** steps_list_next() - next element or NULL at the end */
const char *steps_list_next(struct steps_list *list);

#endif
