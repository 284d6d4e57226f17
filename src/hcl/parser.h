/* What the parts of the parser share. Only hcl/ includes this. */
#ifndef HCL_PARSER_H
#define HCL_PARSER_H

#include "hcl/lex.h"
#include "hcl/parse.h"

struct hcl_parser {
	struct arena *arena;
	struct hcl_diags *diags;
	struct hcl_lexer lexer;
	struct hcl_token token;  /* the current one; the lexer stands behind it */
	struct hcl_pos last_end; /* end of the token before */
	unsigned depth;
	unsigned brackets; /* inside ( [ or ${: newlines mean nothing */
	bool stopped;      /* too deep or too large: told once, then everything ends */
};

void parser_init(struct hcl_parser *p, struct arena *arena, const struct hcl_source *source,
	struct hcl_diags *diags);
/** parser_next() - go to the next token, over newlines when inside brackets */
void parser_next(struct hcl_parser *p);
bool parser_is(const struct hcl_parser *p, const char *punct);
/** parser_accept() - if the current token is @punct, go on and say so */
bool parser_accept(struct hcl_parser *p, const char *punct);
bool parser_is_word(const struct hcl_parser *p, const char *word);
void parser_skip_newlines(struct hcl_parser *p);
/** parser_enter(), parser_leave() - one level deeper; false: too deep, told, give up */
bool parser_enter(struct hcl_parser *p);
void parser_leave(struct hcl_parser *p);
const char *parser_text(struct hcl_parser *p, const struct hcl_token *t);
/** parser_token_name() - for messages: "a newline", "the end of the file", or the text in quotes */
const char *parser_token_name(struct hcl_parser *p);
struct hcl_range parser_range_from(const struct hcl_parser *p, struct hcl_pos start);

struct hcl_expr *parser_expr(struct hcl_parser *p);
/** parser_template() - the current token is TOKEN_QUOTE or TOKEN_HEREDOC */
struct hcl_expr *parser_template(struct hcl_parser *p);
/** parser_bad() - an expression that has been told about */
struct hcl_expr *parser_bad(struct hcl_parser *p, struct hcl_range range);
struct hcl_expr *expr_new(
	struct hcl_parser *p, enum hcl_expr_kind kind, struct hcl_pos start, size_t n_args);
void expr_add(struct hcl_parser *p, struct hcl_expr *e, struct hcl_expr *arg);

#endif
