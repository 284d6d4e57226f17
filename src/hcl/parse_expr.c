/* Expressions, by precedence climbing. Every way down passes parser_enter(), so depth is bounded.
 */
#include <string.h>

#include "hcl/number.h"
#include "hcl/parser.h"

struct binary {
	const char *text;
	enum hcl_operator op;
	unsigned level; /* higher binds tighter */
};

static const struct binary binaries[] = {
	{"||", OP_OR, 1},
	{"&&", OP_AND, 2},
	{"==", OP_EQ, 3},
	{"!=", OP_NE, 3},
	{"<=", OP_LE, 4},
	{">=", OP_GE, 4},
	{"<", OP_LT, 4},
	{">", OP_GT, 4},
	{"+", OP_ADD, 5},
	{"-", OP_SUB, 5},
	{"*", OP_MUL, 6},
	{"/", OP_DIV, 6},
	{"%", OP_MOD, 6},
};

static struct hcl_expr *expected(struct hcl_parser *p, const char *what)
{
	if (p->token.kind != TOKEN_BAD && !p->stopped)
		hcl_error(p->diags, p->token.range, "invalid expression", "expected %s, got %s",
			what, parser_token_name(p));
	return parser_bad(p, p->token.range);
}

static bool close_bracket(struct hcl_parser *p, const char *punct, const struct hcl_range *open)
{
	p->brackets--;
	if (!parser_is(p, punct)) {
		if (p->token.kind != TOKEN_BAD && !p->stopped)
			hcl_error(p->diags, p->token.kind == TOKEN_END ? *open : p->token.range,
				"unbalanced brackets",
				"expected '%s' to close what begins at line %u, column %u, got %s",
				punct, open->start.line, open->start.column, parser_token_name(p));
		return false;
	}
	parser_next(p);
	return true;
}

static struct hcl_expr *literal(struct hcl_parser *p, struct hcl_value value)
{
	struct hcl_pos start = p->token.range.start;

	parser_next(p);
	struct hcl_expr *e = expr_new(p, EXPR_LITERAL, start, 0);
	e->value = value;
	return e;
}

static struct hcl_expr *number(struct hcl_parser *p)
{
	const struct hcl_number *n = number_parse(p->arena, parser_text(p, &p->token));

	if (!n) {
		hcl_error(p->diags, p->token.range, "invalid number",
			"too long, or its exponent is out of range");
		parser_next(p);
		return parser_bad(p, p->token.range);
	}
	return literal(p, (struct hcl_value){.kind = HCL_NUMBER, .number = n});
}

static struct hcl_expr *call(struct hcl_parser *p, struct hcl_token name)
{
	struct hcl_range open = p->token.range;
	struct hcl_expr *e = expr_new(p, EXPR_CALL, name.range.start, 0);

	e->name = parser_text(p, &name);
	p->brackets++;
	parser_next(p);
	while (!parser_is(p, ")")) {
		struct hcl_expr *arg = parser_expr(p);
		expr_add(p, e, arg);
		if (arg->kind == EXPR_BAD)
			break;
		if (parser_accept(p, "...")) {
			e->expand = true;
			break;
		}
		if (!parser_accept(p, ","))
			break;
	}
	(void)close_bracket(p, ")", &open);
	e->range = parser_range_from(p, name.range.start);
	return e;
}

/* for k, v in collection : key => value... if test */
static struct hcl_expr *for_expr(struct hcl_parser *p, struct hcl_range open, bool is_object)
{
	struct hcl_expr *e = expr_new(p, EXPR_FOR, open.start, 4);

	e->is_object = is_object;
	parser_next(p); /* for */
	if (p->token.kind != TOKEN_IDENT)
		return expected(p, "a variable name after 'for'");
	e->name = parser_text(p, &p->token);
	parser_next(p);
	if (parser_accept(p, ",")) {
		e->key_name = e->name;
		if (p->token.kind != TOKEN_IDENT)
			return expected(p, "a second variable name");
		e->name = parser_text(p, &p->token);
		parser_next(p);
	}
	if (!parser_is_word(p, "in"))
		return expected(p, "'in'");
	parser_next(p);
	e->args[0] = parser_expr(p);
	if (!parser_accept(p, ":"))
		return expected(p, "':' after the collection");
	e->args[2] = parser_expr(p);
	if (is_object) {
		e->args[1] = e->args[2];
		if (!parser_accept(p, "=>"))
			return expected(p, "'=>' between key and value");
		e->args[2] = parser_expr(p);
		e->expand = parser_accept(p, "...");
	}
	if (parser_is_word(p, "if")) {
		parser_next(p);
		e->args[3] = parser_expr(p);
	}
	(void)close_bracket(p, is_object ? "}" : "]", &open);
	e->range = parser_range_from(p, open.start);
	return e;
}

static struct hcl_expr *tuple(struct hcl_parser *p)
{
	struct hcl_range open = p->token.range;

