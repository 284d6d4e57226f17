/* Messages of isoexec (say.h). */
#include "cli/say.h"

#include <stdarg.h>

#include "base/clean.h"

static void add_line(struct buf *out, const char *format, va_list ap) iso_printf(2, 0);
static void add_line(struct buf *out, const char *format, va_list ap)
{
	own_buf text = BUF_INIT;

	buf_vprintf(&text, format, ap);
	buf_str(out, "isoexec: ");
	clean_line(out, buf_text(&text), text.len);
	buf_chr(out, '\n');
}

void say_into(struct buf *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add_line(out, format, ap);
	va_end(ap);
}

void say(const char *format, ...)
{
	own_buf line = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	add_line(&line, format, ap);
	va_end(ap);
	(void)fputs(buf_text(&line), stderr);
}

void say_rendered(struct buf *text)
{
	(void)fputs(buf_text(text), stderr);
	buf_done(text);
}

int say_clean(FILE *stream, const struct buf *text)
{
	own_buf out = BUF_INIT;
	struct clean state = CLEAN_INIT;

	clean_stream(&state, &out, buf_text(text), text->len);
	clean_end(&state, &out);
	return fputs(buf_text(&out), stream) < 0 || fflush(stream) ? -1 : 0;
}
