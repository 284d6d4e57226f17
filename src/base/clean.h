/*
 * Making text of others fit to be shown: tasks, job files and servers choose bytes that terminals
 * obey (escape sequences, titles, a carriage return over our words). What is UTF-8 and no control
 * character stays as it is; of the rest, C0 and DEL become ^X, C1 and bytes that are no UTF-8
 * become \xNN.
 */
#ifndef BASE_CLEAN_H
#define BASE_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/** clean_line() - data inside of one line: a tab stays, a newline becomes ^J */
void clean_line(struct buf *out, const char *text, size_t len);

/** clean_is_plain() - is all of it UTF-8 without any control character, tabs and newlines too? */
bool clean_is_plain(const char *text, size_t len);

/* The state of a stream that comes in pieces: a piece may end in the middle of a character. */
struct clean {
	unsigned char held[4]; /* the beginning of a character, or a '\r' */
	unsigned char n_held;
	bool one_line;
};

#define CLEAN_INIT                                                                                 \
	{                                                                                          \
		.n_held = 0, .one_line = false                                                     \
	}

/** clean_stream() - tabs and newlines stay, '\r' only before '\n'; what may go on is held back */
void clean_stream(struct clean *c, struct buf *out, const char *data, size_t len);
/** clean_end() - nothing follows: shows what was held back */
void clean_end(struct clean *c, struct buf *out);

#endif
