/* Deciding the form of each entry (root_plan.h). Pure: the facts know how the paths lie. */
#include "plan/root_plan.h"

#include <stdlib.h>
#include <string.h>

#include "plan/masks.h"
#include "task/root_map.h"

/* Something that is mounted or made below an entry: a destination in the task's root. */
struct below {
	const char *destination;
	bool is_file, is_work_dir;
	const struct task_place *place;
};

static unsigned depth(const char *path)
{
	unsigned n = 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

static int by_depth(const void *a, const void *b)
{
	const struct root_entry *x = a, *y = b;
	unsigned dx = depth(x->destination), dy = depth(y->destination);

	if (dx != dy)
		return dx < dy ? -1 : 1;
	return strcmp(x->destination, y->destination);
}

static const struct host_path *task_dir_has(const struct planner *p, const char *destination)
{
	return host_path_find(p->facts, path_join(p->arena, p->task->task_dir, destination));
}

/* Is the place where a host link leads part of the root too? Then it can stay a link. */
static bool leads_into_root(const struct planner *p, const struct host_path *link)
{
	const char *rest;
	const struct task_chroot_entry *e = root_map_covering(&p->task->policy, link->real, &rest);

	return e && !strcmp(e->source, e->destination);
}

static bool is_masked(const char *source)
{
	for (size_t i = 0; i < n_masked_files; i++)
		if (!strcmp(source, masked_files[i]) || path_below(masked_files[i], source, NULL))
			return true;
	return false;
}

/* FNV-1a over the names: another version with another list gets a layer of its own. */
static uint32_t hash_of(const char **names, size_t n)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < n; i++)
		for (const char *c = names[i];; c++) {
			hash = (hash ^ (unsigned char)*c) * 16777619u;
			if (!*c)
				break;
		}
	return hash;
}

static void find_masks(struct planner *p, struct root_entry *e)
{
	const char **names = arena_array(p->arena, n_masked_files, sizeof(*names));
	const char *rest;

	/* by where it comes from and by where it is seen: a copy of /etc has its shadow too */
	for (size_t i = 0; i < n_masked_files; i++)
		if (path_below(e->source, masked_files[i], &rest) ||
			path_below(e->destination, masked_files[i], &rest))
			names[e->n_mask_names++] = rest;
	e->mask_names = names;
	if (!e->n_mask_names)
		return;
	/* one layer for all tasks: named after the source, '/' as '-' */
	char *name = arena_strdup(p->arena, e->source[1] ? e->source + 1 : "root");
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '-';
	e->mask = arena_printf(
		p->arena, "%s/%s-%08x", p->task->mask_dir, name, hash_of(names, e->n_mask_names));
}

/* The same content at the same place as a parent entry already shows: nothing to do. */
static bool is_redundant(const struct planner *p, const struct task_chroot_entry *e)
{
	const struct task_policy *o = &p->task->policy;

	for (size_t i = 0; i < o->n_chroot_env; i++) {
		const struct task_chroot_entry *other = &o->chroot_env[i];
		const char *rest;
		if (other == e)
			continue;
		if (!strcmp(other->destination, e->destination) && other > e)
			return true; /* given twice: the last one holds */
		if (path_below(other->destination, e->destination, &rest) &&
			!strcmp(path_join(p->arena, other->source, rest), e->source))
			return true;
	}
	return false;
}

static int first_form(
	struct planner *p, const struct host_path *fact, struct root_entry *e, struct iso_err *err)
{
	const struct host_path *here = task_dir_has(p, e->destination);
	enum host_kind kind = fact->kind;

	if (kind == HOST_LINK) {
		if (!fact->real)
			return 1;
		bool dir_in_the_way = here && here->kind == HOST_DIR;
		if (leads_into_root(p, fact) && !dir_in_the_way) {
			e->form = ENTRY_LINK;
			e->target = fact->target;
			return 0;
		}
		e->source = fact->real;
		kind = fact->real_kind;
	}
	if (kind != HOST_MISSING && (is_masked(e->source) || is_masked(e->destination))) {
		plan_warn(p, NULL, "chroot_env entry '%s' is hidden from tasks, it is left out",
			e->source);
		return 1;
	}
	if (kind == HOST_MISSING)
		return 1;
	if (kind == HOST_OTHER)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"chroot_env entry '%s' is neither a directory nor a file nor a link",
			e->source);
	e->form = kind == HOST_DIR ? ENTRY_BIND : ENTRY_FILE;
	if (kind == HOST_DIR)
		find_masks(p, e);
	if (here && here->kind != HOST_MISSING &&
		here->kind != (kind == HOST_DIR ? HOST_DIR : HOST_FILE))
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"'%s' in the task directory is in the way: expected a directory of its own",
			e->destination);
	return 0;
}

