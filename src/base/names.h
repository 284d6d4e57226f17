/* Finding a name among many, and names that stand twice: by sorting, because a hostile file chooses
 * the names and how many there are. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A name and where its owner keeps what belongs to it. */
struct name_at {
	const char *name; /* @len bytes */
	size_t len;
	size_t at; /* index in the owner's array */
};

/** names_sort() - by bytes; equal names by @at */
void names_sort(struct name_at *v, size_t n);
/** names_find() - the first of those that are equal, NULL = none; @v is sorted */
const struct name_at *names_find(const struct name_at *v, size_t n, const char *name, size_t len);
/** names_equal() - do two neighbours have the same name? */
bool names_equal(const struct name_at *a, const struct name_at *b);

#endif
