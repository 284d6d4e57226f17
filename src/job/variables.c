/* Input variables (variables.h; jobspec 2.1). */
#include "job/variables.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/nearest.h"
#include "hcl/parse.h"
#include "job/locals.h"
#include "job/source.h"

struct variable {
	const char *name;
	const struct hcl_block *block;
	const struct hcl_expr *type, *default_value;
	bool has_value;
	struct hcl_value value;
};

struct table {
	struct arena *arena;
	struct hcl_diags *diags;
	struct variable *v;
	size_t n;
	struct name_at *names; /* of all, sorted */
};

static const struct hcl_scope no_scope = {.parent = NULL};

static struct variable *find(struct table *t, const char *name, size_t len)
{
	const struct name_at *found = names_find(t->names, t->n, name, len);
	return found ? &t->v[found->at] : NULL;
}

static void sort_names(struct table *t)
{
	t->names = arena_array(t->arena, t->n, sizeof(*t->names));
	for (size_t i = 0; i < t->n; i++)
		t->names[i] = (struct name_at){t->v[i].name, strlen(t->v[i].name), i};
	names_sort(t->names, t->n);
	for (size_t i = 1; i < t->n; i++)
		if (names_equal(&t->names[i - 1], &t->names[i]))
			hcl_error(t->diags, t->v[t->names[i].at].block->range, "duplicate variable",
				"variable \"%s\" was already defined", t->names[i].name);
}

static void declare(struct table *t, const struct hcl_block *b)
{
	struct variable v = {.block = b};

	if (b->n_labels != 1) {
		hcl_error(t->diags, b->range, "missing name for variable",
			"write variable \"NAME\" { ... }");
		return;
	}
	v.name = b->labels[0];
	for (size_t i = 0; i < b->body->n_attributes; i++) {
		const struct hcl_attribute *a = &b->body->attributes[i];
		if (!strcmp(a->name, "type"))
			v.type = a->expr;
		else if (!strcmp(a->name, "default"))
			v.default_value = a->expr;
		else if (strcmp(a->name, "description") != 0 && strcmp(a->name, "sensitive") != 0)
			hcl_error(t->diags, a->name_range, "unsupported argument",
				"an argument named \"%s\" is not expected in variable; known are "
				"type, default, description",
				a->name);
	}
	t->v = arena_push(t->arena, t->v, t->n, sizeof(v));
	t->v[t->n++] = v;
}

/* string, number, bool are converted; list(...), map(...), object(...), any are taken as they come.
 */
static bool convert(struct table *t, struct variable *var, struct hcl_range range)
{
	const char *type = var->type && var->type->kind == EXPR_VARIABLE ? var->type->name : "any";
	struct hcl_value *v = &var->value;
	bool ok = true;

	if (!strcmp(type, "string")) {
		ok = hcl_to_string(t->arena, v, &v->string);
		v->kind = HCL_STRING;
	} else if (!strcmp(type, "number")) {
		ok = hcl_to_number(t->arena, v, &v->number);
		v->kind = HCL_NUMBER;
	} else if (!strcmp(type, "bool")) {
		ok = hcl_to_bool(v, &v->boolean);
		v->kind = HCL_BOOL;
	}
	if (!ok)
		hcl_error(t->diags, range, "invalid value for variable",
			"variable \"%s\" takes a %s", var->name, type);
	return ok;
}

static bool is_complex(const struct variable *v)
{
	return v->type &&
	       (v->type->kind == EXPR_CALL ||
		       (v->type->kind == EXPR_VARIABLE && !strcmp(v->type->name, "any") &&
			       v->default_value && v->default_value->kind != EXPR_LITERAL));
}

static void set_text(struct table *t, struct variable *v, const char *text, const char *from)
{
	v->has_value = true;
	v->value = hcl_string(text);
	if (is_complex(v)) {
		struct hcl_source *source = arena_new_of(t->arena, struct hcl_source);
		*source = (struct hcl_source){.name = from, .text = text, .len = strlen(text)};
		struct hcl_expr *e = hcl_parse_expression(t->arena, source, t->diags);
		if (!hcl_eval(t->arena, t->diags, &no_scope, e, &v->value))
			return;
	}
	(void)convert(t, v, v->block->range);
}

static void unknown(struct table *t, struct hcl_range range, const char *name, const char *from)
{
	for (size_t i = 0; i < t->n; i++)
		if (nearest_close(name, t->v[i].name)) {
			hcl_error(t->diags, range, "undefined variable",
				"%s sets \"%s\", which the job file does not declare; did you mean "
				"\"%s\"?",
				from, name, t->v[i].name);
			return;
		}
	hcl_error(t->diags, range, "undefined variable",
		"%s sets \"%s\", which the job file does not declare", from, name);
}

static void read_file(struct table *t, const char *path)
{
	struct hcl_source *source;
	struct iso_err err = ISO_ERR_INIT;
	const struct lang_source in = {.path = path};

	if (source_read(t->arena, &in, &source, &err)) {
		hcl_error(t->diags, (struct hcl_range){0}, "variable file", "%s", err.text);
		return;
	}
	struct hcl_body *body = hcl_parse(t->arena, source, t->diags);
	for (size_t i = 0; i < body->n_attributes; i++) {
		const struct hcl_attribute *a = &body->attributes[i];
		struct variable *v = find(t, a->name, strlen(a->name));
		if (!v) {
			unknown(t, a->name_range, a->name, path);
			continue;
		}
		v->has_value = hcl_eval(t->arena, t->diags, &no_scope, a->expr, &v->value);
		if (v->has_value)
			(void)convert(t, v, a->expr->range);
	}
	for (size_t i = 0; i < body->n_blocks; i++)
		hcl_error(t->diags, body->blocks[i].range, "unexpected block",
			"a variable file holds only NAME = VALUE");
}

