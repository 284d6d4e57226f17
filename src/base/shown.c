/* Which bytes are characters that a terminal prints and does not obey (shown.h). The table is that
 * of well-formed sequences (The Unicode Standard, table 3-7), less the controls. */
#include "base/shown.h"

#include <stdbool.h>
#include <string.h>

#include "base/attr.h"

static const struct form {
	unsigned char first, last, second_first, second_last; /* further bytes: 0x80 to 0xbf */
	size_t len;
} forms[] = {
	{0x20, 0x7e, 0, 0, 1},
	{0xc2, 0xc2, 0xa0, 0xbf, 2}, /* from 0x80 on: C1 */
	{0xc3, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool between(char c, unsigned char first, unsigned char last)
{
	return (unsigned char)c >= first && (unsigned char)c <= last;
}

/* Length of the character at @text, 0: it is none to be printed. */
static size_t character(const char *text)
{
	for (size_t i = 0; i < iso_len(forms); i++) {
		const struct form *f = &forms[i];
		if (!between(text[0], f->first, f->last))
			continue;
		if (f->len > 1 && !between(text[1], f->second_first, f->second_last))
			return 0;
		for (size_t k = 2; k < f->len; k++)
			if (!between(text[k], 0x80, 0xbf)) /* NUL ends it here */
				return 0;
		return f->len;
	}
	return 0;
}

void shown_text(char *ret, size_t room, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	while (*text) {
		unsigned char byte = (unsigned char)*text;
		const char hex[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
		size_t len = character(text), out = len ? len : sizeof(hex);
		if (n + out >= room)
			break;
		memcpy(ret + n, len ? text : hex, out);
		n += out;
		text += len ? len : 1;
	}
	ret[n] = '\0';
}
