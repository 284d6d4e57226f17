/* Small files through descriptors: kernel interfaces that take or give one short text. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"

/** fd_put() - write @text to an existing file below @dir_fd in one write. Return: 0; -1, errno. */
iso_must_use int fd_put(int dir_fd, const char *name, const char *text, size_t len);
/** fd_get() - the start of a file as a string, at most @room - 1 bytes. Return: length; -1, errno.
 */
iso_must_use ssize_t fd_get(int dir_fd, const char *name, char *ret, size_t room);

#endif
