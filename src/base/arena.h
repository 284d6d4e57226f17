/*
 * Arena: memory of a tree that dies together (HCL syntax, values, job model, task config). No
 * reference counts, no single frees. Running out of memory, or over the limit given at the start,
 * ends in arena_failed(); allocation itself then aborts the parse through the caller's check, see
 * arena_new().
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/attr.h"

struct arena;

/** arena_new() - @limit_bytes: most that will be handed out, 0 = no limit. NULL only when out of
 * memory. */
struct arena *arena_new(size_t limit_bytes);
struct arena *arena_free(struct arena *arena);
void own_arena_done(struct arena **arena);
#define own_arena iso_cleanup(own_arena_done) struct arena *

/**
 * arena_alloc() - zeroed memory, aligned for any type
 *
 * Never returns NULL: when the limit or the machine's memory is reached the process prints one line
 * to stderr and exits with status 125. Only front ends (which parse on behalf of one person) use
 * arenas, never a supervisor.
 */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/** arena_array() - like calloc, overflow checked */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
/** arena_grow() - a copy of @old (count_old elements) with room for count_new; @old stays valid
 * until the arena dies */
void *arena_grow(struct arena *arena, const void *old, size_t count_old, size_t count_new,
	size_t size) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *text, size_t len)
	__attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...) iso_printf(2, 3)
	__attribute__((returns_nonnull));
char *arena_vprintf(struct arena *arena, const char *format, va_list ap) iso_printf(2, 0)
	__attribute__((returns_nonnull));
size_t arena_used(const struct arena *arena);

#define arena_new_of(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
