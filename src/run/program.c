/* Finding our sibling programs (program.h). */
#include "run/program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef ISO_LIBEXECDIR
#define ISO_LIBEXECDIR "/usr/local/libexec/isoexec"
#endif

static int own_directory(char *ret, struct iso_err *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, PROGRAM_PATH_MAX - 1);
	if (n < 0)
		return iso_err_sys(err, "read the link '/proc/self/exe'");
	ret[n] = '\0';
	char *slash = strrchr(ret, '/');
	if (!slash)
		return iso_err_set(
			err, ISO_FAULT_SYSTEM, ENOENT, "find the own directory: '%s'", ret);
	*slash = '\0';
	return 0;
}

int program_find(const char *name, char ret[static PROGRAM_PATH_MAX], struct iso_err *err)
{
	char own[PROGRAM_PATH_MAX];
	if (own_directory(own, err))
		return -1;

	static const struct {
		bool below_own;
		const char *path;
	} places[] = {
		{true, ""},
		{true, "/../libexec/isoexec"},
		{false, ISO_LIBEXECDIR},
	};
	for (size_t i = 0; i < iso_len(places); i++) {
		int n = snprintf(ret, PROGRAM_PATH_MAX, "%s%s/%s", places[i].below_own ? own : "",
			places[i].path, name);
		if (n > 0 && n < PROGRAM_PATH_MAX && access(ret, R_OK) == 0)
			return 0;
	}
	return iso_err_set(err, ISO_FAULT_SYSTEM, ENOENT, "find '%s': looked in '%s' and in '%s'",
		name, own, ISO_LIBEXECDIR);
}