static int collect(struct planner *p, struct root_plan *r, struct iso_err *err)
{
	const struct task_policy *o = &p->task->policy;

	r->entries = arena_array(
		p->arena, o->n_chroot_env + p->facts->n_mount_points, sizeof(*r->entries));
	for (size_t i = 0; i < o->n_chroot_env; i++) {
		const struct task_chroot_entry *in = &o->chroot_env[i];
		const struct host_path *fact = host_path_find(p->facts, in->source);
		struct root_entry e = {
			.source = in->source, .destination = in->destination, .slot = SLOT_NONE};
		if (!fact || is_redundant(p, in))
			continue;
		int skip = first_form(p, fact, &e, err);
		if (skip < 0)
			return -1;
		if (!skip)
			r->entries[r->n_entries++] = e;
	}
	return 0;
}

static bool wants_upper(const struct planner *p, const struct root_entry *e)
{
	const struct host_path *here = task_dir_has(p, e->destination);

	return p->facts->user.uid == 0 || p->task->writable_root ||
	       (here && here->kind == HOST_DIR && !here->empty);
}

static int make_upper(struct planner *p, struct root_entry *e, size_t n, struct iso_err *err)
{
	if (!p->facts->upper_ok)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"'%s' cannot be made writable for the task: the file system '%s' of '%s' "
			"cannot hold an upper "
			"layer (choose another -data-dir)",
			e->destination, p->facts->upper_fs ? p->facts->upper_fs : "unknown",
			p->task->task_dir);
	e->form = ENTRY_UPPER;
	e->upper = e->destination;
	e->work = arena_printf(
		p->arena, "%s/.iso/%s/work-%zu", p->task->alloc_dir, p->task->task_name, n);
	return 0;
}

static void add_point(struct planner *p, struct root_plan *r, const char *path, bool is_file)
{
	for (size_t i = 0; i < r->n_points; i++)
		if (!strcmp(r->points[i].path, path))
			return;
	r->points = arena_push(p->arena, r->points, r->n_points, sizeof(*r->points));
	r->points[r->n_points++] = (struct root_point){path, is_file};
}

/* A layer must hold the directories above a point too. Their owner and mode win over the host's:
 * root, 0755. */
static void add_parents(struct planner *p, struct root_plan *r, const char *layer, const char *seen)
{
	for (const char *slash = strchr(seen + 1, '/'); slash; slash = strchr(slash + 1, '/'))
		add_point(p, r, arena_printf(p->arena, "%s%.*s", layer, (int)(slash - seen), seen),
			false);
}

/* Every component of @rest that the host lacks below e->source, made in the entry's points layer.
 */
static int make_points(struct planner *p, struct root_plan *r, struct root_entry *e,
	const struct below *b, const char *rest, struct iso_err *err)
{
	const char *source = e->source, *layer = e->points, *seen = "";
	bool missing = false;

	while (*rest) {
		size_t len = strcspn(rest, "/");
		const char *part = arena_strndup(p->arena, rest, len);
		rest += len;
		rest += *rest == '/';
		source = path_join(p->arena, source, part);
		seen = arena_printf(p->arena, "%s/%s", seen, part);
		const struct host_path *fact = missing ? NULL : host_path_find(p->facts, source);
		bool last = !*rest;
		if (fact && fact->kind == HOST_LINK)
			return plan_fail(b->place, err,
				"destination '%s' leads through the host's link '%s' -> '%s': "
				"write the path that it leads to",
				b->destination, source, fact->target ? fact->target : "?");
		if (fact && fact->kind == (last && b->is_file ? HOST_FILE : HOST_DIR))
			continue;
		if (fact && fact->kind != HOST_MISSING)
			return plan_fail(b->place, err,
				"destination '%s' is in the way: '%s' is %s", b->destination,
				source,
				fact->kind == HOST_DIR ? "a directory, the source is a file"
						       : "no directory");
		missing = true;
		if (e->form == ENTRY_UPPER)
			return 0; /* the mount itself makes what is missing, in the upper layer */
		if (!layer)
			layer = arena_printf(p->arena, "%s/.iso/%s/points-%zu", p->task->alloc_dir,
				p->task->task_name, (size_t)(e - r->entries));
		if (!e->points)
			add_point(p, r, layer, false);
		e->points = layer;
		add_parents(p, r, layer, seen);
		add_point(p, r, arena_printf(p->arena, "%s%s", layer, seen), last && b->is_file);
	}
	return 0;
}

static struct root_entry *entry_over(
	struct root_plan *r, const char *destination, const char **ret_rest)
{
	struct root_entry *best = NULL;