	p->brackets++;
	parser_next(p);
	if (parser_is_word(p, "for"))
		return for_expr(p, open, false);
	struct hcl_expr *e = expr_new(p, EXPR_TUPLE, open.start, 0);
	while (!parser_is(p, "]")) {
		struct hcl_expr *item = parser_expr(p);
		expr_add(p, e, item);
		if (item->kind == EXPR_BAD || !parser_accept(p, ","))
			break;
	}
	(void)close_bracket(p, "]", &open);
	e->range = parser_range_from(p, open.start);
	return e;
}

/* Inside {} newlines count: they end an item as a comma does. */
static struct hcl_expr *object(struct hcl_parser *p)
{
	struct hcl_range open = p->token.range;
	unsigned outer = p->brackets;

	p->brackets = 0;
	parser_next(p);
	parser_skip_newlines(p);
	if (parser_is_word(p, "for")) {
		p->brackets = 1;
		struct hcl_expr *loop = for_expr(p, open, true);
		p->brackets = outer;
		return loop;
	}
	struct hcl_expr *e = expr_new(p, EXPR_OBJECT, open.start, 0);
	while (!parser_is(p, "}") && p->token.kind != TOKEN_END) {
		struct hcl_expr *key = parser_expr(p);
		expr_add(p, e, key);
		key->bare_key = key->kind == EXPR_VARIABLE;
		if (!parser_is(p, "=") && !parser_is(p, ":")) {
			if (key->kind != EXPR_BAD)
				(void)expected(p, "'=' or ':' after the key");
			e->n_args--;
			break;
		}
		parser_next(p);
		expr_add(p, e, parser_expr(p));
		if (p->token.kind != TOKEN_NEWLINE && !parser_is(p, ",") && !parser_is(p, "}")) {
			if (e->args[e->n_args - 1]->kind != EXPR_BAD)
				(void)expected(p, "',' or a newline after the value");
			break;
		}
		(void)parser_accept(p, ",");
		parser_skip_newlines(p);
	}
	p->brackets = 1;
	bool closed = parser_is(p, "}");
	p->brackets = outer;
	if (closed)
		parser_next(p);
	else if (p->token.kind == TOKEN_END && !p->stopped)
		hcl_error(p->diags, open, "unbalanced brackets",
			"expected '}' to close what begins here");
	e->range = parser_range_from(p, open.start);
	return e;
}

static struct hcl_expr *word(struct hcl_parser *p)
{
	struct hcl_token name = p->token;

	if (parser_is_word(p, "true") || parser_is_word(p, "false"))
		return literal(p, hcl_bool(name.text[0] == 't'));
	if (parser_is_word(p, "null"))
		return literal(p, hcl_null());
	parser_next(p);
	if (parser_is(p, "("))
		return call(p, name);
	struct hcl_expr *e = expr_new(p, EXPR_VARIABLE, name.range.start, 0);
	e->name = parser_text(p, &name);
	e->root = e;
	return e;
}

static struct hcl_expr *primary(struct hcl_parser *p)
{
	if (p->token.kind == TOKEN_NUMBER)
		return number(p);
	if (p->token.kind == TOKEN_QUOTE || p->token.kind == TOKEN_HEREDOC)
		return parser_template(p);
	if (p->token.kind == TOKEN_IDENT)
		return word(p);
	if (parser_is(p, "["))
		return tuple(p);
	if (parser_is(p, "{"))
		return object(p);
	if (!parser_is(p, "("))
		return expected(p, "a value");

	struct hcl_range open = p->token.range;
	p->brackets++;
	parser_next(p);
	struct hcl_expr *inner = parser_expr(p);
	(void)close_bracket(p, ")", &open);
	/* in an object ({(x) = 1}) parentheses keep a name from being a literal key: a wrapper says
	 * so */
	struct hcl_expr *e = expr_new(p, EXPR_WRAP, open.start, 1);
	e->args[0] = inner;
	return e;
}

static struct hcl_expr *traversal(struct hcl_parser *p, struct hcl_expr *from);

static struct hcl_expr *splat(struct hcl_parser *p, struct hcl_expr *source, bool full)
{
	struct hcl_expr *e = expr_new(p, EXPR_SPLAT, source->range.start, 2);

	e->args[0] = source;
	e->args[1] = expr_new(p, EXPR_EACH, source->range.start, 0);
	if (full) {
		e->args[1] = traversal(p, e->args[1]);
		return e;
	}
	while (parser_is(p, ".")) { /* a.*.b[0] is (a.*.b)[0] */
		parser_next(p);
		struct hcl_expr *get = expr_new(p, EXPR_GET, source->range.start, 1);
		if (p->token.kind != TOKEN_IDENT)
			return expected(p, "an attribute name after '.'");
		get->name = parser_text(p, &p->token);
		parser_next(p);
		get->args[0] = e->args[1];
		e->args[1] = get;
	}
	return e;
}

