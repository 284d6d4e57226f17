/* What isoexec itself says: one line a message, whatever a job file, a task or a server has put
 * into it (base/clean.h). */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

#include "base/attr.h"
#include "base/buf.h"

/** say() - "isoexec: ...\n" on stderr */
void say(const char *format, ...) iso_printf(1, 2);
/** say_into() - the same line behind what is in @out */
void say_into(struct buf *out, const char *format, ...) iso_printf(2, 3);
/** say_rendered() - several lines that are clean already (diagnostics), then @text is empty */
void say_rendered(struct buf *text);
/** say_clean() - @text to @stream, its lines kept. Return: 0, or -1: it could not be written. */
int say_clean(FILE *stream, const struct buf *text);

#endif
