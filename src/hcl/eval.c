/* The evaluator: one function per kind of expression, by table. */
#include "hcl/eval.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"
#include "hcl/number.h"

enum {
	MAX_EXPONENT = 1 << 17, /* of two: a number written out has at most 40,000 digits */
	NEAREST_COST = 256      /* of comparing two names for a suggestion */
};

typedef bool eval_fn(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret);

static bool fail(
	struct hcl_eval *ev, const struct hcl_expr *e, const char *summary, const char *detail)
{
	if (!ev->trying)
		hcl_error(ev->diags, e->range, summary, "%s", detail);
	return false;
}

/* Told also inside try(): nothing can be read after this. */
bool hcl_spend(struct hcl_eval *ev, const struct hcl_expr *e, size_t cost_bytes)
{
	(void)arena_spend(ev->arena, cost_bytes);
	return hcl_diags_go_on(ev->diags, e->range);
}

static bool eval_literal(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	(void)ev;
	*ret = e->value;
	return true;
}

static bool eval_bad(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	(void)ev;
	(void)e;
	*ret = hcl_null();
	return false; /* told by the parser */
}

static bool part_text(struct hcl_eval *ev, const struct hcl_expr *part, struct buf *out)
{
	struct hcl_value v;
	const char *text;

	if (!hcl_eval_in(ev, part, &v))
		return false;
	if (v.kind == HCL_NULL)
		return fail(ev, part, "invalid template interpolation value",
			"the expression result is null");
	if (!hcl_to_string(ev->arena, &v, &text))
		return fail(ev, part, "invalid template interpolation value",
			arena_printf(ev->arena, "a string is needed here, the expression is a %s",
				hcl_kind_name(v.kind)));
	if (!hcl_spend(ev, part, strlen(text)))
		return false;
	buf_str(out, text);
	return true;
}

static bool eval_template(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	own_buf out = BUF_INIT;

	for (size_t i = 0; i < e->n_args; i++)
		if (!part_text(ev, e->args[i], &out))
			return false;
	*ret = hcl_string(arena_strdup(ev->arena, buf_text(&out)));
	return true;
}

static bool eval_wrap(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	return hcl_eval_in(ev, e->args[0], ret);
}

static const struct hcl_value *find_variable(const struct hcl_scope *scope, const char *name)
{
	for (; scope; scope = scope->parent)
		for (size_t i = 0; i < scope->n_variables; i++)
			if (!strcmp(scope->variables[i].name, name))
				return &scope->variables[i].value;
	return NULL;
}

static const char *nearest_variable(const struct hcl_scope *scope, const char *name)
{
	for (; scope; scope = scope->parent)
		for (size_t i = 0; i < scope->n_variables; i++)
			if (nearest_close(name, scope->variables[i].name))
				return scope->variables[i].name;
	return NULL;
}

static bool is_runtime(const struct hcl_scope *scope, const char *root)
{
	for (; scope; scope = scope->parent)
		if (scope->is_runtime && scope->is_runtime(root))
			return true;
	return false;
}

static bool runtime_reference(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	const struct hcl_expr *root = e->root;

	if (!root || find_variable(ev->scope, root->name) || !is_runtime(ev->scope, root->name))
		return false;
	const struct hcl_range *r = &e->range;
	*ret = hcl_string(arena_printf(ev->arena, "${%.*s}", (int)(r->end.byte - r->start.byte),
		r->source->text + r->start.byte));
	return true;
}

/* "${NAME}": a shell writes it the same way. */
static bool in_template(const struct hcl_expr *e)
{
	const char *name = e->range.source->text + e->range.start.byte;
	size_t left = e->range.source->len - e->range.end.byte;

	return e->range.start.byte >= 2 && !memcmp(name - 2, "${", 2) && left &&
	       e->range.source->text[e->range.end.byte] == '}';
}

