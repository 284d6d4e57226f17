/* See log_reader.h. */
#include "cli/log_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"

enum {
	NAME_ROOM = 300,
	BLOCK = 16 * 1024 - 512 /* of a stack frame */
};

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

int log_reader_open(struct log_reader *r, const char *dir, const char *base, struct iso_err *err)
{
	*r = (struct log_reader){.dir = -1, .file = -1, .base = base};
	r->dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->dir < 0 && errno != ENOENT)
		return iso_err_sys(err, "open the log directory '%s'", dir);
	return 0;
}

void log_reader_done(struct log_reader *r)
{
	r->dir = fd_close(r->dir);
	r->file = fd_close(r->file);
}

static bool number_of(const struct log_reader *r, const char *name, uint64_t *ret)
{
	size_t len = strlen(r->base);

	return !strncmp(name, r->base, len) && name[len] == '.' && num_u64(name + len + 1, ret);
}

/* The nearest file with a number of at least @from, or at most @from. */
static bool nearest(const struct log_reader *r, uint64_t from, bool upwards, uint64_t *ret)
{
	int fd = r->dir < 0 ? -1 : openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	iso_cleanup(own_dir_done) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		uint64_t number;
		if (!number_of(r, e->d_name, &number))
			continue;
		if (upwards ? number < from : number > from)
			continue;
		if (found && (upwards ? number > *ret : number < *ret))
			continue;
		*ret = number;
		found = true;
	}
	return found;
}

/* Return: fd; -1 errno: ENOENT when it has been rotated away. */
static int open_file(const struct log_reader *r, uint64_t number)
{
	char name[NAME_ROOM];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s.%" PRIu64, r->base, number);
	own_fd fd = openat(r->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return fd_take(&fd);
}

/* The next file there is. Return: 1: none; 0; -1. */
static int open_next(struct log_reader *r, struct iso_err *err)
{
	uint64_t wanted = r->begun ? r->number + 1 : 0, number;

	while (nearest(r, wanted, true, &number)) {
		int file = open_file(r, number);
		if (file < 0 && errno == ENOENT)
			continue;
		if (file < 0)
			return iso_err_sys(err, "open '%s.%" PRIu64 "'", r->base, number);
		r->lost += r->begun ? number - wanted : 0;
		(void)fd_close(r->file);
		r->file = file;
		r->number = number;
		r->begun = true;
		r->has_next = false;
		return 0;
	}
	return 1;
}

/* The writer never comes back to a file once there is a newer one, but it may have written between
 * our end of file and our look: so one more reading, then the next file. */
ssize_t log_reader_read(struct log_reader *r, char *data, size_t room, struct iso_err *err)
{
	for (;;) {
		ssize_t n = r->file < 0 ? 0 : read(r->file, data, room);
		uint64_t ignored;
		if (n > 0)
			return n;
		if (n < 0)
			return iso_err_sys(err, "read '%s.%" PRIu64 "'", r->base, r->number);
		if (r->file >= 0 && !r->has_next) {
			r->has_next = nearest(r, r->number + 1, true, &ignored);
			if (!r->has_next)
				return 0;
			continue;
		}
		int next = open_next(r, err);
		if (next)
			return next < 0 ? -1 : 0;
	}
}

/* Where the last *lines lines of one file begin; *lines becomes what is still missing. A newline at
 * the very end of all ends the last line and begins none: *at_end. */
static int64_t tail_of(int file, uint64_t *lines, bool *at_end)
{
	char block[BLOCK];
	struct stat st;

	if (fstat(file, &st))
		return -1;
	for (int64_t end = st.st_size; end > 0;) {
		size_t len = end > BLOCK ? BLOCK : (size_t)end;
		ssize_t n = pread(file, block, len, end - (int64_t)len);
		if (n != (ssize_t)len)
			return -1;
		for (size_t i = len; i-- > 0;) {
			int64_t at = end - (int64_t)len + (int64_t)i;
			bool is_last = *at_end;
			*at_end = false;
			if (block[i] == '\n' && !is_last && !--*lines)
				return at + 1;
		}
		end -= (int64_t)len;
	}
	return 0;
}

int log_reader_tail(struct log_reader *r, uint64_t lines, struct iso_err *err)
{
	uint64_t number = UINT64_MAX;
	bool at_end = true;

	while (nearest(r, number, false, &number)) {
		own_fd file = open_file(r, number);
		int64_t at = file < 0 ? -1
			     : lines  ? tail_of(file, &lines, &at_end)
				      : lseek(file, 0, SEEK_END);
		if (file < 0 && errno == ENOENT)
			break; /* rotated away: so are the older ones */
		if (at < 0 || lseek(file, at, SEEK_SET) < 0)
			return iso_err_sys(err, "read '%s.%" PRIu64 "'", r->base, number);
		(void)fd_close(r->file);
		r->file = fd_take(&file);
		r->number = number;
		r->begun = true;
		if (!lines || !number)
			return 0;
		number--;
	}
	return 0;
}
