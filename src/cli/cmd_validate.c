/* isoexec validate: everything that is wrong with a job file, without running or needing anything.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "job/lang.h"
#include "plan/plan.h"

/* In an arena of its own: a job may have thousands of tasks, one plan at a time is enough. */
static bool plan_is_good(struct setup *s, const struct task_config *c)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct host_facts facts = s->machine.facts;
	struct plan_result plan;

	if (host_facts_for_task(arena, c, &facts, &err) ||
		plan_build(arena, c, &facts, &plan, &err)) {
		say("task '%s': %s", c->task_name, err.text);
		return false;
	}
	for (size_t i = 0; i < plan.n_warnings; i++)
		say("task '%s': warning: %s", c->task_name, plan.warnings[i].text);
	steps_builder_done(&plan.steps);
	return true;
}

static bool plans_are_good(struct setup *s)
{
	bool good = true;

	for (size_t a = 0; a < s->n_allocs; a++)
		for (size_t t = 0; t < s->allocs[a]->n_tasks; t++)
			good = plan_is_good(s, &s->allocs[a]->tasks[t].config) && good;
	return good;
}

static const struct option_table *const tables[] = {&setup_place_options, &setup_job_options, NULL};

static int main_validate(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	own_arena arena = arena_new(LANG_ARENA_BYTES);
	struct iso_err err = ISO_ERR_INIT;
	struct setup_options options = {0};
	struct setup s = {.arena = arena, .options = &options, .messages = BUF_INIT};
	struct arguments arguments;
	int status = EXIT_OK;
	own_buf out = BUF_INIT;

	if (options_parse(
		    tables, iso_len(tables) - 1, argv, argc, &options, arena, &arguments, &err) ||
		setup_machine(&s, &err) || setup_allocs(&s, &arguments, SETUP_FIXED_IDS, &err))
		status = EXIT_USAGE;
	say_rendered(&s.messages);
	if (status) {
		say("%s", err.text);
		return status;
	}
	if (!plans_are_good(&s))
		return EXIT_USAGE;
	buf_printf(&out, "%s: valid\n", arguments.n_words ? arguments.words[0] : "command");
	return say_clean(stdout, &out) ? EXIT_FAILED : EXIT_OK;
}

const struct command cmd_validate = {
	.name = "validate",
	.usage = "[options] FILE|-",
	.summary = "print every problem of a job file",
	.main = main_validate,
	.tables = tables,
};