static bool eval_variable(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	const struct hcl_value *v = find_variable(ev->scope, e->name);

	if (v) {
		*ret = *v;
		return true;
	}
	if (runtime_reference(ev, e, ret))
		return true;
	const char *near = nearest_variable(ev->scope, e->name);
	if (!near && in_template(e))
		return fail(ev, e, "unknown variable",
			arena_printf(ev->arena,
				"there is no variable named \"%s\"; for a shell's, write $${%s}",
				e->name, e->name));
	return fail(ev, e, "unknown variable",
		near ? arena_printf(ev->arena,
			       "there is no variable named \"%s\"; did you mean \"%s\"?", e->name,
			       near)
		     : arena_printf(ev->arena,
			       "there is no variable named \"%s\"; a string is written in double "
			       "quotes",
			       e->name));
}

static bool get_name(struct hcl_eval *ev, const struct hcl_expr *e, const struct hcl_value *from,
	const char *name, struct hcl_value *ret)
{
	if (!hcl_is_mapping(from))
		return fail(ev, e, "unsupported attribute",
			arena_printf(ev->arena, "a %s has no attributes; \"%s\" was asked for",
				hcl_kind_name(from->kind), name));
	const struct hcl_value *v = hcl_get(from, name);
	if (v) {
		*ret = *v;
		return true;
	}
	if (ev->trying || !hcl_spend(ev, e, from->n * NEAREST_COST))
		return false;
	for (size_t i = 0; i < from->n; i++)
		if (nearest_close(name, from->keys[i]))
			return fail(ev, e, "unsupported attribute",
				arena_printf(ev->arena,
					"there is no attribute named \"%s\"; did you mean \"%s\"?",
					name, from->keys[i]));
	return fail(ev, e, "unsupported attribute",
		arena_printf(ev->arena, "there is no attribute named \"%s\"", name));
}

static bool eval_get(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value from;

	if (runtime_reference(ev, e, ret))
		return true;
	return hcl_eval_in(ev, e->args[0], &from) && get_name(ev, e, &from, e->name, ret);
}

static bool eval_index(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value from, key;
	const char *name;
	int64_t i;

	if (runtime_reference(ev, e, ret))
		return true;
	if (!hcl_eval_in(ev, e->args[0], &from) || !hcl_eval_in(ev, e->args[1], &key))
		return false;
	if (hcl_is_mapping(&from)) {
		if (!hcl_to_string(ev->arena, &key, &name))
			return fail(ev, e->args[1], "invalid index", "a key must be a string");
		return get_name(ev, e, &from, name, ret);
	}
	if (!hcl_is_sequence(&from) || from.kind == HCL_SET)
		return fail(ev, e, "invalid index",
			arena_printf(ev->arena, "a %s has no elements to index",
				hcl_kind_name(from.kind)));
	if (!hcl_to_int(ev->arena, &key, &i))
		return fail(ev, e->args[1], "invalid index", "a whole number is needed");
	if (i < 0 || (size_t)i >= from.n)
		return fail(ev, e->args[1], "invalid index",
			arena_printf(ev->arena, "the collection has %zu elements, counted from 0",
				from.n));
	*ret = from.items[i];
	return true;
}

/* Evaluates @e with more variables in sight. */
static bool eval_with(struct hcl_eval *ev, const struct hcl_expr *e,
	const struct hcl_variable *more, size_t n, struct hcl_value *ret)
{
	const struct hcl_scope inner = {.parent = ev->scope, .variables = more, .n_variables = n};
	const struct hcl_scope *outer = ev->scope;

	ev->scope = &inner;
	bool ok = hcl_eval_in(ev, e, ret);
	ev->scope = outer;
	return ok;
}

#define EACH_NAME "each element" /* no name that can be written */

static bool eval_each(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	(void)e;
	const struct hcl_value *each = find_variable(ev->scope, EACH_NAME);
	iso_bug_if(!each); /* only a splat makes this expression, and it sets the variable */
	*ret = *each;
	return true;
}

