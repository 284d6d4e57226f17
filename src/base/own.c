/* Releasing handles: what the cleanup attributes of own.h call. */
#include "base/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;
		(void)close(
			fd); /* nothing to do about an error: the number is released either way */
		errno = saved;
	}
	return -1;
}

void own_fd_done(int *fd)
{
	*fd = fd_close(*fd);
}

void own_mem_done(void *pointer_to_pointer)
{
	free(mem_take(pointer_to_pointer));
}

int fd_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

void *mem_take(void *pointer_to_pointer)
{
	void *taken, *none = NULL;

	/* memcpy: the caller's variable has its own pointer type, which void ** must not alias */
	memcpy(&taken, pointer_to_pointer, sizeof(taken));
	memcpy(pointer_to_pointer, &none, sizeof(none));
	return taken;
}
