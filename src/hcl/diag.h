/*
 * What is wrong with a text and where: many per run, in the order of the text, each with the
 * offending line and a mark under the place.
 */
#ifndef HCL_DIAG_H
#define HCL_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* Lines and columns from 1; columns count code points; byte from 0. */
struct hcl_pos {
	uint32_t line, column, byte;
};

struct hcl_range {
	const struct hcl_source *source; /* NULL: no place */
	struct hcl_pos start, end;       /* end is behind the last character */
};

/* A text that is being read. Outlives everything made from it. */
struct hcl_source {
	const char *name; /* as the person wrote it */
	const char *text;
	size_t len;
	bool quoted_names; /* an agent's configuration: "/etc" = "/etc" is an argument too */
};

enum hcl_severity {
	HCL_ERROR,
	HCL_WARNING
};

struct hcl_diag {
	enum hcl_severity severity;
	const char *summary, *detail; /* detail: what was expected, how to mend it; may be "" */
	struct hcl_range range;
};

struct hcl_diags {
	struct arena *arena;
	struct hcl_diag *v;
	size_t n;
	size_t n_errors, n_warnings;
	bool told_full;
};

enum {
	HCL_MAX_DIAGS = 100
}; /* of each severity; after so many errors reading ends, warnings are only counted */

void hcl_diags_init(struct hcl_diags *d, struct arena *arena);
void hcl_error(struct hcl_diags *d, struct hcl_range range, const char *summary,
	const char *detail_format, ...) iso_printf(4, 5);
void hcl_warning(struct hcl_diags *d, struct hcl_range range, const char *summary,
	const char *detail_format, ...) iso_printf(4, 5);

/**
 * hcl_diags_go_on() - may reading go on? The arena of the parse is the one budget of a load, for
 * what is made and for work; asked wherever the next piece begins.
 * Return: false: it is used up, which has been told (once), at @range; or there are HCL_MAX_DIAGS
 * errors already.
 */
bool hcl_diags_go_on(struct hcl_diags *d, struct hcl_range range);

/**
 * hcl_diags_render() - for people, sorted by place, fit for a terminal whatever the file holds:
 *
 *   job.hcl:3:5: error: unsupported argument
 *       3 |     comand = "x"
 *         |     ^^^^^^ an argument named "comand" is not expected here; did you mean "command"?
 */
void hcl_diags_render(struct hcl_diags *d, struct buf *out);

#endif
