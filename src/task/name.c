/* The validator of name.h. */
#include "task/name.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/clean.h"

enum {
	MOST_BYTES = 128
};

static bool allowed(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

int task_name_check(const char *name, struct iso_err *err)
{
	static const char *const reserved[] = {
		"alloc", "local", "secrets", "private", "tmp", "logs"};
	size_t len = strlen(name);
	bool bad = len == 0 || len > MOST_BYTES || name[0] == '.' || name[0] == '-';

	for (size_t i = 0; i < len && !bad; i++)
		bad = !allowed(name[i]);
	if (bad)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"name '%.128s' cannot be used: expected 1 to %d letters, digits, '_', '.', "
			"'-', not "
			"beginning with '.' or '-'",
			name, MOST_BYTES);
	for (size_t i = 0; i < iso_len(reserved); i++)
		if (!strcasecmp(name, reserved[i]))
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"name '%s' cannot be used: the alloc directory has a directory of "
				"that name",
				name);
	return 0;
}

int task_env_name_check(const char *name, size_t len, struct iso_err *err)
{
	if (len && !memchr(name, '=', len) && clean_is_plain(name, len))
		return 0;
	return iso_err_set(err, ISO_FAULT_INPUT, 0,
		"'%.*s' cannot be the name of an environment variable: expected one or more "
		"characters, no '=', no control characters",
		(int)(len < MOST_BYTES ? len : MOST_BYTES), name);
}

int task_title_check(const char *title, struct iso_err *err)
{
	if (clean_is_plain(title, strlen(title)))
		return 0;
	return iso_err_set(err, ISO_FAULT_INPUT, 0,
		"'%.*s' cannot be used: it holds a control character or is no UTF-8", MOST_BYTES,
		title);
}
