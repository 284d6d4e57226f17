/* See log_out.h. */
#include "cli/log_out.h"

#include <string.h>

#include "cli/show.h"

enum {
	MAX_HELD = 64 * 1024 /* a line without an end is shown in pieces */
};

static void add(const struct log_out *o, struct buf *out, const char *data, size_t len)
{
	struct clean whole = CLEAN_INIT;

	if (!o->filtered) {
		buf_add(out, data, len);
		return;
	}
	clean_stream(&whole, out, data, len);
	clean_end(&whole, out);
}

static size_t add_lines(
	const struct log_out *o, struct buf *out, const char *data, size_t len, bool last)
{
	size_t done = 0;

	while (done < len) {
		const char *newline = memchr(data + done, '\n', len - done);
		size_t part = newline ? (size_t)(newline - data) + 1 - done : len - done;
		if (!newline && !last && part < MAX_HELD)
			break;
		buf_str(out, o->prefix);
		add(o, out, data + done, part);
		if (!newline)
			buf_chr(out, '\n');
		done += part;
	}
	return done;
}

static void add_prefixed(
	struct log_out *o, struct buf *out, const char *data, size_t len, bool last)
{
	struct buf *held = &o->held;

	buf_add(held, data, len);
	size_t done = add_lines(o, out, buf_text(held), held->len, last);
	if (!done)
		return;
	memmove(held->data, held->data + done, held->len - done + 1);
	held->len -= done;
}

bool log_out_write(struct log_out *o, const char *data, size_t len, bool last)
{
	own_buf out = BUF_INIT;

	if (!o->prefix && !o->filtered)
		return show_write(1, data, len);
	if (o->prefix)
		add_prefixed(o, &out, data, len, last);
	else
		clean_stream(&o->clean, &out, data, len);
	if (last)
		clean_end(&o->clean, &out);
	return show_write(1, buf_text(&out), out.len);
}

void log_out_done(struct log_out *o)
{
	buf_done(&o->held);
}