static bool eval_splat(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value from;

	if (!hcl_eval_in(ev, e->args[0], &from))
		return false;
	size_t n = hcl_is_sequence(&from) ? from.n : from.kind != HCL_NULL;
	const struct hcl_value *items = hcl_is_sequence(&from) ? from.items : &from;
	if (!hcl_spend(ev, e, n * sizeof(from)))
		return false;
	struct hcl_value *out = arena_array(ev->arena, n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		const struct hcl_variable each = {EACH_NAME, items[i]};
		if (!eval_with(ev, e->args[1], &each, 1, &out[i]))
			return false;
	}
	*ret = (struct hcl_value){.kind = HCL_TUPLE, .items = out, .n = n};
	return true;
}

static bool call_arguments(
	struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value **ret, size_t *ret_n)
{
	struct hcl_value *args = arena_array(ev->arena, e->n_args + 1, sizeof(*args));
	size_t n = e->n_args;

	for (size_t i = 0; i < n; i++)
		if (!hcl_eval_in(ev, e->args[i], &args[i]))
			return false;
	if (e->expand && n) {
		struct hcl_value last = args[n - 1];
		if (!hcl_is_sequence(&last))
			return fail(ev, e->args[n - 1], "invalid expanding argument value",
				"a list or tuple is needed before '...'");
		if (!hcl_spend(ev, e, last.n * sizeof(*args)))
			return false;
		args = arena_grow(ev->arena, args, n - 1, n - 1 + last.n + 1, sizeof(*args));
		for (size_t i = 0; i < last.n; i++)
			args[n - 1 + i] = last.items[i];
		n = n - 1 + last.n;
	}
	*ret = args;
	*ret_n = n;
	return true;
}

static bool unknown_function(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const char *name;

	if (ev->trying)
		return false;
	for (size_t i = 0; (name = hcl_function_name(i)); i++)
		if (nearest_close(e->name, name))
			return fail(ev, e, "call to unknown function",
				arena_printf(ev->arena,
					"there is no function named \"%s\"; did you mean \"%s\"?",
					e->name, name));
	return fail(ev, e, "call to unknown function",
		arena_printf(ev->arena, "there is no function named \"%s\"", e->name));
}

/* try(a, b, ...) and can(a): their arguments may fail. Not for want of room: that is final. */
static bool eval_try(struct hcl_eval *ev, const struct hcl_expr *e, bool can, struct hcl_value *ret)
{
	for (size_t i = 0; i < e->n_args; i++) {
		ev->trying++;
		bool ok = hcl_eval_in(ev, e->args[i], ret);
		ev->trying--;
		if (!hcl_spend(ev, e, 0))
			return false;
		if (can)
			*ret = hcl_bool(ok);
		if (can || ok)
			return true;
	}
	return fail(ev, e, "error in function call", "no expression of \"try\" succeeded");
}

static bool eval_call(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	if (!strcmp(e->name, "try") || !strcmp(e->name, "can"))
		return eval_try(ev, e, e->name[0] == 'c', ret);
	const struct hcl_function *f = hcl_function_find(e->name);
	struct hcl_value *args;
	size_t n;

	if (!f)
		return unknown_function(ev, e);
	if (!call_arguments(ev, e, &args, &n))
		return false;
	if (n < f->least || n > f->most)
		return fail(ev, e,
			n < f->least ? "not enough function arguments"
				     : "too many function arguments",
			arena_printf(ev->arena, "function \"%s\" takes %u%s argument%s, got %zu",
				f->name, f->least, f->most > f->least ? " or more" : "",
				f->least == 1 ? "" : "s", n));
	const char *wrong = f->call(ev, args, n, ret);
	if (!hcl_spend(ev, e, 0))
		return false;
	if (wrong)
		return fail(ev, e, "error in function call",
			arena_printf(ev->arena, "call to \"%s\": %s", f->name, wrong));
	return true;
}

