/* Bodies: attributes and blocks, with recovery at the next line so that several mistakes are told
 * in one run. */
#include <string.h>

#include "base/names.h"
#include "hcl/parser.h"

static struct hcl_body *parse_body(struct hcl_parser *p, bool top);

/* To the end of a line that is outside of what was opened on it. */
static void recover(struct hcl_parser *p)
{
	unsigned open = 0;

	p->brackets = 0;
	while (p->token.kind != TOKEN_END) {
		if (parser_is(p, "{") || parser_is(p, "[") || parser_is(p, "(")) {
			open++;
		} else if (parser_is(p, "}") || parser_is(p, "]") || parser_is(p, ")")) {
			if (!open)
				return;
			open--;
		} else if (p->token.kind == TOKEN_NEWLINE && !open) {
			return;
		}
		parser_next(p);
	}
}

static void add_attribute(struct hcl_parser *p, struct hcl_body *b, struct hcl_attribute a)
{
	b->attributes = arena_push(p->arena, b->attributes, b->n_attributes, sizeof(a));
	b->attributes[b->n_attributes++] = a;
}

/* An attribute given twice is told, and the first one holds. */
static void drop_repeated(struct hcl_parser *p, struct hcl_body *b)
{
	size_t n = b->n_attributes;
	struct name_at *names = arena_array(p->arena, n, sizeof(*names));
	const struct hcl_attribute *first = NULL;

	for (size_t i = 0; i < n; i++)
		names[i] =
			(struct name_at){b->attributes[i].name, strlen(b->attributes[i].name), i};
	names_sort(names, n);
	for (size_t i = 0; i < n; i++) {
		struct hcl_attribute *a = &b->attributes[names[i].at];
		if (!i || !names_equal(&names[i - 1], &names[i])) {
			first = a;
			continue;
		}
		hcl_error(p->diags, a->name_range, "attribute redefined",
			"the argument \"%s\" was already set at line %u; each argument may be set "
			"only once",
			a->name, first->name_range.start.line);
		a->expr = NULL;
	}
	b->n_attributes = 0;
	for (size_t i = 0; i < n; i++)
		if (b->attributes[i].expr)
			b->attributes[b->n_attributes++] = b->attributes[i];
}

static void end_of_item(struct hcl_parser *p, bool top)
{
	if (p->token.kind == TOKEN_NEWLINE || p->token.kind == TOKEN_END ||
		(!top && parser_is(p, "}")))
		return;
	hcl_error(p->diags, p->token.range, "missing newline after argument",
		"an argument definition must end with a newline, got %s", parser_token_name(p));
	recover(p);
}

static void attribute(struct hcl_parser *p, struct hcl_body *b, struct hcl_token name, bool top)
{
	parser_next(p); /* = */
	struct hcl_attribute a = {.name = parser_text(p, &name), .name_range = name.range};

	if (p->token.kind == TOKEN_NEWLINE || p->token.kind == TOKEN_END) {
		hcl_error(p->diags, name.range, "missing value",
			"expected an expression after '=' on the same line");
		return;
	}
	a.expr = parser_expr(p);
	a.range = parser_range_from(p, name.range.start);
	add_attribute(p, b, a);
	end_of_item(p, top);
}

static bool label(struct hcl_parser *p, struct hcl_block *block)
{
	const char *text;
	struct hcl_range range = p->token.range;

	if (p->token.kind == TOKEN_IDENT) {
		text = parser_text(p, &p->token);
		parser_next(p);
	} else {
		struct hcl_expr *e = parser_template(p);
		range = e->range;
		if (e->kind != EXPR_LITERAL || e->value.kind != HCL_STRING) {
			if (e->kind != EXPR_BAD)
				hcl_error(p->diags, e->range, "invalid block label",
					"a label is a plain string, without ${ }");
			return false;
		}
		text = e->value.string;
	}
	block->labels = arena_push(p->arena, block->labels, block->n_labels, sizeof(text));
	block->label_ranges =
		arena_push(p->arena, block->label_ranges, block->n_labels, sizeof(range));
	block->labels[block->n_labels] = text;
	block->label_ranges[block->n_labels++] = range;
	return true;
}

