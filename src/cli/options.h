/*
 * The option parser: each command has a table of descriptors, values go into the command's own
 * structure by offset. Single or double dash, "-name value" or "-name=value", as people who type
 * Nomad's commands are used to.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "task/config.h"

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_STRING, /* const char * */
	OPTION_LIST,   /* struct task_strings, may be given several times */
	OPTION_NUMBER, /* uint64_t, decimal */
	OPTION_COUNT, /* the same; the word behind it is its value only when it is a number, else it
			 is OPTION_COUNT_ALONE */
};

#define OPTION_COUNT_ALONE (UINT64_MAX - 1)

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset;     /* of the field in the command's structure */
	const char *value; /* its name in help, NULL for flags */
	const char *help;
};

struct option_table {
	const struct option *options;
	size_t n;
};

/* What is left after the options. */
struct arguments {
	const char **words; /* before "--" */
	size_t n_words;
	const char **command; /* after "--" */
	size_t n_command;
	bool has_command; /* "--" was there */
};

/**
 * options_parse() - fill @into from @argv (without program and command name)
 * Return: 0; -1 ISO_FAULT_INPUT: unknown option (with the nearest name), missing or wrong value.
 */
iso_must_use int options_parse(const struct option_table *const *tables, size_t n_tables,
	char **argv, size_t argc, void *into, struct arena *arena, struct arguments *ret,
	struct iso_err *err);

/**
 * options_head() - the same up to the first word that is no option: the rest is a command's
 * @ret_used: words of @argv that were read
 */
iso_must_use int options_head(const struct option_table *const *tables, char **argv, size_t argc,
	void *into, struct arena *arena, size_t *ret_used, struct iso_err *err);

/** options_help() - one line an option, aligned */
void options_help(const struct option_table *const *tables, size_t n_tables, struct buf *out);

#endif
