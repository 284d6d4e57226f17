/* Evaluating expressions: variables and functions from a scope, mistakes into diagnostics. */
#ifndef HCL_EVAL_H
#define HCL_EVAL_H

#include "hcl/ast.h"

struct hcl_variable {
	const char *name;
	struct hcl_value value;
};

struct hcl_scope {
	const struct hcl_scope *parent;
	const struct hcl_variable *variables;
	size_t n_variables;
	/*
	 * Runtime references (${attr.x}, ${env["X"]}, ${NOMAD_X}) are known later: a root for which
	 * this says true evaluates to its own text as a template, "${...}". NULL: none.
	 */
	bool (*is_runtime)(const char *root);
};

enum {
	HCL_MAX_EVAL_DEPTH = 1000 /* of nested expressions */
};

struct hcl_eval {
	struct arena *arena;
	struct hcl_diags *diags;
	const struct hcl_scope *scope;
	unsigned depth;
	unsigned trying; /* inside try() or can(): what fails is not told */
};

/** hcl_eval() - Return: true and *ret; false: told in @diags, *ret is null. */
bool hcl_eval(struct arena *arena, struct hcl_diags *diags, const struct hcl_scope *scope,
	const struct hcl_expr *e, struct hcl_value *ret);

/** hcl_eval_in() - for functions and loops: part of an evaluation under way */
bool hcl_eval_in(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret);
/** hcl_spend() - @cost_bytes more are about to be made or looked at; false: the arena is full,
 * told, give up */
bool hcl_spend(struct hcl_eval *ev, const struct hcl_expr *e, size_t cost_bytes);

struct hcl_function {
	const char *name;
	unsigned least, most; /* arguments; most ~0 = any number */
	/* Return NULL and *ret, or what is wrong ("argument must be a list"). Arguments are never
	 * null values. Spends (arena_spend) for what it makes and reads, before it makes much. */
	const char *(*call)(
		struct hcl_eval *ev, const struct hcl_value *args, size_t n, struct hcl_value *ret);
};

const struct hcl_function *hcl_function_find(const char *name);
/** hcl_function_name() - the i-th of all, NULL behind the last: for suggestions */
const char *hcl_function_name(size_t i);

#endif
