/* A growing byte buffer on the heap, for text that is printed or encoded. Out of memory is an
 * error, told once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct buf {
	char *data; /* NUL-terminated when not NULL */
	size_t len, room;
	bool failed; /* an allocation failed; everything after it was dropped */
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		.data = NULL, .len = 0, .room = 0, .failed = false                                 \
	}

void buf_done(struct buf *b);
#define own_buf iso_cleanup(buf_done) struct buf

void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *text);
void buf_chr(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) iso_printf(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list ap) iso_printf(2, 0);
/** buf_text() - the content as a string, "" when empty; valid until the next change */
const char *buf_text(const struct buf *b);

#endif
