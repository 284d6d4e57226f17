/* The scanner (lex.h). One token at a time, no state but the position. */
#include "hcl/lex.h"

#include <string.h>

static const char *rest(const struct hcl_lexer *l, size_t *ret_left)
{
	*ret_left = l->source->len - l->at.byte;
	return l->source->text + l->at.byte;
}

void hcl_lex_advance(struct hcl_lexer *l, size_t n)
{
	for (size_t i = 0; i < n && l->at.byte < l->source->len; i++) {
		unsigned char c = (unsigned char)l->source->text[l->at.byte++];
		if (c == '\n') {
			l->at.line++;
			l->at.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			l->at.column++;
		}
	}
}

static size_t line_comment(const char *p, size_t left)
{
	size_t n = 0;
	while (n < left && p[n] != '\n')
		n++;
	return n;
}

static size_t block_comment(struct hcl_lexer *l, const char *p, size_t left)
{
	for (size_t n = 2; n + 1 < left; n++)
		if (p[n] == '*' && p[n + 1] == '/')
			return n + 2;
	struct hcl_range range = {l->source, l->at, l->at};
	hcl_error(l->diags, range, "unterminated comment",
		"expected '*/' before the end of the file");
	return left;
}

/* Blanks and comments; a newline is a token. Returns whether something was there. */
static bool skip(struct hcl_lexer *l)
{
	bool any = false;

	for (;;) {
		size_t left;
		const char *p = rest(l, &left);
		size_t n = 0;
		if (!left)
			return any;
		if (*p == ' ' || *p == '\t' || *p == '\r')
			n = 1;
		else if (*p == '#' || (left > 1 && p[0] == '/' && p[1] == '/'))
			n = line_comment(p, left);
		else if (left > 1 && p[0] == '/' && p[1] == '*')
			n = block_comment(l, p, left);
		if (!n)
			return any;
		hcl_lex_advance(l, n);
		any = true;
	}
}

static bool ident_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static size_t ident_len(const char *p, size_t left)
{
	size_t n = 0;

	while (n < left && (ident_start((unsigned char)p[n]) ||
				   (n && ((p[n] >= '0' && p[n] <= '9') || p[n] == '-'))))
		n++;
	return n;
}

static size_t number_len(const char *p, size_t left)
{
	size_t n = 0;

	while (n < left && p[n] >= '0' && p[n] <= '9')
		n++;
	if (n + 1 < left && p[n] == '.' && p[n + 1] >= '0' && p[n + 1] <= '9')
		for (n++; n < left && p[n] >= '0' && p[n] <= '9';)
			n++;
	if (n < left && (p[n] == 'e' || p[n] == 'E')) {
		size_t e = n + 1;
		if (e < left && (p[e] == '+' || p[e] == '-'))
			e++;
		if (e < left && p[e] >= '0' && p[e] <= '9') {
			while (e < left && p[e] >= '0' && p[e] <= '9')
				e++;
			n = e;
		}
	}
	return n;
}

static size_t heredoc_len(const char *p, size_t left)
{
	size_t n = 2;

	if (left < 3 || p[0] != '<' || p[1] != '<')
		return 0;
	n += p[n] == '-';
	size_t mark = ident_len(p + n, left - n);
	if (!mark)
		return 0;
	n += mark;
	n += n < left && p[n] == '\r';
	return n < left && p[n] == '\n' ? n + 1 : 0;
}

static size_t punct_len(const char *p, size_t left)
{
	static const char *const puncts[] = {"...", "&&", "||", "==", "!=", "<=", ">=", "=>", "{",
		"}", "[", "]", "(", ")", "=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".",
		","};

	for (size_t i = 0; i < iso_len(puncts); i++) {
		size_t len = strlen(puncts[i]);
		if (len <= left && !memcmp(p, puncts[i], len))
			return len;
	}
	return 0;
}

static enum hcl_token_kind kind_of(const char *p, size_t left, size_t *ret_len)
{
	*ret_len = 1;
	if (*p == '\n')
		return TOKEN_NEWLINE;
	if (*p == '"')
		return TOKEN_QUOTE;
	if (ident_start((unsigned char)*p)) {
		*ret_len = ident_len(p, left);
		return TOKEN_IDENT;
	}
	if (*p >= '0' && *p <= '9') {
		*ret_len = number_len(p, left);
		return TOKEN_NUMBER;
	}
	size_t n = heredoc_len(p, left);
	if (n) {
		*ret_len = n;
		return TOKEN_HEREDOC;
	}
	n = punct_len(p, left);
	*ret_len = n ? n : 1;
	return n ? TOKEN_PUNCT : TOKEN_BAD;
}

struct hcl_token hcl_lex(struct hcl_lexer *l)
{
	bool space = skip(l);
	size_t left, len = 0;
	const char *p = rest(l, &left);
	struct hcl_token t = {.kind = TOKEN_END,
		.text = p,
		.space_before = space,
		.range = {l->source, l->at, l->at}};

	if (!left)
		return t;
	t.kind = kind_of(p, left, &len);
	t.len = len;
	hcl_lex_advance(l, len);
	t.range.end = l->at;
	if (t.kind == TOKEN_BAD)
		hcl_error(l->diags, t.range, "invalid character",
			*p == '\'' ? "strings are written in double quotes"
				   : "this character is not used in the language");
	return t;
}

bool hcl_token_is(const struct hcl_token *t, const char *punct)
{
	return t->kind == TOKEN_PUNCT && strlen(punct) == t->len && !memcmp(t->text, punct, t->len);
}
