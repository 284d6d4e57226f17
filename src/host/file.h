/* Reading a small file of the kernel whole. */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include "base/arena.h"
#include "base/err.h"

/** file_read() - at most 1 MiB as a string in the arena. Return: 0 or -1. */
iso_must_use int file_read(
	struct arena *arena, const char *path, const char **ret, struct iso_err *err);

#endif
