/* Native syntax: text to tree. */
#ifndef HCL_PARSE_H
#define HCL_PARSE_H

#include "hcl/ast.h"

enum {
	HCL_MAX_BYTES = 4 * 1024 * 1024, /* of one text */
	HCL_MAX_DEPTH = 200,             /* of nested blocks, brackets, operators */
};

/**
 * hcl_parse() - a whole file
 *
 * Never fails as a call: what is wrong stands in @diags (check diags->n_errors), and what could be
 * understood is in the tree, so that more than one mistake is told.
 */
struct hcl_body *hcl_parse(
	struct arena *arena, const struct hcl_source *source, struct hcl_diags *diags);

/** hcl_parse_expression() - the whole text is one expression (values of -var for complex types) */
struct hcl_expr *hcl_parse_expression(
	struct arena *arena, const struct hcl_source *source, struct hcl_diags *diags);

#endif
