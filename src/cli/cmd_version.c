/* isoexec version */
#include <stdio.h>

#include "cli/command.h"

static int main_version(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	(void)argv;
	(void)argc;
	(void)puts("isoexec " ISO_VERSION);
	return EXIT_OK;
}

const struct command cmd_version = {
	.name = "version",
	.usage = "",
	.summary = "print the version",
	.main = main_version,
};
