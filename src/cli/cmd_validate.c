/* isoexec validate: everything that is wrong with a job file, without running or needing anything.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/setup.h"
#include "plan/plan.h"

static int check_plans(struct setup *s)
{
	int bad = 0;

	for (size_t a = 0; a < s->n_allocs; a++)
		for (size_t t = 0; t < s->allocs[a]->n_tasks; t++) {
			struct iso_err err = ISO_ERR_INIT;
			struct host_facts facts = s->machine.facts;
			struct plan_result plan;
			const struct task_config *c = &s->allocs[a]->tasks[t].config;
			if (host_facts_for_task(s->arena, c, &facts, &err) ||
				plan_build(s->arena, c, &facts, &plan, &err)) {
				(void)fprintf(
					stderr, "isoexec: task '%s': %s\n", c->task_name, err.text);
				bad++;
				continue;
			}
			for (size_t i = 0; i < plan.n_warnings; i++)
				(void)fprintf(stderr, "isoexec: task '%s': warning: %s\n",
					c->task_name, plan.warnings[i].text);
			steps_builder_done(&plan.steps);
		}
	return bad;
}

static int main_validate(const struct command *self, char **argv, size_t argc)
{
	(void)self;
	static const struct option_table *const tables[] = {
		&setup_place_options, &setup_job_options};
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct setup_options options = {0};
	struct setup s = {.arena = arena, .options = &options, .messages = BUF_INIT};
	struct arguments arguments;
	int status = EXIT_OK;

	if (options_parse(tables, iso_len(tables), argv, argc, &options, arena, &arguments, &err) ||
		setup_machine(&s, &err) || setup_allocs(&s, &arguments, SETUP_FIXED_IDS, &err))
		status = EXIT_USAGE;
	(void)fputs(buf_text(&s.messages), stderr);
	buf_done(&s.messages);
	if (status) {
		(void)fprintf(stderr, "isoexec: %s\n", err.text);
		return status;
	}
	if (check_plans(&s))
		return EXIT_USAGE;
	(void)printf("%s: valid\n", arguments.n_words ? arguments.words[0] : "command");
	return EXIT_OK;
}

const struct command cmd_validate = {
	.name = "validate",
	.usage = "[options] FILE|-",
	.summary = "print every problem of a job file",
	.main = main_validate,
};