static void block(struct hcl_parser *p, struct hcl_body *b, struct hcl_token type, bool top)
{
	struct hcl_block k = {.type = parser_text(p, &type), .type_range = type.range};

	while (p->token.kind == TOKEN_IDENT || p->token.kind == TOKEN_QUOTE)
		if (!label(p, &k)) {
			recover(p);
			return;
		}
	k.range = parser_range_from(p, type.range.start);
	if (!parser_is(p, "{")) {
		if (k.n_labels == 0 &&
			(p->token.kind == TOKEN_NEWLINE || p->token.kind == TOKEN_END))
			hcl_error(p->diags, type.range, "invalid block or attribute definition",
				"expected '=' and a value (%s = ...), or a block (%s { ... })",
				k.type, k.type);
		else
			hcl_error(p->diags, p->token.range, "invalid block definition",
				"expected '{' to open the block \"%s\", or '=' for an argument, "
				"got %s",
				k.type, parser_token_name(p));
		recover(p);
		return;
	}
	if (!parser_enter(p))
		return;
	struct hcl_range open = p->token.range;
	parser_next(p);
	k.body = parse_body(p, false);
	parser_leave(p);
	b->blocks = arena_push(p->arena, b->blocks, b->n_blocks, sizeof(k));
	b->blocks[b->n_blocks++] = k;
	if (p->token.kind == TOKEN_END) {
		if (!p->stopped)
			hcl_error(p->diags, open, "unclosed block",
				"the block \"%s\" that begins here has no closing brace '}' before "
				"the end of the file",
				k.type);
		return;
	}
	parser_next(p); /* } */
	if (p->token.kind == TOKEN_NEWLINE || p->token.kind == TOKEN_END ||
		(!top && parser_is(p, "}")))
		return;
	hcl_error(p->diags, p->token.range, "missing newline after block",
		"a block must end with a newline, got %s", parser_token_name(p));
	recover(p);
}

static void item(struct hcl_parser *p, struct hcl_body *b, bool top)
{
	struct hcl_token name = p->token;

	if (name.kind == TOKEN_QUOTE && p->lexer.source->quoted_names) {
		struct hcl_expr *e = parser_template(p);
		if (e->kind == EXPR_LITERAL && parser_is(p, "=")) {
			name.text = e->value.string;
			name.len = strlen(e->value.string);
			name.range = e->range;
			attribute(p, b, name, top);
			return;
		}
	}
	if (name.kind == TOKEN_QUOTE) {
		hcl_error(p->diags, name.range, "invalid argument name",
			"names of arguments and blocks are written without quotes");
		recover(p);
		return;
	}
	if (name.kind != TOKEN_IDENT) {
		if (name.kind != TOKEN_BAD)
			hcl_error(p->diags, name.range, "argument or block definition required",
				"expected the name of an argument or a block here, got %s",
				parser_token_name(p));
		if (parser_is(p, "}"))
			parser_next(p);
		recover(p);
		return;
	}
	parser_next(p);
	if (parser_is(p, "="))
		attribute(p, b, name, top);
	else if (parser_is(p, ":") || parser_is(p, ".")) {
		hcl_error(p->diags, p->token.range, "invalid argument definition",
			"use '=' between a name and its value, got %s", parser_token_name(p));
		recover(p);
	} else {
		block(p, b, name, top);
	}
}

static struct hcl_body *parse_body(struct hcl_parser *p, bool top)
{
	struct hcl_body *b = arena_new_of(p->arena, struct hcl_body);

	for (;;) {
		parser_skip_newlines(p);
		if (p->token.kind == TOKEN_END || (!top && parser_is(p, "}")))
			break;
		item(p, b, top);
	}
	drop_repeated(p, b);
	b->end = p->token.range;
	return b;
}

static bool acceptable(const struct hcl_source *source, struct hcl_diags *diags)
{
	struct hcl_range start = {source, {1, 1, 0}, {1, 1, 0}};

	if (source->len > HCL_MAX_BYTES) {
		hcl_error(diags, (struct hcl_range){0}, "file is too large",
			"%s has more than %d MiB, the most that is read", source->name,
			HCL_MAX_BYTES >> 20);
		return false;
	}
	if (memchr(source->text, '\0', source->len)) {
		hcl_error(diags, start, "file is no text", "it holds a NUL byte");
		return false;
	}
	return true;
}

struct hcl_body *hcl_parse(
	struct arena *arena, const struct hcl_source *source, struct hcl_diags *diags)
{
	struct hcl_parser p;

	if (!acceptable(source, diags))
		return arena_new_of(arena, struct hcl_body);
	parser_init(&p, arena, source, diags);
	return parse_body(&p, true);
}

struct hcl_expr *hcl_parse_expression(
	struct arena *arena, const struct hcl_source *source, struct hcl_diags *diags)
{
	struct hcl_parser p;

	parser_init(&p, arena, source, diags);
	p.brackets = 1;
	struct hcl_expr *e =
		acceptable(source, diags) ? parser_expr(&p) : parser_bad(&p, p.token.range);
	parser_skip_newlines(&p);
	if (p.token.kind != TOKEN_END && e->kind != EXPR_BAD)
		hcl_error(diags, p.token.range, "extra characters after expression", "got %s",
			parser_token_name(&p));
	return e;
}
