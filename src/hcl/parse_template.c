/*
 * Templates: quoted strings and heredocs. Literal text is read here byte by byte; inside ${ and %{
 * the ordinary tokens are used again. The result is a literal when there is nothing to compute.
 */
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "hcl/parser.h"

struct reader {
	struct hcl_parser *p;
	bool quoted;
	uint32_t end;     /* heredoc: byte behind its text */
	uint32_t indent;  /* <<-: blanks taken from each line */
	bool trim_next;   /* ~} before: leading white space goes */
	const char *stop; /* the directive that ended a list of parts: "else", "endif", "endfor",
			     NULL = end of text */
	struct hcl_range open;
};

static struct hcl_expr *parts(struct reader *r, struct hcl_pos start);

static const char *here(const struct reader *r)
{
	return r->p->lexer.source->text + r->p->lexer.at.byte;
}

static size_t left(const struct reader *r)
{
	uint32_t at = r->p->lexer.at.byte;
	size_t end = r->quoted ? r->p->lexer.source->len : r->end;
	return end > at ? end - at : 0;
}

static struct hcl_range point(const struct reader *r)
{
	return (struct hcl_range){r->p->lexer.source, r->p->lexer.at, r->p->lexer.at};
}

static void add_code_point(struct buf *out, uint32_t c)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)c, bytes);
	buf_add(out, bytes, n > 0 ? (size_t)n : 0);
}

static bool hex(struct reader *r, size_t digits, uint32_t *ret)
{
	uint32_t v = 0;

	if (left(r) < 2 + digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		char c = here(r)[2 + i];
		uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
			     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
			     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
						    : 16;
		if (d == 16)
			return false;
		v = v << 4 | d;
	}
	*ret = v;
	return v && utf8proc_codepoint_valid((utf8proc_int32_t)v);
}

static void escape(struct reader *r, struct buf *out)
{
	static const char from[] = "nrt\"\\", to[] = "\n\r\t\"\\";
	char c = left(r) > 1 ? here(r)[1] : '\0';
	const char *known = c ? strchr(from, c) : NULL;
	uint32_t code;
	size_t digits = c == 'u' ? 4 : 8;

	if (known) {
		buf_chr(out, to[known - from]);
		hcl_lex_advance(&r->p->lexer, 2);
	} else if ((c == 'u' || c == 'U') && hex(r, digits, &code)) {
		add_code_point(out, code);
		hcl_lex_advance(&r->p->lexer, 2 + digits);
	} else {
		hcl_error(r->p->diags, point(r), "invalid escape sequence",
			"known are \\n \\r \\t \\\" \\\\ \\uNNNN \\UNNNNNNNN; a backslash itself "
			"is written \\\\");
		hcl_lex_advance(&r->p->lexer, 1);
	}
}

static void skip_indent(struct reader *r)
{
	for (uint32_t i = 0; i < r->indent && left(r) && (*here(r) == ' ' || *here(r) == '\t'); i++)
		hcl_lex_advance(&r->p->lexer, 1);
}

static bool at_marker(const struct reader *r, char c)
{
	return left(r) > 1 && here(r)[0] == c && here(r)[1] == '{';
}

static bool at_escaped_marker(const struct reader *r)
{
	const char *t = here(r);
	return left(r) > 2 && (t[0] == '$' || t[0] == '%') && t[1] == t[0] && t[2] == '{';
}

