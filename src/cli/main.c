/*
 * isoexec: the table of commands and nothing else. Also says hello to people who type a job file
 * where a command belongs.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/nearest.h"
#include "cli/command.h"
#include "cli/say.h"

const struct command *const commands[] = {&cmd_run, &cmd_validate, &cmd_plan, &cmd_ps, &cmd_status,
	&cmd_inspect, &cmd_logs, &cmd_exec, &cmd_events, &cmd_signal, &cmd_stop, &cmd_restart,
	&cmd_stats, &cmd_fs, &cmd_gc, &cmd_host, &cmd_version, &cmd_help, &cmd_runner};
const size_t n_commands = iso_len(commands);

static const struct command *find(const char *name)
{
	while (*name == '-')
		name++; /* --help and --version are asked for everywhere */
	if (!strcmp(name, "h"))
		return &cmd_help;
	for (size_t i = 0; i < n_commands; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (nearest_close(name, commands[i]->name)) {
			say("unknown command '%s': did you mean '%s'?", name, commands[i]->name);
			return EXIT_USAGE;
		}
	say("unknown command '%s': see 'isoexec help'", name);
	return EXIT_USAGE;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "-h") || !strcmp(word, "-help") || !strcmp(word, "--help");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		(void)cmd_help.main(&cmd_help, NULL, 0);
		return EXIT_USAGE;
	}
	const struct command *command = find(argv[1]);
	if (!command)
		return unknown(argv[1]);
	if (argc > 2 && is_help(argv[2]))
		return cmd_help.main(&cmd_help, argv + 1, 1);
	return command->main(command, argv + 2, (size_t)argc - 2);
}
