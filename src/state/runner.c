/* The lock of runner.h. Looking takes nothing: F_GETLK only asks. */
#include "state/runner.h"

#include <errno.h>
#include <fcntl.h>

#include "base/own.h"

enum {
	FILE_MODE = 0600
};

static int open_it(const char *dir, int flags)
{
	own_fd at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return at < 0 ? -1
		      : openat(at, STATE_RUNNER_FILE, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
				FILE_MODE);
}

int state_runner_hold(const char *alloc_state_dir, int *ret_fd, struct iso_err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	own_fd fd = open_it(alloc_state_dir, O_RDWR | O_CREAT);

	if (fd < 0)
		return iso_err_sys(err, "make '%s/" STATE_RUNNER_FILE "'", alloc_state_dir);
	if (fcntl(fd, F_SETLK, &lock))
		return errno == EAGAIN || errno == EACCES
			       ? STATE_RUNNER_HELD
			       : iso_err_sys(
					 err, "lock '%s/" STATE_RUNNER_FILE "'", alloc_state_dir);
	*ret_fd = fd_take(&fd);
	return 0;
}

pid_t state_runner_pid(const char *alloc_state_dir)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	own_fd fd = open_it(alloc_state_dir, O_RDONLY);

	if (fd < 0 || fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid;
}
