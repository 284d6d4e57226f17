/* Collecting and showing diagnostics (diag.h). */
#include "hcl/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"

enum {
	LINE_BYTES_SHOWN = 160,
	SUMMARY_BYTES = 200,
	DETAIL_BYTES = 1000, /* names in it come from the file */
	MIB = 1024 * 1024
};

void hcl_diags_init(struct hcl_diags *d, struct arena *arena)
{
	*d = (struct hcl_diags){.arena = arena};
}

static void add(struct hcl_diags *d, enum hcl_severity severity, struct hcl_range range,
	const char *summary, const char *format, va_list ap) iso_printf(5, 0);
static void add(struct hcl_diags *d, enum hcl_severity severity, struct hcl_range range,
	const char *summary, const char *format, va_list ap)
{
	char detail[DETAIL_BYTES];

	if (d->told_full)
		return; /* what follows is a consequence */
	if (++*(severity == HCL_ERROR ? &d->n_errors : &d->n_warnings) > HCL_MAX_DIAGS)
		return;
	if (vsnprintf(detail, sizeof(detail), format, ap) < 0)
		detail[0] = '\0';
	d->v = arena_push(d->arena, d->v, d->n, sizeof(*d->v));
	d->v[d->n++] = (struct hcl_diag){
		.severity = severity,
		.summary = summary,
		.detail = arena_strdup(d->arena, detail),
		.range = range,
	};
}

void hcl_error(struct hcl_diags *d, struct hcl_range range, const char *summary,
	const char *detail_format, ...)
{
	va_list ap;

	va_start(ap, detail_format);
	add(d, HCL_ERROR, range, summary, detail_format, ap);
	va_end(ap);
}

void hcl_warning(struct hcl_diags *d, struct hcl_range range, const char *summary,
	const char *detail_format, ...)
{
	va_list ap;

	va_start(ap, detail_format);
	add(d, HCL_WARNING, range, summary, detail_format, ap);
	va_end(ap);
}

bool hcl_diags_go_on(struct hcl_diags *d, struct hcl_range range)
{
	if (!arena_is_full(d->arena))
		return d->n_errors < HCL_MAX_DIAGS;
	if (!d->told_full)
		hcl_error(d, range, "file is too large",
			"reading it would take more than %zu MiB of memory, or as much work; this "
			"place was reached",
			arena_limit(d->arena) / MIB);
	d->told_full = true;
	return false;
}

static int by_place(const void *a, const void *b)
{
	const struct hcl_diag *x = a, *y = b;

	if (x->range.source != y->range.source)
		return 0;
	if (x->range.start.byte != y->range.start.byte)
		return x->range.start.byte < y->range.start.byte ? -1 : 1;
	return 0;
}

static void add_text(struct buf *out, const char *text, size_t most)
{
	clean_line(out, text, strnlen(text, most));
}

/* As many of @mark as there are characters when @text is shown; tabs stay, so that columns meet. */
static void add_marks(struct buf *out, const char *text, size_t len, char mark, char tab)
{
	own_buf shown = BUF_INIT;

	clean_line(&shown, text, len);
	for (size_t i = 0; i < shown.len; i++)
		if (((unsigned char)shown.data[i] & 0xc0) != 0x80)
			buf_chr(out, shown.data[i] == '\t' ? tab : mark);
}

static void snippet(const struct hcl_diag *d, struct buf *out)
{
	const struct hcl_source *s = d->range.source;
	size_t at = d->range.start.byte < s->len ? d->range.start.byte : s->len;
	size_t start = at, end = at;

	while (start > 0 && s->text[start - 1] != '\n')
		start--;
	while (end < s->len && s->text[end] != '\n')
		end++;
	if (end > start && s->text[end - 1] == '\r')
		end--;
	if (end - start > LINE_BYTES_SHOWN) {
		end = start + LINE_BYTES_SHOWN;
		while (end > start && ((unsigned char)s->text[end] & 0xc0) == 0x80)
			end--;
	}
	size_t from = at < end ? at : end;
	size_t stop = d->range.end.byte < end ? d->range.end.byte : end;
	buf_printf(out, "  %5u | ", d->range.start.line);
	clean_line(out, s->text + start, end - start);
	buf_str(out, "\n        | ");
	add_marks(out, s->text + start, from - start, ' ', '\t');
	if (stop > from)
		add_marks(out, s->text + from, stop - from, '^', '^');
	else
		buf_chr(out, '^');
	buf_chr(out, '\n');
}

/* The texts hold words of the file, and its name is somebody's too. */
static void one(const struct hcl_diag *d, struct buf *out)
{
	if (d->range.source) {
		add_text(out, d->range.source->name, DETAIL_BYTES);
		buf_printf(out, ":%u:%u: ", d->range.start.line, d->range.start.column);
	}
	buf_str(out, d->severity == HCL_ERROR ? "error: " : "warning: ");
	add_text(out, d->summary, SUMMARY_BYTES);
	if (*d->detail) {
		buf_str(out, ": ");
		add_text(out, d->detail, DETAIL_BYTES);
	}
	buf_chr(out, '\n');
	if (d->range.source)
		snippet(d, out);
}

void hcl_diags_render(struct hcl_diags *d, struct buf *out)
{
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), by_place);
	for (size_t i = 0; i < d->n; i++)
		one(&d->v[i], out);
	if (d->n_warnings > HCL_MAX_DIAGS)
		buf_printf(out, "... and %zu more warnings\n", d->n_warnings - HCL_MAX_DIAGS);
	if (d->n_errors >= HCL_MAX_DIAGS)
		buf_str(out, "too many errors: what follows was not looked at\n");
}
