/* Showing text of others (clean.h). */
#include "base/clean.h"

#include <string.h>

#include "base/attr.h"

enum {
	MORE = 0, /* answers of unit_len() that are no length */
	INVALID = -1
};

/* Well-formed UTF-8 (The Unicode Standard, table 3-7): the second byte's range depends on the
 * first, all further ones are 80..BF. No overlong forms, no surrogates. */
static const struct {
	unsigned char first, last, second_first, second_last;
	int len;
} forms[] = {
	{0x00, 0x7f, 0, 0, 1},
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Bytes of the character at @p, MORE = @left do not tell yet, INVALID = the first byte is none. */
static int unit_len(const unsigned char *p, size_t left)
{
	for (size_t i = 0; i < iso_len(forms); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		int len = forms[i].len;
		for (int k = 1; k < len; k++) {
			if ((size_t)k == left)
				return MORE;
			unsigned char low = k == 1 ? forms[i].second_first : 0x80;
			unsigned char high = k == 1 ? forms[i].second_last : 0xbf;
			if (p[k] < low || p[k] > high)
				return INVALID;
		}
		return len;
	}
	return INVALID;
}

static bool is_c1(const unsigned char *p)
{
	return p[0] == 0xc2 && p[1] < 0xa0;
}

/* A printable character of ASCII */
static bool is_usual(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* One character, or one byte that is none (@len 1). */
static void show(struct buf *out, const unsigned char *p, int len)
{
	if (len > 1 && !is_c1(p)) {
		buf_add(out, p, (size_t)len);
	} else if (len > 1 || p[0] >= 0x80) {
		buf_printf(out, "\\x%02x", p[len - 1]);
	} else if (is_usual(p[0]) || p[0] == '\t') {
		buf_chr(out, (char)p[0]);
	} else {
		buf_chr(out, '^');
		buf_chr(out, (char)(p[0] ^ 0x40));
	}
}

static void drop(struct clean *c, int n)
{
	c->n_held = (unsigned char)(c->n_held - n);
	memmove(c->held, c->held + n, c->n_held);
}

/* Shows what is complete. @end: nothing follows. */
static void settle(struct clean *c, struct buf *out, bool end)
{
	while (c->n_held) {
		int len = unit_len(c->held, c->n_held);
		bool line_end = !c->one_line && c->held[0] == '\r';
		if (!end && (len == MORE || (line_end && c->n_held == 1)))
			return;
		if (line_end && c->n_held > 1 && c->held[1] == '\n') {
			buf_str(out, "\r\n");
			len = 2;
		} else if (!c->one_line && c->held[0] == '\n') {
			buf_chr(out, '\n');
		} else {
			len = len > 0 ? len : 1;
			show(out, c->held, len);
		}
		drop(c, len);
	}
}

void clean_stream(struct clean *c, struct buf *out, const char *data, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i += run ? run : 1) {
		for (run = 0; !c->n_held && i + run < len;)
			if (is_usual((unsigned char)data[i + run]))
				run++;
			else
				break;
		if (run) {
			buf_add(out, data + i, run);
			continue;
		}
		c->held[c->n_held++] = (unsigned char)data[i];
		settle(c, out, false);
	}
}

void clean_end(struct clean *c, struct buf *out)
{
	settle(c, out, true);
}

void clean_line(struct buf *out, const char *text, size_t len)
{
	struct clean c = {.one_line = true};

	clean_stream(&c, out, text, len);
	clean_end(&c, out);
}

bool clean_is_plain(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		int n = unit_len(p + i, len - i);
		if (n < 1 || (n == 1 && !is_usual(p[i])) || (n > 1 && is_c1(p + i)))
			return false;
		i += (size_t)n;
	}
	return true;
}
