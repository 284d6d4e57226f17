/* isoexec plan: every kernel step that a job would take here, in order, as text or JSON. Nothing is
 * touched. */
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "job/lang.h"
#include "plan/plan.h"

struct plan_options {
	struct setup_options setup; /* first: the shared tables' offsets */
	bool json, verbose;
};

static const struct option own[] = {
	{"json", OPTION_FLAG, offsetof(struct plan_options, json), NULL,
		"one JSON document a task"},
	{"verbose", OPTION_FLAG, offsetof(struct plan_options, verbose), NULL,
		"with the reason for each place in the order"},
};
static const struct option_table own_options = {own, iso_len(own)};

static int print_plan(struct setup *s, const struct plan_options *o, const struct task_config *c,
	struct buf *out, struct iso_err *err)
{
	own_arena arena = arena_new(0); /* of one task: a job may have thousands */
	struct host_facts facts = s->machine.facts;
	struct plan_result plan;
	own_buf bytes = BUF_INIT;
	struct steps steps;

	if (host_facts_for_task(arena, c, &facts, err) || plan_build(arena, c, &facts, &plan, err))
		return -1;
	for (size_t i = 0; i < plan.n_warnings; i++)
		say("task '%s': warning: %s", c->task_name, plan.warnings[i].text);
	int r = steps_finish(&plan.steps, &bytes, err);
	steps_builder_done(&plan.steps);
	if (r || steps_read(bytes.data, bytes.len, &steps, err))
		return -1;
	if (o->json) {
		plan_print_json(&steps, out);
		return 0;
	}
	buf_printf(out, "# task '%s'\n", c->task_name);
	plan_print_text(&steps, o->verbose, out);
	return 0;
}

static int print_all(
	struct setup *s, const struct plan_options *o, struct buf *out, struct iso_err *err)
{
	for (size_t a = 0; a < s->n_allocs; a++)
		for (size_t t = 0; t < s->allocs[a]->n_tasks; t++)
			if (print_plan(s, o, &s->allocs[a]->tasks[t].config, out, err))
				return -1;
	return 0;
}

static const struct option_table *const tables[] = {
	&own_options, &setup_place_options, &setup_job_options, &setup_command_options, NULL};

static int main_plan(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	own_arena arena = arena_new(LANG_ARENA_BYTES);
	struct iso_err err = ISO_ERR_INIT;
	struct plan_options options = {0};
	struct setup s = {.arena = arena, .options = &options.setup, .messages = BUF_INIT};
	struct arguments arguments;
	own_buf out = BUF_INIT;

	int r = options_parse(tables, iso_len(tables) - 1, argv, argc, &options, arena, &arguments,
			&err) ||
		setup_machine(&s, &err) || setup_allocs(&s, &arguments, SETUP_FIXED_IDS, &err) ||
		print_all(&s, &options, &out, &err);
	say_rendered(&s.messages);
	if (r) {
		say("%s", err.text);
		return EXIT_USAGE;
	}
	/* JSON for a program keeps its bytes */
	bool bad = options.json && !isatty(STDOUT_FILENO)
			   ? fputs(buf_text(&out), stdout) < 0 || fflush(stdout)
			   : say_clean(stdout, &out);
	return bad ? EXIT_FAILED : EXIT_OK;
}

const struct command cmd_plan = {
	.name = "plan",
	.usage = "[options] FILE|-  or  plan [options] -- COMMAND [ARG...]",
	.summary = "print every kernel step that would be taken",
	.main = main_plan,
	.tables = tables,
};
