/* What isoexec-fetch gives up before the first foreign byte. */
#ifndef FETCH_SANDBOX_H
#define FETCH_SANDBOX_H

#include "base/err.h"
#include "fetch/request.h"

/* Address space, in which all that foreign bytes can make a library take must fit. https takes 60,
 * zstd --long=27 (more is not read) 130, the largest preset of xz 65, its dictionary at most 400.
 */
enum {
	SANDBOX_MEMORY_MIB = 512
};

/**
 * sandbox_enter() - become the task's user, without a way back: no capabilities, no_new_privs,
 * killed with its caller, limits, Landlock (write below the destination and staging, read what name
 * resolution and TLS need), the calls of filter.c
 *
 * Where the kernel has no Landlock the other means stand alone. Return: 0; -1: nothing must be
 * fetched.
 */
iso_must_use int sandbox_enter(const struct fetch_request *r, struct iso_err *err);

#endif
