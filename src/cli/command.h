/* A command of isoexec: one file each, opened by its entry. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stddef.h>

struct option_table;

struct command {
	const char *name;
	const char *usage;   /* what follows the name */
	const char *summary; /* one line */
	int (*main)(const struct command *self, char **argv,
		size_t argc); /* argv after the name; returns the exit status */
	const struct option_table *const
		*tables; /* of its options, ends with NULL; NULL: it has none */
};

/* Exit status: `run` uses 125 to 127 beside the task's own; the others 0, 1 failed, 2 usage or
 * input. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_RUN_FAILED = 125,
};

extern const struct command cmd_run, cmd_validate, cmd_plan, cmd_host, cmd_version, cmd_help,
	cmd_runner;
extern const struct command cmd_exec, cmd_events, cmd_fs, cmd_gc, cmd_inspect, cmd_logs, cmd_ps,
	cmd_restart, cmd_signal, cmd_stats, cmd_status, cmd_stop;
extern const struct command *const commands[];
extern const size_t n_commands;

#endif
