/* Identity of a process (identity.h). */
#include "watch/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/num.h"
#include "base/sys.h"

enum {
	PATH_ROOM = 64,
	STAT_ROOM = 1024,
	FIELDS_BEHIND_NAME = 20 /* proc(5): the name is field 2, starttime 22 */
};

static int start_ticks(int pid, uint64_t *ret)
{
	char path[PATH_ROOM], stat[STAT_ROOM];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_get(AT_FDCWD, path, stat, sizeof(stat)) < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	const char *at = strrchr(stat, ')'); /* the name may hold anything */
	for (unsigned i = 0; at && i < FIELDS_BEHIND_NAME; i++)
		at = strchr(at + 1, ' ');
	if (at) {
		at++;
		(void)num_u64_at(&at, ret);
	}
	return 0;
}

int identity_of(int pidfd, int pid, struct identity *ret)
{
	struct sys_stat st;
	int is_pidfs = sys_fd_is_pidfs(pidfd);

	*ret = (struct identity){0, 0};
	if (is_pidfs < 0)
		return -1;
	if (!is_pidfs)
		return start_ticks(pid, &ret->start_ticks);
	if (sys_statx(pidfd, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
		return -1;
	ret->pid_inode = st.ino;
	return 0;
}
