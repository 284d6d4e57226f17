/* Sorted names (names.h). */
#include "base/names.h"

#include <stdlib.h>
#include <string.h>

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t least = a_len < b_len ? a_len : b_len;
	int order = least ? memcmp(a, b, least) : 0;

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_name(const void *a, const void *b)
{
	const struct name_at *x = a, *y = b;
	int order = compare(x->name, x->len, y->name, y->len);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

void names_sort(struct name_at *v, size_t n)
{
	if (n)
		qsort(v, n, sizeof(*v), by_name);
}

const struct name_at *names_find(const struct name_at *v, size_t n, const char *name, size_t len)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(v[middle].name, v[middle].len, name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && !compare(v[low].name, v[low].len, name, len) ? &v[low] : NULL;
}

bool names_equal(const struct name_at *a, const struct name_at *b)
{
	return !compare(a->name, a->len, b->name, b->len);
}
