/* Numbers and ranges of numbers (ids.h). */
#include "task/ids.h"

#include <stddef.h>
#include <string.h>

/* A decimal of at most 32 bits at *at; moves *at behind it. */
static int number(const char **at, uint32_t *ret)
{
	uint64_t n = 0;
	const char *start = *at;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		n = n * 10 + (uint64_t)(**at - '0');
		if (n > UINT32_MAX)
			return -1;
	}
	*ret = (uint32_t)n;
	return *at == start ? -1 : 0;
}

int task_id_parse(const char *text, uint32_t *ret)
{
	const char *at = text;

	if (number(&at, ret) || *at || *ret == UINT32_MAX)
		return -1;
	return text[0] == '0' && text[1] ? -1 : 0;
}

/* One item "7" or "7-9" at *at; leaves *at behind it. */
static int item(const char **at, uint32_t *ret_low, uint32_t *ret_high)
{
	if (number(at, ret_low))
		return -1;
	*ret_high = *ret_low;
	if (**at != '-')
		return 0;
	(*at)++;
	return number(at, ret_high);
}

int task_ids_check(const char *ranges, const char *label, struct iso_err *err)
{
	if (!ranges || !*ranges)
		return 0;
	for (const char *at = ranges;; at++) {
		const char *start = at;
		uint32_t low, high;
		int len = (int)strcspn(start, ",");
		if (item(&at, &low, &high) || (*at && *at != ','))
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"invalid range %s \"%.*s\": range bound not valid", label, len,
				start);
		if (low > high)
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"invalid range %s \"%.*s\": lower bound cannot be greater than "
				"upper bound",
				label, len, start);
		if (!*at)
			return 0;
	}
}

bool task_ids_has(const char *ranges, uint32_t id)
{
	if (!ranges || !*ranges)
		return false;
	for (const char *at = ranges;; at++) {
		uint32_t low, high;
		if (item(&at, &low, &high))
			return false;
		if (id >= low && id <= high)
			return true;
		if (*at != ',')
			return false;
	}
}
