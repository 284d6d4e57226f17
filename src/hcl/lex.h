/*
 * Tokens of the native syntax. Templates are not tokens: when the parser meets a quote or a heredoc
 * it reads the text itself (parse_template.c), and asks for tokens again inside ${ and %{.
 */
#ifndef HCL_LEX_H
#define HCL_LEX_H

#include "hcl/diag.h"

enum hcl_token_kind {
	TOKEN_END,
	TOKEN_NEWLINE,
	TOKEN_IDENT,
	TOKEN_NUMBER,
	TOKEN_QUOTE,   /* the opening one */
	TOKEN_HEREDOC, /* <<MARK or <<-MARK with its newline */
	TOKEN_PUNCT,   /* one of the operators and brackets, by text */
	TOKEN_BAD,     /* told already */
};

struct hcl_token {
	enum hcl_token_kind kind;
	const char *text; /* in the source, len bytes */
	size_t len;
	struct hcl_range range;
	bool space_before;
};

struct hcl_lexer {
	const struct hcl_source *source;
	struct hcl_diags *diags;
	struct hcl_pos at;
};

struct hcl_token hcl_lex(struct hcl_lexer *lexer);
/** hcl_lex_advance() - move over @n bytes of text, counting lines and columns */
void hcl_lex_advance(struct hcl_lexer *lexer, size_t n);
bool hcl_token_is(const struct hcl_token *token, const char *punct);

#endif
