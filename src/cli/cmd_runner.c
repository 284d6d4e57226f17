/* isoexec runner STATE/<alloc>: what `run -detach` leaves behind; not for people (alloc/runner.h).
 */
#include <fcntl.h>

#include "alloc/runner.h"
#include "cli/command.h"
#include "cli/say.h"

enum {
	TELL_FD = 3
};

static int main_runner(const struct command *self, char **argv, size_t argc)
{
	struct iso_err err = ISO_ERR_INIT;
	int tell_fd = fcntl(TELL_FD, F_SETFD, FD_CLOEXEC) ? -1 : TELL_FD;

	(void)self;
	if (argc != 1) {
		say("runner takes the state directory of an alloc");
		return EXIT_USAGE;
	}
	if (!runner_main(argv[0], tell_fd, &err))
		return EXIT_OK;
	say("%s", err.text);
	return EXIT_FAILED;
}

const struct command cmd_runner = {
	.name = "runner",
	.usage = "STATE-DIRECTORY-OF-AN-ALLOC",
	.summary = NULL, /* not listed */
	.main = main_runner,
};
