/* run -detach: leave the allocs to runners. */
#ifndef CLI_DETACH_H
#define CLI_DETACH_H

#include "cli/setup.h"

/**
 * detach() - check every task, then save each alloc, start its runner and wait until its tasks run
 *
 * Prints the allocs' ids on stdout, events on stderr. @ret_status: 0; 125: a task could not be
 * started (an alloc of which none could is removed). Return: 0; -1: refused, nothing was made.
 */
iso_must_use int detach(struct setup *s, int *ret_status, struct iso_err *err);

#endif