/* Literal text up to a marker or the end. @bol: the reader stands at the beginning of a line. */
static void literal(struct reader *r, struct buf *out, bool *bol)
{
	while (left(r)) {
		if (*bol)
			skip_indent(r);
		*bol = false;
		if (!left(r) || (r->quoted && *here(r) == '"') || (r->quoted && *here(r) == '\n'))
			return;
		if (at_escaped_marker(r)) {
			buf_chr(out, here(r)[0]);
			buf_chr(out, '{');
			hcl_lex_advance(&r->p->lexer, 3);
		} else if (at_marker(r, '$') || at_marker(r, '%')) {
			return;
		} else if (r->quoted && *here(r) == '\\') {
			escape(r, out);
		} else {
			*bol = *here(r) == '\n';
			if (!(*here(r) == '\r' && left(r) > 1 && here(r)[1] == '\n'))
				buf_chr(out, *here(r));
			hcl_lex_advance(&r->p->lexer, 1);
		}
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct hcl_expr *literal_expr(struct reader *r, const struct buf *text, struct hcl_pos start)
{
	struct hcl_expr *e = expr_new(r->p, EXPR_LITERAL, start, 0);
	utf8proc_uint8_t *normal = NULL;
	const int form_c = UTF8PROC_STABLE | UTF8PROC_COMPOSE; /* flags of an enum: no enumerator */

	if (utf8proc_map((const utf8proc_uint8_t *)buf_text(text), (utf8proc_ssize_t)text->len,
		    &normal, (utf8proc_option_t)form_c) < 0) {
		hcl_error(r->p->diags, point(r), "invalid text", "strings are UTF-8");
		return parser_bad(r->p, e->range);
	}
	e->range.end = r->p->lexer.at;
	e->value = hcl_string(arena_strdup(r->p->arena, (const char *)normal));
	free(normal);
	return e;
}

/* Blanks before a ${~ or %{~ go, up to and including one newline's worth of space as far as it
 * reaches. */
static void trim_end(struct buf *text)
{
	while (text->len && is_blank(text->data[text->len - 1]))
		text->data[--text->len] = '\0';
}

static void trim_start(struct buf *text)
{
	size_t n = 0;
	while (n < text->len && is_blank(text->data[n]))
		n++;
	if (n)
		memmove(text->data, text->data + n, text->len - n + 1);
	text->len -= n;
}

/* Behind "${" or "%{": ordinary tokens from here. Says whether a ~ was there. */
static bool enter_tokens(struct reader *r)
{
	hcl_lex_advance(&r->p->lexer, 2);
	bool trims = left(r) && *here(r) == '~';
	if (trims)
		hcl_lex_advance(&r->p->lexer, 1);
	r->p->brackets++;
	parser_next(r->p);
	return trims;
}

/* The token must be "}" or "~}": then the reader goes on behind it. "~" is no token, so it is
 * looked for by hand. */
static bool leave_tokens(struct reader *r, const struct hcl_range *open)
{
	struct hcl_parser *p = r->p;

	p->brackets--;
	r->trim_next = false;
	if (p->token.kind == TOKEN_BAD && p->token.len == 1 && *p->token.text == '~') {
		r->trim_next = true;
		p->token = hcl_lex(&p->lexer);
	}
	if (!parser_is(p, "}")) {
		if (p->token.kind != TOKEN_BAD && !p->stopped)
			hcl_error(p->diags, p->token.kind == TOKEN_END ? *open : p->token.range,
				"unclosed template",
				"expected '}' to close what begins at line %u, column %u, got %s",
				open->start.line, open->start.column, parser_token_name(p));
		return false;
	}
	/* the lexer stands right behind the brace */
	return true;
}

static struct hcl_expr *interpolation(struct reader *r)
{
	struct hcl_range open = point(r);

	(void)enter_tokens(r);
	struct hcl_expr *e = parser_expr(r->p);
	return leave_tokens(r, &open) ? e : parser_bad(r->p, e->range);
}

static struct hcl_expr *directive_end(
	struct reader *r, struct hcl_expr *e, const struct hcl_range *open, const char *word)
{
	if (r->stop && !strcmp(r->stop, word)) {
		r->stop = NULL;
		return e;
	}
	hcl_error(r->p->diags, *open, "unclosed template directive",
		"expected %%{ %s } before the end", word);
	return parser_bad(r->p, *open);
}

static struct hcl_expr *if_directive(struct reader *r, struct hcl_range open)
{
	struct hcl_expr *e = expr_new(r->p, EXPR_TEMPLATE_IF, open.start, 3);

	parser_next(r->p);
	e->args[0] = parser_expr(r->p);
	if (!leave_tokens(r, &open))
		return parser_bad(r->p, open);
	e->args[1] = parts(r, r->p->lexer.at);
	if (r->stop && !strcmp(r->stop, "else"))
		e->args[2] = parts(r, r->p->lexer.at);
	return directive_end(r, e, &open, "endif");
}

static struct hcl_expr *for_directive(struct reader *r, struct hcl_range open)
{
	struct hcl_parser *p = r->p;
	struct hcl_expr *e = expr_new(p, EXPR_TEMPLATE_FOR, open.start, 2);

	parser_next(p);
	if (p->token.kind == TOKEN_IDENT) {
		e->name = parser_text(p, &p->token);
		parser_next(p);
	}
	if (parser_accept(p, ",") && p->token.kind == TOKEN_IDENT) {
		e->key_name = e->name;
		e->name = parser_text(p, &p->token);
		parser_next(p);
	}
	if (!e->name || !parser_is_word(p, "in")) {
		hcl_error(p->diags, p->token.range, "invalid template directive",
			"expected %%{ for NAME in COLLECTION }");
		return parser_bad(p, open);
	}
	parser_next(p);
	e->args[0] = parser_expr(p);
	if (!leave_tokens(r, &open))
		return parser_bad(p, open);
	e->args[1] = parts(r, p->lexer.at);
	return directive_end(r, e, &open, "endfor");
}

/* %{ ... }: NULL when it ended the list that is being read (r->stop says with what). */
static struct hcl_expr *directive(struct reader *r)
{
	static const char *const ends[] = {"else", "endif", "endfor"};
	struct hcl_range open = point(r);

	(void)enter_tokens(r);
	for (size_t i = 0; i < iso_len(ends); i++)
		if (parser_is_word(r->p, ends[i])) {
			parser_next(r->p);
			r->stop = ends[i];
			return leave_tokens(r, &open) ? NULL : parser_bad(r->p, open);
		}
	if (parser_is_word(r->p, "if"))
		return if_directive(r, open);
	if (parser_is_word(r->p, "for"))
		return for_directive(r, open);
	hcl_error(r->p->diags, r->p->token.range, "invalid template directive",
		"expected if, for, else, endif or endfor");
	r->p->brackets--;
	return parser_bad(r->p, open);
}

static bool marker_trims(const struct reader *r)
{
	return left(r) > 2 && here(r)[2] == '~';
}

static struct hcl_expr *parts(struct reader *r, struct hcl_pos start)
{
	struct hcl_expr *e = expr_new(r->p, EXPR_TEMPLATE, start, 0);
	bool bol = !r->quoted && r->p->lexer.at.column == 1;

	r->stop = NULL;
	if (!parser_enter(r->p))
		return parser_bad(r->p, r->open);
	for (;;) {
		own_buf text = BUF_INIT;
		struct hcl_pos at = r->p->lexer.at;
		literal(r, &text, &bol);
		if (r->trim_next)
			trim_start(&text);
		r->trim_next = false;
		bool marker = left(r) && !r->p->stopped && (at_marker(r, '$') || at_marker(r, '%'));
		if (marker && marker_trims(r))
			trim_end(&text);
		if (text.len)
			expr_add(r->p, e, literal_expr(r, &text, at));
		if (!marker)
			break;
		struct hcl_expr *part = at_marker(r, '$') ? interpolation(r) : directive(r);
		if (part)
			expr_add(r->p, e, part);
		if (!part || part->kind == EXPR_BAD)
			break;
	}
	parser_leave(r->p);
	e->range.end = r->p->lexer.at;
	return e;
}

/* One part alone keeps its type; nothing at all is "". */
static struct hcl_expr *simplify(struct hcl_parser *p, struct hcl_expr *e)
{
	if (e->kind != EXPR_TEMPLATE)
		return e;
	if (e->n_args == 0) {
		e->kind = EXPR_LITERAL;
		e->value = hcl_string("");
	} else if (e->n_args == 1 && e->args[0]->kind == EXPR_LITERAL &&
		   e->args[0]->value.kind == HCL_STRING) {
		e->kind = EXPR_LITERAL;
		e->value = e->args[0]->value;
	} else if (e->n_args == 1 && e->args[0]->kind != EXPR_TEMPLATE_IF &&
		   e->args[0]->kind != EXPR_TEMPLATE_FOR && e->args[0]->kind != EXPR_LITERAL) {
		e->kind = EXPR_WRAP;
	}
	for (size_t i = 0; i < e->n_args; i++)
		if (e->args[i]->kind == EXPR_BAD)
			return parser_bad(p, e->range);
	return e;
}

static struct hcl_expr *quoted(struct hcl_parser *p)
{
	struct reader r = {.p = p, .quoted = true, .open = p->token.range};
	unsigned brackets = p->brackets;
	struct hcl_expr *e = parts(&r, p->token.range.start);

	p->brackets = brackets;
	if (r.stop)
		hcl_error(p->diags, r.open, "unexpected template directive",
			"%%{ %s } without its beginning", r.stop);
	if (left(&r) && *here(&r) == '"') {
		hcl_lex_advance(&p->lexer, 1);
	} else if (e->kind != EXPR_BAD &&
		   (e->n_args == 0 || e->args[e->n_args - 1]->kind != EXPR_BAD)) {
		hcl_error(p->diags, r.open, "unterminated string",
			"expected '\"' before the end of the line; text over several lines is "
			"written as a heredoc (<<EOT)");
		e = parser_bad(p, r.open);
	}
	e->range = (struct hcl_range){p->lexer.source, r.open.start, p->lexer.at};
	parser_next(p);
	return simplify(p, e);
}

struct heredoc {
	const char *mark;
	size_t mark_len;
	bool flush;
};

static bool is_end_line(const struct heredoc *h, const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	if (len - n < h->mark_len || memcmp(line + n, h->mark, h->mark_len) != 0)
		return false;
	n += h->mark_len;
	return n == len || (n + 1 == len && line[n] == '\r');
}

/* Where the text ends, and the least indentation of its lines. Returns the length of the closing
 * line, 0 = none. */
static size_t measure(const struct hcl_parser *p, const struct heredoc *h, uint32_t *ret_end,
	uint32_t *ret_indent)
{
	const struct hcl_source *s = p->lexer.source;
	uint32_t at = p->lexer.at.byte, indent = UINT32_MAX;

	while (at < s->len) {
		const char *line = s->text + at, *newline = memchr(line, '\n', s->len - at);
		size_t len = newline ? (size_t)(newline - line) : s->len - at, blanks = 0;
		if (is_end_line(h, line, len)) {
			*ret_end = at;
			*ret_indent = indent == UINT32_MAX ? 0 : indent;
			return len;
		}
		while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
			blanks++;
		if (blanks < len && blanks < indent)
			indent = (uint32_t)blanks;
		at += (uint32_t)len + (newline != NULL);
	}
	return 0;
}

static struct hcl_expr *heredoc(struct hcl_parser *p)
{
	struct heredoc h = {.mark = p->token.text + 2, .mark_len = p->token.len - 3};
	struct reader r = {.p = p, .open = p->token.range};

	if (*h.mark == '-') {
		h.flush = true;
		h.mark++;
		h.mark_len--;
	}
	if (h.mark_len && h.mark[h.mark_len - 1] == '\r')
		h.mark_len--;
	uint32_t indent = 0;
	size_t closing = measure(p, &h, &r.end, &indent);
	if (!closing) {
		hcl_error(p->diags, r.open, "unterminated heredoc",
			"expected a line that holds just '%.*s' before the end of the file",
			(int)h.mark_len, h.mark);
		hcl_lex_advance(&p->lexer, p->lexer.source->len);
		parser_next(p);
		return parser_bad(p, r.open);
	}
	r.indent = h.flush ? indent : 0;
	unsigned brackets = p->brackets;
	struct hcl_expr *e = parts(&r, p->token.range.start);
	p->brackets = brackets;
	if (r.stop)
		hcl_error(p->diags, r.open, "unexpected template directive",
			"%%{ %s } without its beginning", r.stop);
	hcl_lex_advance(
		&p->lexer, (r.end > p->lexer.at.byte ? r.end - p->lexer.at.byte : 0) + closing);
	e->range = (struct hcl_range){p->lexer.source, r.open.start, p->lexer.at};
	parser_next(p);
	return simplify(p, e);
}

struct hcl_expr *parser_template(struct hcl_parser *p)
{
	return p->token.kind == TOKEN_QUOTE ? quoted(p) : heredoc(p);
}