static bool arithmetic(struct hcl_eval *ev, const struct hcl_expr *e, const struct hcl_value *a,
	const struct hcl_value *b, struct hcl_value *ret)
{
	const struct hcl_number *x, *y;

	if (!hcl_to_number(ev->arena, a, &x) || !hcl_to_number(ev->arena, b, &y))
		return fail(ev, e, "invalid operand", "a number is needed on both sides");
	if ((e->op == OP_DIV || e->op == OP_MOD) && mpfr_zero_p(y->f))
		return fail(ev, e, "division by zero", "the right side is zero");
	if (e->op >= OP_LT) {
		int order = mpfr_cmp(x->f, y->f);
		*ret = hcl_bool(e->op == OP_LT   ? order < 0
				: e->op == OP_LE ? order <= 0
				: e->op == OP_GT ? order > 0
						 : order >= 0);
		return true;
	}
	struct hcl_number *n = number_new(ev->arena);
	static int (*const operations[])(mpfr_t, const mpfr_t, const mpfr_t, mpfr_rnd_t) = {
		[OP_ADD] = mpfr_add,
		[OP_SUB] = mpfr_sub,
		[OP_MUL] = mpfr_mul,
		[OP_DIV] = mpfr_div,
		[OP_MOD] = mpfr_fmod};
	(void)operations[e->op](n->f, x->f, y->f, MPFR_RNDN);
	if (!mpfr_number_p(n->f) || (!mpfr_zero_p(n->f) && labs(mpfr_get_exp(n->f)) > MAX_EXPONENT))
		return fail(ev, e, "number out of range", "the result is too large or too small");
	*ret = (struct hcl_value){.kind = HCL_NUMBER, .number = n};
	return true;
}

static bool eval_binary(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value a, b;
	bool x, y;

	if (!hcl_eval_in(ev, e->args[0], &a) || !hcl_eval_in(ev, e->args[1], &b))
		return false;
	if (e->op == OP_EQ || e->op == OP_NE) {
		*ret = hcl_bool(hcl_equal(ev->arena, &a, &b) == (e->op == OP_EQ));
		return hcl_spend(ev, e, 0);
	}
	if (e->op != OP_AND && e->op != OP_OR)
		return arithmetic(ev, e, &a, &b, ret);
	if (!hcl_to_bool(&a, &x) || !hcl_to_bool(&b, &y))
		return fail(ev, e, "invalid operand", "a bool is needed on both sides");
	*ret = hcl_bool(e->op == OP_AND ? x && y : x || y);
	return true;
}

static bool eval_unary(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value v;
	const struct hcl_number *n;
	bool b;

	if (!hcl_eval_in(ev, e->args[0], &v))
		return false;
	if (e->op == OP_NOT) {
		if (!hcl_to_bool(&v, &b))
			return fail(ev, e, "invalid operand", "'!' needs a bool");
		*ret = hcl_bool(!b);
		return true;
	}
	if (!hcl_to_number(ev->arena, &v, &n))
		return fail(ev, e, "invalid operand", "'-' needs a number");
	struct hcl_number *negated = number_new(ev->arena);
	(void)mpfr_neg(negated->f, n->f, MPFR_RNDN);
	*ret = (struct hcl_value){.kind = HCL_NUMBER, .number = negated};
	return true;
}

static bool test_of(struct hcl_eval *ev, const struct hcl_expr *e, bool *ret)
{
	struct hcl_value v;

	if (!hcl_eval_in(ev, e, &v))
		return false;
	return hcl_to_bool(&v, ret)
		       ? true
		       : fail(ev, e, "incorrect condition type", "the condition must be a bool");
}

static bool eval_condition(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	bool test;

	return test_of(ev, e->args[0], &test) && hcl_eval_in(ev, e->args[test ? 1 : 2], ret);
}

