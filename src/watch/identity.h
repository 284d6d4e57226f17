/* What tells a process from a later one of the same number. */
#ifndef WATCH_IDENTITY_H
#define WATCH_IDENTITY_H

#include <stdint.h>

#include "base/attr.h"

struct identity {
	uint64_t pid_inode;   /* of the pidfd, unique while the machine runs; 0: no pidfs (< 6.9) */
	uint64_t start_ticks; /* field 22 of /proc/PID/stat; read only without pidfs */
};

/** identity_of() - of the process behind @pidfd; @pid: its number now. Return: 0, zeros where it is
 * gone; -1, errno: it cannot be told */
iso_must_use int identity_of(int pidfd, int pid, struct identity *ret);

#endif
