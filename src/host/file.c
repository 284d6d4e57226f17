/* file.h */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/own.h"

enum {
	FIRST_BYTES = 4096,
	MOST_BYTES = 1 << 20
};

int file_read(struct arena *arena, const char *path, const char **ret, struct iso_err *err)
{
	own_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return iso_err_sys(err, "open '%s'", path);

	size_t room = FIRST_BYTES, len = 0;
	char *text = arena_alloc(arena, room);
	for (;;) {
		ssize_t n = read(fd, text + len, room - len - 1);
		if (n < 0)
			return iso_err_sys(err, "read '%s'", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len + 1 < room)
			continue;
		if (room >= MOST_BYTES)
			return iso_err_set(err, ISO_FAULT_LIMIT, EFBIG, "read '%s': over %d bytes",
				path, MOST_BYTES);
		text = arena_grow(arena, text, len, room * 2, 1);
		room *= 2;
	}
	text[len] = '\0';
	*ret = text;
	return 0;
}
