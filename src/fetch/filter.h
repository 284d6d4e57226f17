/* The calls that fetching and unpacking need; there are no others. */
#ifndef FETCH_FILTER_H
#define FETCH_FILTER_H

#include "base/err.h"

/**
 * filter_enter() - from here on everything that is not on the list answers ENOSYS, so that
 * libraries fall back; a call of another ABI (32-bit, x32) ends the process
 *
 * Context: no_new_privs is set; single-threaded, threads that come later inherit it.
 * Return: 0; -1.
 */
iso_must_use int filter_enter(struct iso_err *err);

#endif
