/* Arena of chunks; see arena.h for the contract. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 16 * 1024,
	ALIGN_BYTES = 16,
	EXIT_OUT_OF_MEMORY = 125
};

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) unsigned char data[];
};

struct arena {
	struct chunk *head;
	size_t used, limit;
};

static _Noreturn void out_of_memory(size_t size)
{
	(void)fprintf(stderr, "isoexec: out of memory (asked for %zu bytes more)\n", size);
	_exit(EXIT_OUT_OF_MEMORY);
}

struct arena *arena_new(size_t limit_bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	if (arena)
		arena->limit = limit_bytes;
	return arena;
}

struct arena *arena_free(struct arena *arena)
{
	if (!arena)
		return NULL;
	for (struct chunk *c = arena->head, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(arena);
	return NULL;
}

void own_arena_done(struct arena **arena)
{
	*arena = arena_free(*arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		out_of_memory(size);
	size = (size + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);

	struct chunk *c = arena->head;
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
		c = calloc(1, sizeof(*c) + room);
		if (!c)
			out_of_memory(size);
		c->size = room;
		c->next = arena->head;
		arena->head = c;
	}
	void *p = c->data + c->used;
	c->used += size;
	(void)arena_spend(arena, size);
	return p;
}

bool arena_spend(struct arena *arena, size_t cost_bytes)
{
	arena->used = cost_bytes > SIZE_MAX - arena->used ? SIZE_MAX : arena->used + cost_bytes;
	return !arena_is_full(arena);
}

bool arena_is_full(const struct arena *arena)
{
	return arena->limit && arena->used > arena->limit;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		out_of_memory(count);
	return arena_alloc(arena, count * size);
}

void *arena_grow(
	struct arena *arena, const void *old, size_t count_old, size_t count_new, size_t size)
{
	void *grown = arena_array(arena, count_new, size);
	if (count_old)
		memcpy(grown, old, count_old * size);
	return grown;
}

void *arena_push(struct arena *arena, void *old, size_t n, size_t size)
{
	bool full = (n & (n - 1)) == 0; /* 0, 1, 2, 4, 8 ... */

	return full ? arena_grow(arena, old, n, n ? n * 2 : 1, size) : old;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);
	memcpy(copy, text, len);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		out_of_memory(0);
	char *text = arena_alloc(arena, (size_t)n + 1);
	(void)vsnprintf(text, (size_t)n + 1, format, ap);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *text = arena_vprintf(arena, format, ap);
	va_end(ap);
	return text;
}

size_t arena_limit(const struct arena *arena)
{
	return arena->limit;
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}
