/* Moving over tokens, and the small things that every part of the parser needs (parser.h). */
#include "hcl/parser.h"

#include <string.h>

void parser_init(struct hcl_parser *p, struct arena *arena, const struct hcl_source *source,
	struct hcl_diags *diags)
{
	*p = (struct hcl_parser){
		.arena = arena,
		.diags = diags,
		.lexer = {.source = source, .diags = diags, .at = {.line = 1, .column = 1}},
	};
	if (source->len >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3)) {
		p->lexer.at.byte = 3; /* byte order mark */
	}
	parser_next(p);
}

void parser_next(struct hcl_parser *p)
{
	p->last_end = p->lexer.at;
	do
		p->token = hcl_lex(&p->lexer);
	while (p->token.kind == TOKEN_NEWLINE && p->brackets);
	if (!hcl_diags_go_on(p->diags, p->token.range))
		p->stopped = true;
	if (p->stopped) { /* nothing more is read: the recursion unwinds on ends of file */
		p->token.kind = TOKEN_END;
		p->token.len = 0;
	}
}

bool parser_is(const struct hcl_parser *p, const char *punct)
{
	return hcl_token_is(&p->token, punct);
}

bool parser_accept(struct hcl_parser *p, const char *punct)
{
	if (!parser_is(p, punct))
		return false;
	parser_next(p);
	return true;
}

bool parser_is_word(const struct hcl_parser *p, const char *word)
{
	return p->token.kind == TOKEN_IDENT && p->token.len == strlen(word) &&
	       !memcmp(p->token.text, word, p->token.len);
}

void parser_skip_newlines(struct hcl_parser *p)
{
	while (p->token.kind == TOKEN_NEWLINE)
		parser_next(p);
}

bool parser_enter(struct hcl_parser *p)
{
	if (++p->depth <= HCL_MAX_DEPTH)
		return true;
	if (!p->stopped)
		hcl_error(p->diags, p->token.range, "nested too deeply",
			"at most %d levels are read", HCL_MAX_DEPTH);
	p->stopped = true;
	p->token.kind = TOKEN_END;
	p->token.len = 0;
	return false;
}

void parser_leave(struct hcl_parser *p)
{
	p->depth--;
}

const char *parser_text(struct hcl_parser *p, const struct hcl_token *t)
{
	return arena_strndup(p->arena, t->text, t->len);
}

const char *parser_token_name(struct hcl_parser *p)
{
	switch (p->token.kind) {
	case TOKEN_END:
		return "the end of the file";
	case TOKEN_NEWLINE:
		return "the end of the line";
	case TOKEN_HEREDOC:
		return "a heredoc";
	case TOKEN_IDENT:
	case TOKEN_NUMBER:
	case TOKEN_QUOTE:
	case TOKEN_PUNCT:
	case TOKEN_BAD:
		break;
	}
	return arena_printf(
		p->arena, "'%.*s'", (int)(p->token.len > 40 ? 40 : p->token.len), p->token.text);
}

struct hcl_range parser_range_from(const struct hcl_parser *p, struct hcl_pos start)
{
	return (struct hcl_range){p->lexer.source, start, p->last_end};
}

struct hcl_expr *expr_new(
	struct hcl_parser *p, enum hcl_expr_kind kind, struct hcl_pos start, size_t n_args)
{
	struct hcl_expr *e = arena_new_of(p->arena, struct hcl_expr);

	e->kind = kind;
	e->range = parser_range_from(p, start);
	if (n_args)
		e->args = arena_array(p->arena, n_args, sizeof(struct hcl_expr *));
	e->n_args = n_args;
	return e;
}

void expr_add(struct hcl_parser *p, struct hcl_expr *e, struct hcl_expr *arg)
{
	e->args = arena_push(p->arena, e->args, e->n_args, sizeof(arg));
	e->args[e->n_args++] = arg;
}

struct hcl_expr *parser_bad(struct hcl_parser *p, struct hcl_range range)
{
	struct hcl_expr *e = expr_new(p, EXPR_BAD, range.start, 0);

	e->range = range;
	return e;
}
