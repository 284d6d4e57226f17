/* The operator's terminal while a session uses it. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "base/err.h"

struct terminal {
	int fd; /* of the three standard streams, -1 = none is a terminal */
	struct termios before;
	bool is_raw;
};

/** terminal_init() - the first standard stream that is a terminal; remembers its modes */
void terminal_init(struct terminal *t);
/** terminal_raw() - each byte as it is typed. Without a terminal: nothing is done. */
iso_must_use int terminal_raw(struct terminal *t, struct iso_err *err);
/** terminal_restore() - the modes as they were found, whoever has changed them since */
void terminal_restore(struct terminal *t);
/** terminal_size() - zeros without a terminal */
void terminal_size(const struct terminal *t, uint16_t *ret_rows, uint16_t *ret_columns);

/** terminal_resize() - of a session's terminal, by its master, to ours */
void terminal_resize(const struct terminal *t, int master);
/** terminal_end_of_input() - the character that means it to the reader of @master's other side; 0:
 * none does now */
char terminal_end_of_input(int master);

#endif
