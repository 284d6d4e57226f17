/*
 * Locals (locals.h; jobspec 2.1). A file decides how many there are and who uses whom, so nothing
 * is tried again: the names that each one mentions are looked up first (the edges), then each is
 * evaluated when all that it needs are known. One that uses `local` as a whole (keys(local),
 * local[var.x]) comes when nothing else can, and sees what is known then.
 */
#include "job/locals.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"

/* Locals are numbered in the order of their names, which is the order of an object's keys. */
struct local {
	const struct hcl_attribute *attribute;
	size_t n_needs; /* others that are not known yet */
	bool whole;     /* uses `local` itself */
	bool known, failed;
};

struct edge {
	size_t need, user;
};

struct locals {
	struct arena *arena;
	struct hcl_diags *diags;
	const struct hcl_scope *scope;
	struct hcl_variable *variable;
	struct name_at *names;
	struct local *v;
	const char **keys;
	struct hcl_value *values; /* null until known */
	size_t n;
	struct edge *edges; /* by need */
	size_t n_edges;
	size_t *ready; /* a queue: each local is in it once */
	size_t n_ready;
	size_t *later; /* those that use the whole */
	size_t n_later;
};

static void collect(struct locals *l, const struct hcl_body *body)
{
	const struct hcl_attribute **found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < body->n_blocks; i++) {
		const struct hcl_block *b = &body->blocks[i];
		for (size_t k = 0; !strcmp(b->type, "locals") && k < b->body->n_attributes; k++) {
			found = arena_push(l->arena, found, n, sizeof(*found));
			found[n++] = &b->body->attributes[k];
		}
	}
	l->names = arena_array(l->arena, n, sizeof(*l->names));
	l->v = arena_array(l->arena, n, sizeof(*l->v));
	l->keys = arena_array(l->arena, n, sizeof(*l->keys));
	l->values = arena_array(l->arena, n, sizeof(*l->values));
	l->ready = arena_array(l->arena, n, sizeof(*l->ready));
	l->later = arena_array(l->arena, n, sizeof(*l->later));
	for (size_t i = 0; i < n; i++)
		l->names[i] = (struct name_at){found[i]->name, strlen(found[i]->name), i};
	names_sort(l->names, n);
	for (size_t i = 0; i < n; i++) {
		const struct hcl_attribute *a = found[l->names[i].at];
		if (l->n && names_equal(&l->names[l->n - 1], &l->names[i])) {
			hcl_error(l->diags, a->name_range, "duplicate local",
				"\"%s\" was already defined at line %u", a->name,
				l->v[l->n - 1].attribute->name_range.start.line);
			continue;
		}
		l->names[l->n] = l->names[i];
		l->keys[l->n] = a->name;
		l->v[l->n++].attribute = a;
	}
}

/* The name in local.name or local["name"]. */
static const char *name_used(const struct hcl_expr *e)
{
	bool of_local = (e->kind == EXPR_GET || e->kind == EXPR_INDEX) &&
			e->args[0]->kind == EXPR_VARIABLE && !strcmp(e->args[0]->name, "local");

	if (!of_local || e->kind == EXPR_GET)
		return of_local ? e->name : NULL;
	const struct hcl_expr *key = e->args[1];
	return key->kind == EXPR_LITERAL && key->value.kind == HCL_STRING ? key->value.string
									  : NULL;
}

static void find_needs(struct locals *l, size_t user, const struct hcl_expr *e, unsigned depth)
{
	const char *name = name_used(e);

	if (name) {
		const struct name_at *need = names_find(l->names, l->n, name, strlen(name));
		if (!need)
			return; /* told when it is evaluated */
		l->edges = arena_push(l->arena, l->edges, l->n_edges, sizeof(*l->edges));
		l->edges[l->n_edges++] = (struct edge){(size_t)(need - l->names), user};
		l->v[user].n_needs++;
		return;
	}
	if (e->kind == EXPR_VARIABLE && !strcmp(e->name, "local"))
		l->v[user].whole = true;
	for (size_t i = 0; i < e->n_args && depth < HCL_MAX_EVAL_DEPTH; i++)
		if (e->args[i])
			find_needs(l, user, e->args[i], depth + 1);
}

static int by_need(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	return (x->need > y->need) - (x->need < y->need);
}

static void enqueue(struct locals *l, size_t i)
{
	if (l->v[i].whole)
		l->later[l->n_later++] = i;
	else
		l->ready[l->n_ready++] = i;
}

/* Its users lack one name less. */
static void tell_users(struct locals *l, size_t i)
{
	size_t low = 0, high = l->n_edges;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (l->edges[middle].need < i)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < l->n_edges && l->edges[low].need == i; low++) {
		struct local *user = &l->v[l->edges[low].user];
		user->failed = user->failed || l->v[i].failed;
		if (--user->n_needs == 0)
			enqueue(l, l->edges[low].user);
	}
}

/* What is known by now, for one that uses the whole. */
static struct hcl_value known(struct locals *l)
{
	const char **keys = arena_array(l->arena, l->n, sizeof(*keys));
	struct hcl_value *values = arena_array(l->arena, l->n, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].known) {
			keys[n] = l->keys[i];
			values[n++] = l->values[i];
		}
	return (struct hcl_value){.kind = HCL_OBJECT, .keys = keys, .items = values, .n = n};
}

static void evaluate(struct locals *l, size_t i, const struct hcl_value *all)
{
	struct local *local = &l->v[i];

	l->variable->value = local->whole ? known(l) : *all;
	if (!local->failed)
		local->known = hcl_eval(
			l->arena, l->diags, l->scope, local->attribute->expr, &l->values[i]);
	local->failed = !local->known;
	l->variable->value = *all;
	tell_users(l, i);
}

void locals_evaluate(struct arena *arena, const struct hcl_body *body,
	const struct hcl_scope *scope, struct hcl_variable *local, struct hcl_diags *diags)
{
	struct locals l = {.arena = arena, .diags = diags, .scope = scope, .variable = local};

	collect(&l, body);
	const struct hcl_value all = {
		.kind = HCL_OBJECT, .keys = l.keys, .items = l.values, .n = l.n};
	for (size_t i = 0; i < l.n; i++)
		find_needs(&l, i, l.v[i].attribute->expr, 0);
	if (l.n_edges)
		qsort(l.edges, l.n_edges, sizeof(*l.edges), by_need);
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].n_needs == 0)
			enqueue(&l, i);
	size_t done = 0, done_later = 0;
	while (done < l.n_ready || done_later < l.n_later) {
		size_t next = done < l.n_ready ? l.ready[done++] : l.later[done_later++];
		if (!hcl_diags_go_on(diags, l.v[next].attribute->range))
			return;
		evaluate(&l, next, &all);
	}
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].n_needs)
			hcl_error(diags, l.v[i].attribute->name_range, "local needs itself",
				"\"%s\" is used, perhaps by way of others, to compute its own "
				"value",
				l.v[i].attribute->name);
	local->value = all;
}
