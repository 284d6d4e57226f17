/* Short texts of kernel files (fd.h). */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>

#include "base/own.h"
#include "base/sys.h"

int fd_put(int dir_fd, const char *name, const char *text, size_t len)
{
	own_fd fd = sys_openat(dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return -1;
	ssize_t n = sys_write(fd, text, len);
	if (n >= 0 && (size_t)n != len)
		errno = EIO;
	return n == (ssize_t)len ? 0 : -1;
}

ssize_t fd_get(int dir_fd, const char *name, char *ret, size_t room)
{
	own_fd fd = sys_openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return -1;
	size_t len = 0;
	ssize_t n = 1;
	for (; n > 0 && len<room - 1; len += n> 0 ? (size_t)n : 0)
		n = sys_read(fd, ret + len, room - 1 - len);
	if (n < 0)
		return -1;
	ret[len] = '\0';
	return (ssize_t)len;
}
