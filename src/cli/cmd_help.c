/* isoexec help: the table of commands; the manual page has the rest. */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cli/setup.h"

/* Tables that several commands have. */
static const struct {
	const struct option_table *table;
	const char *title;
} shared[] = {
	{&setup_place_options, "where things are (run, validate, plan):"},
	{&setup_job_options, "with a job file:"},
	{&setup_command_options, "with '-- COMMAND':"},
};

static void print_table(const struct option_table *table, const char *title)
{
	own_buf out = BUF_INIT;

	buf_printf(&out, "\n%s%s", title, *title ? "\n" : "");
	options_help(&table, 1, &out);
	(void)fputs(buf_text(&out), stdout);
}

static void print_own_options(const struct command *c)
{
	for (size_t i = 0; c->tables && c->tables[i]; i++) {
		const char *title = "";
		for (size_t k = 0; k < iso_len(shared); k++)
			if (shared[k].table == c->tables[i])
				title = shared[k].title;
		print_table(c->tables[i], title);
	}
}

static int help_on(const char *name)
{
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *c = commands[i];
		if (strcmp(name, c->name) != 0)
			continue;
		(void)printf("isoexec %s%s%s\n", c->name, *c->usage ? " " : "", c->usage);
		if (c->summary)
			(void)printf("\n%s\n", c->summary);
		print_own_options(c);
		return EXIT_OK;
	}
	say("help: there is no command '%s': see 'isoexec help'", name);
	return EXIT_USAGE;
}

static int main_help(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	if (argc)
		return help_on(argv[0]);
	(void)puts("isoexec runs a command from a Nomad job file, isolated by the kernel.\n");
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i]->summary) /* else it is not for people */
			(void)printf(
				"  isoexec %-9s %s\n", commands[i]->name, commands[i]->summary);
	for (size_t i = 0; i < iso_len(shared); i++)
		print_table(shared[i].table, shared[i].title);
	(void)puts("\nSee isoexec(1) and isoexec.hcl(5).");
	return EXIT_OK;
}

const struct command cmd_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "print this text",
	.main = main_help,
};
