/* isoexec help: the table of commands; the manual page has the rest. */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/setup.h"

static void print_options(void)
{
	static const struct {
		const char *title;
		const struct option_table *table;
	} parts[] = {
		{"options of run, validate and plan:", &setup_place_options},
		{"with a job file:", &setup_job_options},
		{"with '-- COMMAND':", &setup_command_options},
	};
	own_buf out = BUF_INIT;

	for (size_t i = 0; i < iso_len(parts); i++) {
		buf_printf(&out, "\n%s\n", parts[i].title);
		options_help(&parts[i].table, 1, &out);
	}
	(void)fputs(buf_text(&out), stdout);
}

static void print_own_options(const struct command *c)
{
	own_buf out = BUF_INIT;
	size_t n = 0;

	while (c->tables[n])
		n++;
	options_help(c->tables, n, &out);
	(void)printf("\n%s", buf_text(&out));
}

static int main_help(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	for (size_t i = 0; argc && i < n_commands; i++)
		if (!strcmp(argv[0], commands[i]->name)) {
			(void)printf("isoexec %s %s\n\n%s\n", commands[i]->name, commands[i]->usage,
				commands[i]->summary);
			if (commands[i]->tables)
				print_own_options(commands[i]);
			else
				print_options();
			return EXIT_OK;
		}
	(void)puts("isoexec runs a command from a Nomad job file, isolated by the kernel.\n");
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i]->summary) /* else it is not for people */
			(void)printf(
				"  isoexec %-9s %s\n", commands[i]->name, commands[i]->summary);
	print_options();
	(void)puts("\nSee isoexec(1) and isoexec.hcl(5).");
	return EXIT_OK;
}

const struct command cmd_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "print this text",
	.main = main_help,
};
