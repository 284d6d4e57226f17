/* Steps that make the root: layers, sources, propagation, the task directory, the entries of
 * chroot_env, the pivot. */
#include <string.h>
#include <sys/mount.h>

#include "plan/root_plan.h"

enum {
	DIR_MODE = 0755,
	PRIVATE_MODE = 0700,
	FILE_MODE = 0444
};

/* Mount attributes of what a task sees of the host. setuid programs work in the compatible profile
 * as upstream. */
static uint64_t host_attr(const struct planner *p)
{
	return MOUNT_ATTR_NODEV | (p->hardened ? MOUNT_ATTR_NOSUID : 0);
}

static void mkdir_step(
	struct planner *p, const char *path, uint64_t mode, uint32_t uid, uint32_t gid)
{
	steps_add(p->b, (struct step_in){.op = STEP_MKDIR, .str = {path}, .num = {mode, uid, gid}});
}

int want_layers(struct planner *p, struct iso_err *err)
{
	if (root_plan_make(p, err))
		return -1;
	const struct root_plan *r = p->root;

	for (size_t i = 0; i < r->n_entries; i++) {
		const struct root_entry *e = &r->entries[i];
		if (e->form != ENTRY_OVERLAY && e->form != ENTRY_UPPER)
			continue;
		/* a read-only overlay needs two layers: an empty one when nothing is hidden and
		 * nothing added */
		const char *layer = e->mask;
		if (!layer && e->form == ENTRY_OVERLAY && !e->points)
			layer = arena_printf(p->arena, "%s/empty", p->task->mask_dir);
		if (layer)
			steps_add(p->b, (struct step_in){.op = STEP_MASK_LAYER,
						.str = {layer},
						.list = {NULL, e->mask_names},
						.n_list = {0, e->n_mask_names}});
		if (e->form == ENTRY_UPPER) {
			mkdir_step(p, e->work, PRIVATE_MODE, 0, 0);
		}
	}
	for (size_t i = 0; i < r->n_points; i++) {
		const struct root_point *point = &r->points[i];
		if (point->is_file)
			steps_add(p->b, (struct step_in){.op = STEP_TOUCH,
						.str = {point->path},
						.num = {FILE_MODE}});
		else
			mkdir_step(p, point->path, DIR_MODE, 0, 0);
	}
	return 0;
}

static void overlay_step(struct planner *p, const struct root_entry *e)
{
	const char *lower[3];
	size_t n = 0;

	if (e->points)
		lower[n++] = e->points;
	if (e->mask)
		lower[n++] = e->mask;
	if (!n && e->form == ENTRY_OVERLAY)
		lower[n++] = arena_printf(p->arena, "%s/empty", p->task->mask_dir);
	lower[n++] = e->source;
	steps_add(p->b,
		(struct step_in){
			.op = STEP_OVERLAY,
			.str = {e->upper, NULL, e->work},
			.list = {NULL, lower},
			.n_list = {0, n},
			.num = {host_attr(p) | (e->form == ENTRY_OVERLAY ? MOUNT_ATTR_RDONLY : 0)},
			.to = SLOT(e->slot),
		});
}

int want_entry_sources(struct planner *p, struct iso_err *err)
{
	(void)err;
	for (size_t i = 0; i < p->root->n_entries; i++) {
		struct root_entry *e = &p->root->entries[i];
		if (e->form == ENTRY_LINK)
			continue;
		e->slot = steps_slot(p->b);
		if (e->form == ENTRY_OVERLAY || e->form == ENTRY_UPPER)
			overlay_step(p, e);
		else
			steps_add(
				p->b, (struct step_in){
					      .op = STEP_TREE_OPEN,
					      .str = {e->source},
					      .num = {e->form == ENTRY_BIND,
						      host_attr(p) | MOUNT_ATTR_RDONLY, MS_PRIVATE},
					      .to = SLOT(e->slot),
				      });
	}
	return 0;
}

int want_propagation(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_PROPAGATION, .num = {MS_PRIVATE}});
	return 0;
}

int want_root_attach(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){.op = STEP_ROOT_ATTACH,
				.str = {p->task->task_dir},
				.num = {host_attr(p)},
				.to = SLOT(steps_slot(p->b))});
	return 0;
}

/* The mount point of an entry: in the task directory unless another entry lies above it, which then
 * holds it. */
static bool lies_in_task_dir(const struct planner *p, const struct root_entry *entry)
{
	for (size_t i = 0; i < p->root->n_entries; i++) {
		const struct root_entry *e = &p->root->entries[i];
		size_t len = strlen(e->destination);
		if (e != entry && e->form != ENTRY_LINK &&
			!strncmp(e->destination, entry->destination, len) &&
			entry->destination[len] == '/')
			return false;
	}
	return true;
}

int want_entries(struct planner *p, struct iso_err *err)
{
	(void)err;
	for (size_t i = 0; i < p->root->n_entries; i++) {
		const struct root_entry *e = &p->root->entries[i];
		if (e->form == ENTRY_LINK) {
			steps_add(p->b, (struct step_in){.op = STEP_ROOT_LINK,
						.str = {e->destination, e->target}});
			continue;
		}
		bool is_file = e->form == ENTRY_FILE;
		if (!is_file && lies_in_task_dir(p, e))
			steps_add(p->b, (struct step_in){.op = STEP_MOUNT_POINT,
						.str = {e->destination},
						.num = {DIR_MODE}});
		bool plain = e->form == ENTRY_BIND || is_file;
		steps_add(p->b, (struct step_in){
					.op = STEP_ATTACH,
					.str = {e->destination},
					.num = {is_file, 1, plain},
					.from = SLOT(e->slot),
				});
	}
	return 0;
}

int want_pivot(struct planner *p, struct iso_err *err)
{
	(void)err;
	steps_add(p->b, (struct step_in){
				.op = p->task->policy.no_pivot_root ? STEP_MOVE_ROOT : STEP_PIVOT});
	return 0;
}