	for (size_t i = 0; i < r->n_entries; i++) {
		struct root_entry *e = &r->entries[i];
		const char *rest = NULL;
		if (e->form == ENTRY_LINK || e->form == ENTRY_FILE ||
			!path_below(e->destination, destination, &rest))
			continue;
		best = e; /* sorted by depth: the last is the deepest */
		*ret_rest = rest;
	}
	return best;
}

/* Something lies below an entry: it cannot be a plain bind any more, and needs a place to lie on.
 */
static int make_room(
	struct planner *p, struct root_plan *r, const struct below *b, struct iso_err *err)
{
	const char *rest = "";
	struct root_entry *e = entry_over(r, b->destination, &rest);

	if (!e)
		return 0; /* in the task directory: made there */
	if (!b->is_work_dir && e->form == ENTRY_BIND)
		e->form = ENTRY_OVERLAY;
	if (make_points(p, r, e, b, rest, err))
		return -1;
	if (e->points && e->form == ENTRY_BIND)
		e->form = ENTRY_OVERLAY;
	return 0;
}

static int room_for_entries(struct planner *p, struct root_plan *r, struct iso_err *err)
{
	for (size_t i = 0; i < r->n_entries; i++) {
		const struct root_entry *e = &r->entries[i];
		const struct below b = {
			.destination = e->destination, .is_file = e->form == ENTRY_FILE};
		if (make_room(p, r, &b, err))
			return -1;
	}
	return 0;
}

static int room_for_mounts(struct planner *p, struct root_plan *r, struct iso_err *err)
{
	for (size_t i = 0; i < p->task->n_mounts; i++) {
		const struct task_mount *m = &p->task->mounts[i];
		const struct host_path *fact = host_path_find(p->facts, m->source);
		const struct below b = {
			.destination = path_clean(p->arena, m->destination),
			.is_file = fact && (fact->kind == HOST_LINK ? fact->real_kind
								    : fact->kind) != HOST_DIR,
			.place = &m->place,
		};
		if (make_room(p, r, &b, err))
			return -1;
	}
	return 0;
}

static int room_for_work_dir(struct planner *p, struct root_plan *r, struct iso_err *err)
{
	if (!p->task->work_dir)
		return 0;
	const struct below b = {
		.destination = path_clean(p->arena, p->task->work_dir),
		.is_work_dir = true,
		.place = &p->task->work_dir_place,
	};
	const char *rest;
	if (!entry_over(r, b.destination, &rest))
		return 0;
	/* a work_dir may well lead through links of the host when it is there; only a missing one
	 * is made */
	const struct task_chroot_entry *over =
		root_map_covering(&p->task->policy, b.destination, &rest);
	const struct host_path *fact =
		over ? host_path_find(p->facts, path_join(p->arena, over->source, rest)) : NULL;
	if (fact && fact->kind != HOST_MISSING)
		return 0;
	return make_room(p, r, &b, err);
}

/* What the host has mounted below a source is not part of an overlay: it becomes an entry of its
 * own. */
static void add_submounts(struct planner *p, struct root_plan *r)
{
	size_t n = r->n_entries;

	for (size_t i = 0; i < n; i++) {
		const struct root_entry *e = &r->entries[i];
		if (e->form != ENTRY_OVERLAY && e->form != ENTRY_UPPER)
			continue;
		for (size_t m = 0; m < p->facts->n_mount_points; m++) {
			const char *rest, *point = p->facts->mount_points[m];
			const struct host_path *fact = host_path_find(p->facts, point);
			if (!path_below(e->source, point, &rest) || !fact || is_masked(point) ||
				(fact->kind != HOST_DIR && fact->kind != HOST_FILE))
				continue;
			r->entries[r->n_entries++] = (struct root_entry){
				.source = point,
				.destination = path_join(p->arena, e->destination, rest),
				.form = fact->kind == HOST_DIR ? ENTRY_BIND : ENTRY_FILE,
				.slot = SLOT_NONE,
			};
		}
	}
}

int root_plan_make(struct planner *p, struct iso_err *err)
{
	struct root_plan *r = arena_new_of(p->arena, struct root_plan);

	p->root = r;
	if (collect(p, r, err))
		return -1;
	if (r->n_entries)
		qsort(r->entries, r->n_entries, sizeof(*r->entries), by_depth);
	for (size_t i = 0; i < r->n_entries; i++) {
		struct root_entry *e = &r->entries[i];
		if (e->form != ENTRY_BIND)
			continue;
		if (e->n_mask_names)
			e->form = ENTRY_OVERLAY;
		if (wants_upper(p, e) && make_upper(p, e, i, err))
			return -1;
	}
	if (room_for_entries(p, r, err) || room_for_mounts(p, r, err) ||
		room_for_work_dir(p, r, err))
		return -1;
	add_submounts(p, r);
	return 0;
}
