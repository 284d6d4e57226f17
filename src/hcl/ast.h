/* The syntax tree: bodies of attributes and blocks, expressions. In the arena of the parse. */
#ifndef HCL_AST_H
#define HCL_AST_H

#include "hcl/diag.h"
#include "hcl/value.h"

enum hcl_expr_kind {
	EXPR_LITERAL,
	EXPR_TEMPLATE, /* parts joined to a string */
	EXPR_WRAP,     /* "${x}": x as it is */
	EXPR_VARIABLE, /* root of a traversal */
	EXPR_GET,      /* a.name */
	EXPR_INDEX,    /* a[k] */
	EXPR_SPLAT,    /* a[*].rest, a.*.rest */
	EXPR_EACH,     /* the current element inside a splat */
	EXPR_CALL,
	EXPR_BINARY,
	EXPR_UNARY,
	EXPR_CONDITION,
	EXPR_TUPLE,
	EXPR_OBJECT,
	EXPR_FOR,
	EXPR_TEMPLATE_IF,  /* %{ if }: args are condition, then, else */
	EXPR_TEMPLATE_FOR, /* %{ for }: joined */
	EXPR_BAD,          /* could not be parsed: its diagnostic has been told */
};

enum hcl_operator {
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_AND,
	OP_OR,
	OP_NOT,
	OP_NEGATE,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
};

struct hcl_expr {
	enum hcl_expr_kind kind;
	struct hcl_range range;
	enum hcl_operator op;
	struct hcl_value value; /* LITERAL */
	const char *name;       /* VARIABLE, GET, CALL; FOR: value variable */
	const char *key_name;   /* FOR: key variable or NULL */
	/* VARIABLE, GET, INDEX: the variable at the bottom of a traversal of names and literal
	 * keys, NULL when there is something else */
	const struct hcl_expr *root;
	/*
	 * GET: {source}; INDEX: {source, key}; SPLAT: {source, each}; CALL: arguments; BINARY:
	 * {left, right}; UNARY: {operand}; CONDITION: {test, then, else}; TUPLE: elements; OBJECT:
	 * key, value, key, value, ...; FOR: {collection, key or NULL, value, test or NULL};
	 * TEMPLATE: parts; WRAP: {inner}
	 */
	struct hcl_expr **args;
	size_t n_args;
	bool expand;    /* CALL: the last argument ends in ...; FOR: grouping */
	bool is_object; /* FOR: {} */
	bool bare_key;  /* in OBJECT a VARIABLE written without parentheses is a literal key */
};

struct hcl_attribute {
	const char *name;
	struct hcl_range name_range, range;
	struct hcl_expr *expr;
};

struct hcl_body;

struct hcl_block {
	const char *type;
	const char **labels;
	struct hcl_range *label_ranges;
	size_t n_labels;
	struct hcl_range type_range, range; /* range: the header, for messages */
	struct hcl_body *body;
};

/* In the order of the text. An attribute given twice has been told and is here once. */
struct hcl_body {
	struct hcl_attribute *attributes;
	size_t n_attributes;
	struct hcl_block *blocks;
	size_t n_blocks;
	struct hcl_range
		end; /* the closing brace or the end of the file: where something missing is told */
};

#endif