static bool eval_template_if(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	bool test;

	if (!test_of(ev, e->args[0], &test))
		return false;
	*ret = hcl_string("");
	return test || e->args[2] ? hcl_eval_in(ev, e->args[test ? 1 : 2], ret) : true;
}

static bool eval_tuple(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value *items = arena_array(ev->arena, e->n_args + 1, sizeof(*items));

	for (size_t i = 0; i < e->n_args; i++)
		if (!hcl_eval_in(ev, e->args[i], &items[i]))
			return false;
	*ret = (struct hcl_value){.kind = HCL_TUPLE, .items = items, .n = e->n_args};
	return true;
}

static bool object_key(struct hcl_eval *ev, const struct hcl_expr *e, const char **ret)
{
	struct hcl_value key;

	if (e->bare_key) {
		*ret = e->name;
		return true;
	}
	if (!hcl_eval_in(ev, e, &key))
		return false;
	return hcl_to_string(ev->arena, &key, ret)
		       ? true
		       : fail(ev, e, "incorrect key type", "a key must be a string");
}

static bool eval_object(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	size_t n = e->n_args / 2;
	const char **keys = arena_array(ev->arena, n + 1, sizeof(*keys));
	struct hcl_value *items = arena_array(ev->arena, n + 1, sizeof(*items));

	for (size_t i = 0; i < n; i++)
		if (!object_key(ev, e->args[2 * i], &keys[i]) ||
			!hcl_eval_in(ev, e->args[2 * i + 1], &items[i]))
			return false;
	*ret = hcl_object(ev->arena, HCL_OBJECT, keys, items, n);
	return true;
}

/* Variables of one round of a loop. */
static size_t loop_variables(struct hcl_eval *ev, const struct hcl_expr *e,
	const struct hcl_value *from, size_t i, struct hcl_variable *ret)
{
	size_t n = 0;

	if (e->key_name)
		ret[n++] = (struct hcl_variable){
			e->key_name, from->keys              ? hcl_string(from->keys[i])
				     : from->kind == HCL_SET ? from->items[i]
							     : hcl_int(ev->arena, (int64_t)i)};
	ret[n++] = (struct hcl_variable){e->name, from->items[i]};
	return n;
}

static bool loop_source(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	if (!hcl_eval_in(ev, e->args[0], ret))
		return false;
	if (!hcl_is_sequence(ret) && !hcl_is_mapping(ret))
		return fail(ev, e->args[0], "iteration over non-iterable value",
			arena_printf(ev->arena, "a %s has no elements", hcl_kind_name(ret->kind)));
	return hcl_spend(ev, e, ret->n * sizeof(*ret));
}

static bool eval_template_for(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value from;
	own_buf out = BUF_INIT;

	if (!loop_source(ev, e, &from))
		return false;
	for (size_t i = 0; i < from.n; i++) {
		struct hcl_variable variables[2];
		struct hcl_value text;
		size_t n = loop_variables(ev, e, &from, i, variables);
		if (!eval_with(ev, e->args[1], variables, n, &text) ||
			!hcl_spend(ev, e, strlen(text.string)))
			return false;
		buf_str(&out, text.string);
	}
	*ret = hcl_string(arena_strdup(ev->arena, buf_text(&out)));
	return true;
}

/* One round: 1 = the test said no. */
static int loop_round(
	struct hcl_eval *ev, const struct hcl_expr *e, const char **ret_key, struct hcl_value *ret)
{
	bool keep = true;

	if (e->args[3] && !test_of(ev, e->args[3], &keep))
		return -1;
	if (!keep)
		return 1;
	struct hcl_value key;
	if (e->is_object) {
		if (!hcl_eval_in(ev, e->args[1], &key))
			return -1;
		if (!hcl_to_string(ev->arena, &key, ret_key))
			return fail(ev, e->args[1], "invalid object key",
				       "a key must be a string") -
			       1;
	}
	return hcl_eval_in(ev, e->args[2], ret) ? 0 : -1;
}

