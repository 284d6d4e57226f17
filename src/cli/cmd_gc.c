/* isoexec gc: what ended allocs have left. */
#include "cli/setup.h"
#include "cli/sweep.h"

struct gc_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	const char *data_dir, *cgroup_parent;
	bool all, dry;
};

#define AT(field) offsetof(struct gc_options, field)
static const struct option own[] = {
	{"dry-run", OPTION_FLAG, AT(dry), NULL, "say what would be removed"},
	{"all", OPTION_FLAG, AT(all), NULL,
		"also data that no state knows: kept by run -keep, or left by a reboot"},
	{"data-dir", OPTION_STRING, AT(data_dir), "DIR", "for -all (default /var/lib/isoexec)"},
	{"cgroup-parent", OPTION_STRING, AT(cgroup_parent), "PATH",
		"cgroup that held the tasks' cgroups (default /isoexec)"},
};
static const struct option_table own_options = {own, iso_len(own)};

static int gc(const struct tasks *t, const struct gc_options *o, struct iso_err *err)
{
	const struct setup_options place = {.data_dir = o->data_dir};
	const struct setup setup = {.arena = t->arena, .options = &place};
	struct sweep s = {.tasks = t,
		.data_dir = setup_data_dir(&setup),
		.cgroup_parent = o->cgroup_parent,
		.dry = o->dry};

	if (t->arguments.n_words || t->arguments.has_command)
		return iso_err_set(
			err, ISO_FAULT_INPUT, 0, "gc takes no words: it removes what nobody runs");
	if (s.data_dir[0] != '/')
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"data-dir must be absolute but got relative path '%s'", s.data_dir);
	for (size_t i = 0; i < t->list.n_allocs; i++)
		sweep_alloc(&s, t->list.allocs[i]);
	sweep_unfinished(&s);
	if (o->all)
		sweep_strangers(&s);
	if (sweep_cgroups(&s, err))
		return -1;
	return s.failed;
}

static int main_gc(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct gc_options o = {.all = false};
	struct tasks t = {.arena = arena};

	int r = tasks_begin(&t, self, argv, argc, &o, &err) ? -1 : gc(&t, &o, &err);
	if (r < 0)
		return tasks_fail(&err);
	return r ? EXIT_FAILED : EXIT_OK;
}

const struct command cmd_gc = {
	.name = "gc",
	.usage = "[-dry-run] [-all]",
	.summary = "remove what ended allocs have left",
	.main = main_gc,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
