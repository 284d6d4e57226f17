/*
 * Standard output or error of `run`. Whoever reads it decides how fast the tasks may write, as in
 * any pipeline: a write waits for the reader. But it must not keep the loop from the signals that
 * end everything. So it waits for either; when a signal is there, what is not written yet is kept
 * and the loop goes on; from then on a reader that takes nothing for a second is given up.
 */
#ifndef CLI_OUTLET_H
#define CLI_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* What all outlets of a run share. */
struct outlet_watch {
	int signal_fd; /* readable while a signal waits for the loop; never read here */
	bool stopping; /* one was seen */
};

/** outlet_watch_init() - for SIGINT, SIGTERM, SIGHUP, SIGQUIT, which the loop blocks and reads */
void outlet_watch_init(struct outlet_watch *w);
void outlet_watch_done(struct outlet_watch *w);

enum outlet_state {
	OUTLET_OPEN,
	OUTLET_CLOSED,   /* the reader is gone */
	OUTLET_GIVEN_UP, /* the reader takes nothing and the run is to end */
};

struct outlet {
	int fd;
	bool is_own;    /* opened here, without blocking; closed here */
	bool is_socket; /* told not to block with each write */
	enum outlet_state state;
	struct buf pending; /* not empty only once stopping */
};

/** outlet_open() - on @fd, which stays its owner's and as it is: others use its description */
void outlet_open(struct outlet *o, int fd);
/** outlet_put() - write, waiting as said above; dropped when the state is not OPEN */
void outlet_put(struct outlet *o, struct outlet_watch *w, const char *data, size_t len);
/** outlet_done() - what is pending is written first, if the reader takes it */
void outlet_done(struct outlet *o, struct outlet_watch *w);

#endif
