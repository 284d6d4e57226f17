/* Strict decimal numbers (num.h). */
#include "base/num.h"

bool num_u64_at(const char **at, uint64_t *ret)
{
	const char *p = *at;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return false;
	*at = p;
	*ret = value;
	return true;
}

bool num_u64(const char *text, uint64_t *ret)
{
	uint64_t value;

	if (!num_u64_at(&text, &value) || *text)
		return false;
	*ret = value;
	return true;
}
