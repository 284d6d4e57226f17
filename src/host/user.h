/* Who a task's user is on this host (B-402, DESIGN 6; never the task's own passwd file). */
#ifndef HOST_USER_H
#define HOST_USER_H

#include "host/facts.h"

/**
 * host_user_find() - "name", "uid" or "uid:gid"; NULL = nobody
 *
 * A name goes through NSS with all its groups. A number with an account gets that account's;
 * without one: group nogroup, no further groups, HOME "/". Numbers are strict decimals below
 * 2^32-1, without sign or leading zero. Return: 0; -1 ISO_FAULT_INPUT (unknown or malformed),
 * ISO_FAULT_SYSTEM.
 */
iso_must_use int host_user_find(
	struct arena *arena, const char *text, struct host_user *ret, struct iso_err *err);

#endif
