/* The nearest of a list of names, for "did you mean". */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/** nearest_distance() - edits (insert, delete, replace, swap of neighbours) between two names, at
 * most 63 bytes each; larger = ~0 */
unsigned nearest_distance(const char *a, const char *b);

/** nearest_close() - near enough to be meant: a third of the length */
int nearest_close(const char *written, const char *name);

#endif