static struct hcl_expr *dot(struct hcl_parser *p, struct hcl_expr *from)
{
	parser_next(p);
	if (parser_accept(p, "*"))
		return splat(p, from, false);
	struct hcl_expr *e = expr_new(p, EXPR_GET, from->range.start, 1);
	e->args[0] = from;
	e->root = from->root;
	if (p->token.kind == TOKEN_IDENT) {
		e->name = parser_text(p, &p->token);
		parser_next(p);
	} else if (p->token.kind == TOKEN_NUMBER) { /* a.0: an old way to write a[0] */
		e->kind = EXPR_INDEX;
		struct hcl_expr *key = number(p);
		expr_add(p, e, key);
	} else {
		return expected(p, "an attribute name after '.'");
	}
	e->range = parser_range_from(p, from->range.start);
	return e;
}

static struct hcl_expr *bracket(struct hcl_parser *p, struct hcl_expr *from)
{
	struct hcl_range open = p->token.range;

	p->brackets++;
	parser_next(p);
	if (parser_is(p, "*")) {
		parser_next(p);
		(void)close_bracket(p, "]", &open);
		return splat(p, from, true);
	}
	struct hcl_expr *e = expr_new(p, EXPR_INDEX, from->range.start, 2);
	e->args[0] = from;
	e->args[1] = parser_expr(p);
	e->root = e->args[1]->kind == EXPR_LITERAL ? from->root : NULL;
	(void)close_bracket(p, "]", &open);
	e->range = parser_range_from(p, from->range.start);
	return e;
}

static struct hcl_expr *traversal(struct hcl_parser *p, struct hcl_expr *from)
{
	unsigned steps = 0;

	for (; steps < HCL_MAX_DEPTH && from->kind != EXPR_BAD; steps++) {
		if (parser_is(p, "."))
			from = dot(p, from);
		else if (parser_is(p, "["))
			from = bracket(p, from);
		else
			return from;
	}
	if (steps == HCL_MAX_DEPTH)
		hcl_error(p->diags, from->range, "nested too deeply",
			"at most %d steps are followed", HCL_MAX_DEPTH);
	return from;
}

static struct hcl_expr *unary(struct hcl_parser *p)
{
	bool negate = parser_is(p, "-");

	if (!negate && !parser_is(p, "!"))
		return traversal(p, primary(p));
	struct hcl_pos start = p->token.range.start;
	parser_next(p);
	if (!parser_enter(p))
		return parser_bad(p, p->token.range);
	struct hcl_expr *operand = unary(p);
	parser_leave(p);
	struct hcl_expr *e = expr_new(p, EXPR_UNARY, start, 1);
	e->op = negate ? OP_NEGATE : OP_NOT;
	e->args[0] = operand;
	return e;
}

static const struct binary *binary_here(const struct hcl_parser *p, unsigned level)
{
	for (size_t i = 0; i < iso_len(binaries); i++)
		if (binaries[i].level >= level && parser_is(p, binaries[i].text))
			return &binaries[i];
	return NULL;
}

static struct hcl_expr *binary(struct hcl_parser *p, unsigned level)
{
	struct hcl_expr *left = unary(p);
	const struct binary *b;
	unsigned chain = 0;

	while (left->kind != EXPR_BAD && (b = binary_here(p, level))) {
		if (++chain > HCL_MAX_DEPTH || !parser_enter(p)) {
			hcl_error(p->diags, left->range, "nested too deeply",
				"at most %d operators in a row", HCL_MAX_DEPTH);
			return parser_bad(p, left->range);
		}
		parser_next(p);
		struct hcl_expr *right = binary(p, b->level + 1);
		parser_leave(p);
		struct hcl_expr *e = expr_new(p, EXPR_BINARY, left->range.start, 2);
		e->op = b->op;
		e->args[0] = left;
		e->args[1] = right;
		left = right->kind == EXPR_BAD ? right : e;
	}
	return left;
}

static struct hcl_expr *condition(struct hcl_parser *p, struct hcl_expr *test)
{
	struct hcl_expr *e = expr_new(p, EXPR_CONDITION, test->range.start, 3);

	e->args[0] = test;
	parser_next(p); /* ? */
	e->args[1] = parser_expr(p);
	if (!parser_accept(p, ":"))
		return e->args[1]->kind == EXPR_BAD ? e->args[1]
						    : expected(p, "':' of the conditional");
	e->args[2] = parser_expr(p);
	e->range = parser_range_from(p, test->range.start);
	return e;
}

struct hcl_expr *parser_expr(struct hcl_parser *p)
{
	if (!parser_enter(p))
		return parser_bad(p, p->token.range);
	struct hcl_expr *e = binary(p, 1);
	if (parser_is(p, "?") && e->kind != EXPR_BAD)
		e = condition(p, e);
	parser_leave(p);
	return e;
}
