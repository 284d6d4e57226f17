/* See log_out.h. */
#include "cli/log_out.h"

#include <string.h>

#include "cli/show.h"

enum {
	MAX_HELD = 64 * 1024 /* a line without an end is shown in pieces */
};

static void add(const struct log_out *o, struct buf *out, const char *data, size_t len)
{
	if (o->filtered)
		(void)show_filter(out, data, len, true);
	else
		buf_add(out, data, len);
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

bool log_out_write(struct log_out *o, const char *data, size_t len, bool last)
{
	own_buf out = BUF_INIT;

	if (!o->prefix && !o->filtered)
		return show_write(1, data, len);
	buf_add(&o->held, data, len);
	size_t done = o->prefix ? add_lines(o, &out, buf_text(&o->held), o->held.len, last)
				: show_filter(&out, buf_text(&o->held), o->held.len, last);
	if (o->held.len) {
		memmove(o->held.data, o->held.data + done, o->held.len - done + 1);
		o->held.len -= done;
	}
	return show_write(1, buf_text(&out), out.len);
}

void log_out_done(struct log_out *o)
{
	buf_done(&o->held);
}
