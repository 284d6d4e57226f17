/*
 * What `run` shows: the tasks' output on stdout and stderr (each line with its task's name in front
 * when there are several, and the short id of its alloc when there are several of those), events on
 * stderr. On a terminal control bytes of tasks are shown, not obeyed (X2), unless raw; in events
 * they always are.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "alloc/life.h"
#include "base/buf.h"
#include "base/clean.h"
#include "cli/outlet.h"

struct console_stream {
	struct outlet outlet;
	bool is_tty;
	bool mid_line;                 /* the last byte written was not a newline */
	const struct alloc_task *last; /* whose line that is */
	struct clean clean;            /* of what @last has written */
};

struct console {
	bool prefixed;    /* several tasks */
	bool with_allocs; /* several allocs: "12345678/task" */
	bool quiet;       /* no events but failures */
	bool raw;         /* never filter */
	bool told_given_up;
	struct outlet_watch watch;
	struct console_stream stream[3]; /* by descriptor; 0 is not used */
};

void console_init(struct console *c, size_t n_allocs, size_t n_tasks, bool quiet, bool raw);
/** console_done() - when the run is over: the last of the output, descriptors */
void console_done(struct console *c);
struct life_watcher console_watcher(struct console *c);

#endif
