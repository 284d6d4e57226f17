/* isoexec run: the tasks of a job file, or one command, in the foreground. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "alloc/alloc_run.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/detach.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "job/lang.h"
#include "run/sweep.h"

struct run_options {
	struct setup_options setup; /* first: the shared tables' offsets */
	bool keep, raw, verbose, detach;
};

static const struct option own[] = {
	{"detach", OPTION_FLAG, offsetof(struct run_options, detach), NULL,
		"return when the tasks are started, and say the alloc's id"},
	{"keep", OPTION_FLAG, offsetof(struct run_options, keep), NULL,
		"leave the alloc directory and say where it is"},
	{"raw", OPTION_FLAG, offsetof(struct run_options, raw), NULL,
		"pass control bytes to a terminal"},
	{"verbose", OPTION_FLAG, offsetof(struct run_options, verbose), NULL,
		"tell what happens, also for '-- COMMAND'"},
};
static const struct option_table own_options = {own, iso_len(own)};

static int fail(struct setup *s, const struct iso_err *err)
{
	say_rendered(&s->messages);
	say("%s", err->text);
	return EXIT_RUN_FAILED;
}

static size_t count_tasks(const struct setup *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_allocs; i++)
		n += s->allocs[i]->n_tasks;
	return n;
}

/* While the tasks run: what killed processes of ours have left behind. */
static void sweep(void *context)
{
	const struct setup *s = context;
	run_sweep(setup_state_dir(s), setup_data_dir(s));
}

static int run(struct setup *s, const struct run_options *o, struct iso_err *err)
{
	struct console console;
	const struct life_watcher watcher = console_watcher(&console);
	const struct alloc_run_in in = {
		.allocs = s->allocs,
		.n_allocs = s->n_allocs,
		.machine = &s->machine,
		.watcher = &watcher,
		.keep = o->keep,
		.settled = sweep,
		.context = s,
	};
	int status = EXIT_RUN_FAILED;

	say_rendered(&s->messages); /* warnings of the job file */
	(void)signal(SIGPIPE, SIG_IGN);
	if (o->detach)
		return detach(s, &status, err) ? fail(s, err) : status;
	console_init(&console, s->n_allocs, count_tasks(s), !s->from_file && !o->verbose, o->raw);
	int r = alloc_run(s->arena, &in, &status, err);
	console_done(&console);
	if (r)
		return fail(s, err);
	for (size_t i = 0; o->keep && i < s->n_allocs; i++)
		say("kept '%s'", s->allocs[i]->tasks[0].config.alloc_dir);
	return status;
}

static const struct option_table *const tables[] = {
	&own_options, &setup_place_options, &setup_job_options, &setup_command_options, NULL};

static int main_run(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	own_arena arena = arena_new(LANG_ARENA_BYTES);
	struct iso_err err = ISO_ERR_INIT;
	struct run_options options = {0};
	struct setup s = {.arena = arena, .options = &options.setup, .messages = BUF_INIT};
	struct arguments arguments;

	if (options_parse(
		    tables, iso_len(tables) - 1, argv, argc, &options, arena, &arguments, &err) ||
		setup_machine(&s, &err) || setup_allocs(&s, &arguments, SETUP_RANDOM_IDS, &err))
		return fail(&s, &err);
	if (!s.machine.facts.is_root) {
		(void)iso_err_set(&err, ISO_FAULT_SYSTEM, 0,
			"run needs root to isolate a task: start it with sudo (validate, plan and "
			"host work without)");
		return fail(&s, &err);
	}
	int status = run(&s, &options, &err);
	buf_done(&s.messages);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[options] FILE|-  or  run [options] -- COMMAND [ARG...]",
	.summary = "run a job file or one command, isolated, in the foreground",
	.main = main_run,
	.tables = tables,
};
