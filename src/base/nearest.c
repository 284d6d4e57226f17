/* Edit distance between short names (nearest.h). */
#include "base/nearest.h"

#include <string.h>

enum {
	MOST = 64
};

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned rows[3][MOST];
	size_t la = strlen(a), lb = strlen(b);

	if (la >= MOST || lb >= MOST)
		return ~0U;
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned d = last[j - 1] + (a[i - 1] != b[j - 1]);
			d = least(d, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = least(d, before[j - 2] + 1);
			now[j] = d;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

int nearest_close(const char *written, const char *name)
{
	size_t len = strlen(name);
	return nearest_distance(written, name) <= (len < 3 ? 1 : len / 3);
}
