/* The locks of runner.h. */
#include "state/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/own.h"

#define SPEC_FILE "alloc.json" /* alloc/spec_json.h */

static int open_dir(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* F_GETLK only asks. */
static void look_at_spec(int dir, struct state_runner *ret)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	own_fd fd = openat(dir, SPEC_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	ret->detached = fd >= 0;
	if (fd < 0 || fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK)
		return;
	ret->lives = true;
	ret->pid = lock.l_pid;
}

void state_runner(const char *alloc_state_dir, struct state_runner *ret)
{
	own_fd dir = open_dir(alloc_state_dir);

	*ret = (struct state_runner){.lives = false};
	if (dir < 0)
		return;
	look_at_spec(dir, ret);
	if (ret->lives)
		return;
	ret->lives = flock(dir, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
	(void)flock(dir, LOCK_UN);
}

int state_runner_exclude(const char *alloc_state_dir)
{
	struct state_runner runner = {.lives = false};
	own_fd dir = open_dir(alloc_state_dir);

	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB))
		return -1;
	look_at_spec(dir, &runner);
	return runner.lives ? -1 : fd_take(&dir);
}
