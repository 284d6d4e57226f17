/* Reading the text that a person named (source.h). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "hcl/parse.h"
#include "job/source.h"

/* A pipe or terminal has no size: read on, but never more than one byte over the limit. */
static int read_all(
	struct arena *arena, int fd, const char *name, struct hcl_source *ret, struct iso_err *err)
{
	enum {
		MOST = HCL_MAX_BYTES + 1,
		FIRST = 64 * 1024
	};
	size_t room = FIRST, len = 0;
	char *text = arena_alloc(arena, room + 1);

	while (len < MOST) {
		ssize_t n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return iso_err_sys(err, "read '%s'", name);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == room && room < MOST) {
			size_t more = room * 2 > MOST ? MOST : room * 2;
			text = arena_grow(arena, text, len, more + 1, 1);
			room = more;
		}
	}
	*ret = (struct hcl_source){.name = name, .text = text, .len = len};
	return 0;
}

int source_read(struct arena *arena, const struct lang_source *in, struct hcl_source **ret,
	struct iso_err *err)
{
	struct hcl_source *source = arena_new_of(arena, struct hcl_source);

	*ret = source;
	if (in->text) {
		*source = (struct hcl_source){.name = in->name, .text = in->text, .len = in->len};
		return 0;
	}
	if (!strcmp(in->path, "-"))
		return read_all(arena, STDIN_FILENO, "standard input", source, err);
	own_fd fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return iso_err_sys(err, "open '%s'", in->path);
	if (S_ISDIR(st.st_mode))
		return iso_err_set(err, ISO_FAULT_INPUT, EISDIR,
			"open '%s': it is a directory, expected a job file", in->path);
	return read_all(arena, fd, in->path, source, err);
}
