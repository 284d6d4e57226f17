/*
 * Moving output (log.h): tee(2) to the console first, then exactly as many bytes into the file, by
 * splice(2): what leaves the FIFO is in the file, so that a supervisor that is killed between two
 * calls has lost nothing and written nothing twice. Near the end of a file, where lines are looked
 * at, and on file systems that take no pipe, it is read and written.
 */
#include "watch/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/own.h"
#include "base/sys.h"

/* linux/splice.h has it for the kernel only; splice(2), tee(2) */
#define SPLICE_NONBLOCK 2U

enum {
	BUFFER_BYTES = 8 * 1024,
	SPLICE_BYTES = 64 * 1024, /* a FIFO is not larger */
	NAME_ROOM = 300,
	LOG_MODE = 0644,
	ENTRIES_ROOM = 4096,
	LINE_WISE_BYTES = 32 * 1024 /* as Nomad's log files */
};

void log_init(struct log *l)
{
	*l = (struct log){.fifo = -1, .console = -1, .dir = -1, .file = -1};
}

void log_done(struct log *l)
{
	l->fifo = fd_close(l->fifo);
	l->console = fd_close(l->console);
	l->dir = fd_close(l->dir);
	l->file = fd_close(l->file);
}

/* getdents64(2): the record, without its flexible end */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static bool number_of(const struct log *l, const char *name, uint64_t *ret)
{
	size_t len = strlen(l->base);

	return !strncmp(name, l->base, len) && name[len] == '.' && num_u64(name + len + 1, ret);
}

/* After a restart the files go on where they were. */
static void find_highest(struct log *l)
{
	_Alignas(8) char room[ENTRIES_ROOM];
	ssize_t n;
	uint64_t number;

	while ((n = sys_getdents64(l->dir, room, sizeof(room))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct entry *e = (const void *)(room + at);
			if (number_of(l, e->name, &number) && number >= l->number)
				l->number = number;
			at += e->len;
		}
}

int log_open(struct log *l, const char *dir, const char *base, uint64_t max_files,
	uint64_t max_file_bytes, struct iso_err *err)
{
	l->base = base;
	l->max_files = max_files;
	l->max_file_bytes = max_file_bytes;
	if (!max_files)
		return 0;
	l->dir = sys_openat(AT_FDCWD, dir, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (l->dir < 0)
		return iso_err_sys(err, "open the log directory '%s'", dir);
	find_highest(l);
	return 0;
}

static void name_file(const struct log *l, uint64_t number, char *ret)
{
	(void)snprintf(ret, NAME_ROOM, "%s.%llu", l->base, (unsigned long long)number);
}

/* Its end is looked up before each write: splice(2) takes no file opened with O_APPEND, and
 * somebody may have emptied it. */
static int find_end(struct log *l)
{
	struct sys_stat st;

	if (l->file < 0 || sys_statx(l->file, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
		return -1;
	l->written = st.size;
	return 0;
}

static void open_file(struct log *l)
{
	char name[NAME_ROOM];

	name_file(l, l->number, name);
	l->file = sys_openat(
		l->dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, LOG_MODE);
	if (find_end(l))
		l->written = 0;
}

/* The next file, and the oldest goes: never more than max_files of max_file_bytes. */
static void rotate(struct log *l)
{
	char name[NAME_ROOM];

	l->file = fd_close(l->file);
	l->number++;
	if (l->number >= l->max_files) {
		name_file(l, l->number - l->max_files, name);
		(void)sys_unlinkat(l->dir, name, 0);
	}
	open_file(l);
}

/* How much goes into the current file. Near its end whole lines only, so that none is cut; one that
 * is longer than that is. */
static size_t part_for_file(const struct log *l, const char *data, size_t len)
{
	uint64_t room = l->max_file_bytes - l->written;
	size_t fits = len < room ? len : (size_t)room;

	if (room - fits >= LINE_WISE_BYTES)
		return fits;
	for (size_t i = fits; i > 0; i--)
		if (data[i - 1] == '\n')
			return i;
	return fits;
}

static void write_file(struct log *l, const char *data, size_t len)
{
	if (l->dir < 0)
		return;
	bool is_full = false;
	while (len) {
		if (is_full || l->written >= l->max_file_bytes)
			rotate(l);
		size_t part = part_for_file(l, data, len);
		ssize_t n = l->file < 0 ? -1 : sys_pwrite(l->file, data, part, l->written);
		is_full = n == (ssize_t)part;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* disk full and the like: nobody waits for it to get better */
			l->dropped += len;
			return;
		}
		l->written += (uint64_t)n;
		data += n;
		len -= (size_t)n;
	}
}

/* How much may be read: all that the console took, or a bufferful without one. 0: wait for the
 * console. */
static size_t offer_console(struct log *l)
{
	if (l->console < 0)
		return BUFFER_BYTES;
	ssize_t n = sys_tee(l->fifo, l->console, BUFFER_BYTES, SPLICE_NONBLOCK);
	if (n > 0)
		return (size_t)n;
	if (n < 0 && errno == EAGAIN) {
		/* either nothing is there or the console is full; poll tells which */
		struct pollfd p[2] = {
			{.fd = l->fifo, .events = POLLIN}, {.fd = l->console, .events = POLLOUT}};
		const struct timespec now = {0, 0};
		(void)sys_ppoll(p, 2, &now);
		l->blocked = (p[0].revents & POLLIN) && !(p[1].revents & (POLLOUT | POLLERR));
		if (!(p[1].revents & POLLERR))
			return 0;
	}
	l->console = fd_close(l->console); /* its reader is gone: the files go on */
	l->blocked = false;
	return BUFFER_BYTES;
}

/* At most @most bytes. Return: how many; 0: there are none; -1: read and write them. */
static ssize_t splice_to_file(struct log *l, size_t most)
{
	if (l->dir < 0 || l->no_splice || find_end(l) ||
		l->written + most + LINE_WISE_BYTES > l->max_file_bytes)
		return -1;
	ssize_t n = sys_splice(l->fifo, l->file, l->written, most, SPLICE_NONBLOCK);
	if (n < 0 && errno == EAGAIN)
		return 0;
	l->no_splice = n < 0 && errno == EINVAL;
	return n;
}

int log_move(struct log *l)
{
	char data[BUFFER_BYTES];

	l->blocked = false;
	size_t most = offer_console(l);
	if (!most)
		return LOG_EMPTY;
	if (l->dir >= 0 && l->file < 0)
		open_file(l);
	ssize_t n = splice_to_file(l, l->console < 0 ? SPLICE_BYTES : most);
	if (n >= 0)
		return n ? LOG_MORE : LOG_EMPTY;
	do
		n = sys_read(l->fifo, data, most);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return LOG_EMPTY;
	write_file(l, data, (size_t)n);
	return LOG_MORE;
}
