/* Go's durations (duration.h). */
#include "task/duration.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"

static const struct {
	const char *name;
	double ns;
} units[] = {{"ns", 1}, {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"\xce\xbcs", 1e3}, {"ms", 1e6},
	{"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}};

static double unit(const char **at)
{
	size_t best = 0;
	double ns = 0;

	for (size_t i = 0; i < iso_len(units); i++) {
		size_t len = strlen(units[i].name);
		if (len > best && !strncmp(*at, units[i].name, len)) {
			best = len;
			ns = units[i].ns;
		}
	}
	*at += best;
	return ns;
}

static int number(const char **at, double *ret)
{
	const char *start = *at;
	double scale = 1;

	*ret = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		*ret = *ret * 10 + (**at - '0');
	size_t digits = (size_t)(*at - start);
	if (**at == '.')
		for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, digits++) {
			scale /= 10;
			*ret += (**at - '0') * scale;
		}
	return digits ? 0 : -1;
}

int task_duration_parse(const char *text, int64_t *ret_ns)
{
	double total = 0;
	int sign = *text == '-' ? -1 : 1;

	text += *text == '-' || *text == '+';
	if (!strcmp(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!*text)
		return -1;
	while (*text) {
		double n, ns;
		if (number(&text, &n))
			return -1;
		ns = unit(&text);
		if (ns == 0)
			return -1;
		total += n * ns;
	}
	if (total > 9.2e18)
		return -1;
	*ret_ns = sign * (int64_t)(total + 0.5);
	return 0;
}
