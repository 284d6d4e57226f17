/* Machine facts, and from a configuration to the bytes of a plan. Nothing here changes the machine.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "run/dirs.h"
#include "run/internal.h"

static int no_memory(struct iso_err *err)
{
	return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
}

int iso_machine_new(struct iso_machine **ret, struct iso_err *err)
{
	struct iso_machine *m = calloc(1, sizeof(*m));

	if (!m || !(m->arena = arena_new(0))) {
		free(m);
		return no_memory(err);
	}
	if (host_facts_machine(m->arena, &m->facts, err)) {
		(void)iso_machine_free(m);
		return -1;
	}
	*ret = m;
	return 0;
}

struct iso_machine *iso_machine_free(struct iso_machine *machine)
{
	if (machine)
		(void)arena_free(machine->arena);
	free(machine);
	return NULL;
}

static int plan(struct iso_prepared *p, struct iso_err *err)
{
	struct plan_result result;

	if (host_facts_for_task(p->arena, p->task, &p->facts, err) ||
		plan_build(p->arena, p->task, &p->facts, &result, err))
		return -1;
	p->warnings = arena_array(p->arena, result.n_warnings + 1, sizeof(*p->warnings));
	for (size_t i = 0; i < result.n_warnings; i++)
		p->warnings[i] = result.warnings[i].text;
	int r = steps_finish(&result.steps, &p->plan, err);
	steps_builder_done(&result.steps);
	return r;
}

int iso_prepare(struct iso_machine *machine, struct iso_config *config, struct iso_prepared **ret,
	struct iso_err *err)
{
	if (config_finish(config, err))
		return -1;
	struct iso_prepared *p = calloc(1, sizeof(*p));
	if (!p || !(p->arena = arena_new(0))) {
		free(p);
		return no_memory(err);
	}
	p->task = &config->task;
	p->facts = machine->facts;
	if (plan(p, err)) {
		(void)iso_prepared_free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

struct iso_prepared *iso_prepared_free(struct iso_prepared *prepared)
{
	if (prepared) {
		buf_done(&prepared->plan);
		(void)arena_free(prepared->arena);
	}
	free(prepared);
	return NULL;
}

const char *iso_prepared_warning(const struct iso_prepared *prepared, size_t i)
{
	for (size_t k = 0; prepared->warnings[k]; k++)
		if (k == i)
			return prepared->warnings[k];
	return NULL;
}

int prepared_make_dirs(struct iso_prepared *prepared, struct iso_err *err)
{
	const struct host_user *user = &prepared->facts.user;

	if (prepared->has_dirs)
		return 0;
	if (alloc_dirs_make(prepared->task, user->uid, user->gid, err))
		return -1;
	prepared->has_dirs = true;
	return 0;
}
