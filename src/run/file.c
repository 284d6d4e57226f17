/*
 * The task's file as its starter and its adopters see it: written whole under another name, then
 * renamed, so that a starter that is killed over it leaves no half a record; locked from before it
 * has its name.
 */
#include "run/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/own.h"
#include "record/record.h"
#include "run/internal.h"

enum {
	FILE_MODE = 0600,
	RENAME_TRIES = 16
};

static int open_dir(const char *dir)
{
	return open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Between opening and locking it somebody may have put another one in its place. */
static bool has_name(int fd, int at, const char *name)
{
	struct stat file, named;

	return !fstat(fd, &file) && !fstatat(at, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       file.st_ino == named.st_ino && file.st_dev == named.st_dev;
}

/* Return: 0, RECORD_HELD (the file is open in *ret all the same), -1. */
static int lock_named(int at, const char *name, int flags, int *ret, struct iso_err *err)
{
	for (unsigned tries = 0; tries < RENAME_TRIES; tries++) {
		own_fd fd = openat(at, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, FILE_MODE);
		if (fd < 0)
			return iso_err_sys(err, "open '%s'", name);
		int r = record_lock(fd, err);
		if (r < 0)
			return -1;
		if (r == 0 && !has_name(fd, at, name))
			continue;
		*ret = fd_take(&fd);
		return r;
	}
	return iso_err_set(err, ISO_FAULT_SYSTEM, EBUSY, "'%s' is replaced all the time", name);
}

int run_file_lock(const char *dir, int *ret, struct iso_err *err)
{
	own_fd at = open_dir(dir);

	if (at < 0)
		return iso_err_sys(err, "open '%s'", dir);
	int r = lock_named(at, RECORD_FILE, 0, ret, err);
	if (r == RECORD_HELD)
		*ret = fd_close(*ret);
	return r < 0 ? iso_err_in(err, "'%s'", dir) : r;
}

static bool is_ending(int fd)
{
	struct record_file file;
	struct iso_err ignored;

	return !record_read(fd, &file, &ignored) &&
	       (file.record.phase == RECORD_EXITED || file.record.phase == RECORD_CLEANED ||
		       file.record.phase == RECORD_FAILED);
}

/* One that has ended has a supervisor until it is cleaned up, which is waited for. *ret stays -1
 * where there was none. */
static int lock_last(int at, int *ret, struct iso_err *err)
{
	int r = lock_named(at, RECORD_FILE, 0, ret, err);

	if (r < 0)
		return err->sys == ENOENT ? 0 : -1;
	for (unsigned i = 0; r == RECORD_HELD && is_ending(*ret) && i < RUN_TRIES; i++) {
		run_wait_for_kernel();
		*ret = fd_close(*ret);
		r = lock_named(at, RECORD_FILE, 0, ret, err);
	}
	return r;
}

static int write_whole(int fd, const struct iovec parts[2], struct iso_err *err)
{
	size_t len = parts[0].iov_len + parts[1].iov_len;

	if (ftruncate(fd, 0)) /* of one that was killed over it */
		return iso_err_sys(err, "empty the task's record");
	ssize_t n = pwritev(fd, parts, 2, 0);
	if (n >= 0 && (size_t)n != len)
		errno = ENOSPC;
	return n == (ssize_t)len ? 0 : iso_err_sys(err, "write the task's record");
}

int run_file_make(const char *dir, const struct iovec parts[2], struct iso_err *err)
{
	own_fd at = open_dir(dir);
	own_fd next = -1;
	own_fd last = -1;

	if (at < 0)
		return iso_err_sys(err, "open '%s'", dir);
	int r = lock_named(at, RECORD_NEW, O_CREAT, &next, err);
	if (!r)
		r = lock_last(at, &last, err);
	if (r == RECORD_HELD)
		return iso_err_set(
			err, ISO_FAULT_SYSTEM, EBUSY, "the task of '%s' runs already", dir);
	if (r < 0)
		return iso_err_in(err, "'%s'", dir);
	r = write_whole(next, parts, err);
	if (!r && renameat(at, RECORD_NEW, at, RECORD_FILE))
		r = iso_err_sys(err, "name '%s/" RECORD_FILE "'", dir);
	if (!r)
		return fd_take(&next);
	(void)unlinkat(at, RECORD_NEW, 0);
	return -1;
}

void run_file_remove(const char *dir)
{
	own_fd at = open_dir(dir);

	if (at >= 0)
		(void)unlinkat(at, RECORD_FILE, 0);
}