static struct hcl_value grouped(
	struct hcl_eval *ev, const char **keys, const struct hcl_value *items, size_t n)
{
	struct hcl_value *groups = arena_array(ev->arena, n + 1, sizeof(*groups));

	for (size_t i = 0; i < n; i++) {
		struct hcl_value *members = arena_array(ev->arena, n + 1, sizeof(*members));
		size_t used = 0;
		for (size_t k = 0; k < n; k++)
			if (!strcmp(keys[i], keys[k]))
				members[used++] = items[k];
		groups[i] = (struct hcl_value){.kind = HCL_TUPLE, .items = members, .n = used};
	}
	return hcl_object(ev->arena, HCL_OBJECT, keys, groups, n);
}

static bool eval_for(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_value from;

	if (!loop_source(ev, e, &from))
		return false;
	struct hcl_value *items = arena_array(ev->arena, from.n + 1, sizeof(*items));
	const char **keys = arena_array(ev->arena, from.n + 1, sizeof(*keys));
	size_t used = 0;
	for (size_t i = 0; i < from.n; i++) {
		struct hcl_variable variables[2];
		const struct hcl_scope inner = {.parent = ev->scope,
			.variables = variables,
			.n_variables = loop_variables(ev, e, &from, i, variables)};
		ev->scope = &inner;
		int r = loop_round(ev, e, &keys[used], &items[used]);
		ev->scope = inner.parent;
		if (r < 0)
			return false;
		used += r == 0;
	}
	if (!e->is_object) {
		*ret = (struct hcl_value){.kind = HCL_TUPLE, .items = items, .n = used};
		return true;
	}
	if (e->expand && !hcl_spend(ev, e, used * used * sizeof(from)))
		return false;
	*ret = e->expand ? grouped(ev, keys, items, used)
			 : hcl_object(ev->arena, HCL_OBJECT, keys, items, used);
	if (!e->expand && ret->n < used)
		return fail(ev, e, "duplicate object key",
			"two elements have the same key; add '...' to group them");
	return true;
}

bool hcl_eval_in(struct hcl_eval *ev, const struct hcl_expr *e, struct hcl_value *ret)
{
	static eval_fn *const table[] = {
		[EXPR_LITERAL] = eval_literal,
		[EXPR_TEMPLATE] = eval_template,
		[EXPR_WRAP] = eval_wrap,
		[EXPR_VARIABLE] = eval_variable,
		[EXPR_GET] = eval_get,
		[EXPR_INDEX] = eval_index,
		[EXPR_SPLAT] = eval_splat,
		[EXPR_EACH] = eval_each,
		[EXPR_CALL] = eval_call,
		[EXPR_BINARY] = eval_binary,
		[EXPR_UNARY] = eval_unary,
		[EXPR_CONDITION] = eval_condition,
		[EXPR_TUPLE] = eval_tuple,
		[EXPR_OBJECT] = eval_object,
		[EXPR_FOR] = eval_for,
		[EXPR_TEMPLATE_IF] = eval_template_if,
		[EXPR_TEMPLATE_FOR] = eval_template_for,
		[EXPR_BAD] = eval_bad,
	};

	*ret = hcl_null();
	if (++ev->depth > HCL_MAX_EVAL_DEPTH) {
		ev->depth--;
		return fail(
			ev, e, "nested too deeply", "the expression nests more than 1000 levels");
	}
	bool ok = hcl_spend(ev, e, HCL_STEP_COST) && table[e->kind](ev, e, ret);
	ev->depth--;
	return ok;
}

bool hcl_eval(struct arena *arena, struct hcl_diags *diags, const struct hcl_scope *scope,
	const struct hcl_expr *e, struct hcl_value *ret)
{
	struct hcl_eval ev = {.arena = arena, .diags = diags, .scope = scope};

	return hcl_eval_in(&ev, e, ret);
}
