/*
 * What `run` shows: the tasks' output on stdout and stderr (each line with its task's name in front
 * when there are several), events on stderr. On a terminal control bytes of tasks are shown, not
 * obeyed (X2), unless raw.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "alloc/life.h"
#include "base/buf.h"

struct console {
	bool prefixed; /* several tasks */
	bool quiet;    /* no events but failures */
	bool raw;      /* never filter */
	bool is_tty[3];
	bool mid_line[3]; /* the last byte written to the stream was not a newline */
	const struct alloc_task *last[3]; /* whose line that is */
};

void console_init(struct console *c, size_t n_tasks, bool quiet, bool raw);
struct life_watcher console_watcher(struct console *c);

#endif