static void from_options(struct table *t, struct task_strings vars)
{
	for (size_t i = 0; i < vars.n; i++) {
		size_t len = strcspn(vars.v[i], "=");
		struct variable *v = find(t, vars.v[i], len);
		if (!vars.v[i][len])
			hcl_error(t->diags, (struct hcl_range){0}, "option '-var'",
				"takes NAME=VALUE, got '%s'", vars.v[i]);
		else if (!v)
			unknown(t, (struct hcl_range){0}, arena_strndup(t->arena, vars.v[i], len),
				"option '-var'");
		else
			set_text(t, v, vars.v[i] + len + 1, "option '-var'");
	}
}

static void settle(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct variable *v = &t->v[i];
		if (v->has_value)
			continue;
		if (!v->default_value) {
			hcl_error(t->diags, v->block->range, "unset variable",
				"variable \"%s\" has no default: give a value with -var %s=VALUE "
				"or in a -var-file",
				v->name, v->name);
			continue;
		}
		v->has_value = hcl_eval(t->arena, t->diags, &no_scope, v->default_value, &v->value);
		if (v->has_value && v->value.kind != HCL_NULL)
			(void)convert(t, v, v->default_value->range);
	}
}

static struct hcl_value as_object(struct table *t)
{
	const char **names = arena_array(t->arena, t->n + 1, sizeof(*names));
	struct hcl_value *values = arena_array(t->arena, t->n + 1, sizeof(*values));

	for (size_t i = 0; i < t->n; i++) {
		names[i] = t->v[i].name;
		values[i] = t->v[i].value;
	}
	return hcl_object(t->arena, HCL_OBJECT, names, values, t->n);
}

static void validations(struct table *t, const struct hcl_scope *scope)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < t->v[i].block->body->n_blocks; k++) {
			const struct hcl_block *b = &t->v[i].block->body->blocks[k];
			const struct hcl_expr *condition = NULL, *message = NULL;
			struct hcl_value v, text = hcl_string("the condition is false");
			bool holds = false;
			for (size_t a = 0; a < b->body->n_attributes; a++) {
				if (!strcmp(b->body->attributes[a].name, "condition"))
					condition = b->body->attributes[a].expr;
				if (!strcmp(b->body->attributes[a].name, "error_message"))
					message = b->body->attributes[a].expr;
			}
			if (strcmp(b->type, "validation") != 0 || !condition) {
				hcl_error(t->diags, b->range, "unsupported block type",
					"variable takes only validation { condition = ... }");
				continue;
			}
			if (message)
				(void)hcl_eval(t->arena, t->diags, scope, message, &text);
			if (hcl_eval(t->arena, t->diags, scope, condition, &v) &&
				(!hcl_to_bool(&v, &holds) || !holds))
				hcl_error(t->diags, condition->range, "invalid value for variable",
					"variable \"%s\": %s", t->v[i].name,
					text.kind == HCL_STRING ? text.string
								: "the condition is false");
		}
}

bool job_is_runtime_root(const char *root)
{
	static const char *const names[] = {"attr", "node", "meta", "env", "device"};

	for (size_t i = 0; i < iso_len(names); i++)
		if (!strcmp(root, names[i]))
			return true;
	return !strncmp(root, "NOMAD_", 6);
}

struct hcl_scope *variables_scope(struct arena *arena, const struct hcl_body *body,
	struct task_strings vars, struct task_strings var_files, struct hcl_diags *diags)
{
	struct table t = {.arena = arena, .diags = diags};
	size_t errors = diags->n_errors;

	for (size_t i = 0; i < body->n_blocks; i++)
		if (!strcmp(body->blocks[i].type, "variable"))
			declare(&t, &body->blocks[i]);
	sort_names(&t);
	for (size_t i = 0; i < var_files.n; i++)
		read_file(&t, var_files.v[i]);
	for (size_t i = 0; i < t.n; i++) {
		const char *value = getenv(arena_printf(arena, "NOMAD_VAR_%s", t.v[i].name));
		if (value)
			set_text(&t, &t.v[i], value, "the environment");
	}
	from_options(&t, vars);
	settle(&t);

	struct hcl_variable *roots = arena_array(arena, 2, sizeof(*roots));
	struct hcl_scope *scope = arena_new_of(arena, struct hcl_scope);
	roots[0] = (struct hcl_variable){"var", as_object(&t)};
	roots[1] = (struct hcl_variable){"local", hcl_object(arena, HCL_OBJECT, NULL, NULL, 0)};
	*scope = (struct hcl_scope){
		.variables = roots, .n_variables = 2, .is_runtime = job_is_runtime_root};
	validations(&t, scope);
	locals_evaluate(arena, body, scope, &roots[1], diags);
	return diags->n_errors == errors ? scope : NULL;
}
