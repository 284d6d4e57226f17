/* Text of others as it may reach a person's terminal or a log. */
#ifndef BASE_SHOWN_H
#define BASE_SHOWN_H

#include <stddef.h>

/**
 * shown_text() - copy @text with everything that is no printable UTF-8 as \xNN
 *
 * That is bytes below 0x20, DEL, the C1 controls (also as UTF-8), and whatever is not well-formed.
 * Cut to @room bytes with the NUL, never inside a character.
 */
void shown_text(char *ret, size_t room, const char *text);

#endif
