/*
 * Arena: memory of a tree that dies together (HCL syntax, values, job model, task config). No
 * reference counts, no single frees.
 *
 * An arena is also a meter: what is made for hostile input, and the work done for it
 * (arena_spend()), counts against the limit given at the start. Whoever reads such input asks
 * arena_is_full() where it goes on to the next piece, tells the person, and stops; a single
 * allocation is never refused for the limit, so that no other caller has to look.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct arena;

/** arena_new() - @limit_bytes: above it arena_is_full() says so, 0 = no limit. NULL only when out
 * of memory. */
struct arena *arena_new(size_t limit_bytes);
struct arena *arena_free(struct arena *arena);
void own_arena_done(struct arena **arena);
#define own_arena iso_cleanup(own_arena_done) struct arena *

/** arena_spend() - count @cost_bytes, which stand for work or for memory elsewhere, against the
 * limit. Return: false when the arena is full now; what is over the limit is counted all the same.
 */
bool arena_spend(struct arena *arena, size_t cost_bytes);
bool arena_is_full(const struct arena *arena);
/** arena_limit() - as given to arena_new() */
size_t arena_limit(const struct arena *arena);

/**
 * arena_alloc() - zeroed memory, aligned for any type
 *
 * Never returns NULL: when the machine's memory is at its end the process prints one line to stderr
 * and exits with status 125. Only front ends (which parse on behalf of one person) use arenas,
 * never a supervisor.
 */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/** arena_array() - like calloc, overflow checked */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
/** arena_grow() - a copy of @old (count_old elements) with room for count_new; @old stays valid
 * until the arena dies */
void *arena_grow(struct arena *arena, const void *old, size_t count_old, size_t count_new,
	size_t size) __attribute__((returns_nonnull));
/**
 * arena_push() - room for one more element behind the @n of an array that grows only by this call
 *
 * Doubles the array when it is full, which is when @n is 0 or a power of two: growing costs less
 * than twice the array's final size, however many elements come. @old may be left over: use what is
 * returned. `v = arena_push(arena, v, n, sizeof(*v)); v[n++] = x;`
 */
void *arena_push(struct arena *arena, void *old, size_t n, size_t size)
	__attribute__((returns_nonnull));
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *text, size_t len)
	__attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...) iso_printf(2, 3)
	__attribute__((returns_nonnull));
char *arena_vprintf(struct arena *arena, const char *format, va_list ap) iso_printf(2, 0)
	__attribute__((returns_nonnull));
/** arena_used() - bytes handed out and costs counted */
size_t arena_used(const struct arena *arena);

#define arena_new_of(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
