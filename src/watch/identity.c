/* Identity of a process (identity.h). */
#include "watch/identity.h"

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

static uint64_t start_ticks(int pid)
{
	char path[PATH_ROOM], stat[STAT_ROOM];
	uint64_t ticks = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_get(AT_FDCWD, path, stat, sizeof(stat)) <= 0)
		return 0;
	const char *at = strrchr(stat, ')'); /* the name may hold anything */
	for (unsigned i = 0; at && i < FIELDS_BEHIND_NAME; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return 0;
	at++;
	return num_u64_at(&at, &ticks) ? ticks : 0;
}

void identity_of(int pidfd, int pid, struct identity *ret)
{
	struct sys_stat st;

	*ret = (struct identity){0, 0};
	if (sys_fd_is_pidfs(pidfd) == 1) {
		if (!sys_statx(pidfd, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
			ret->pid_inode = st.ino;
		return;
	}
	ret->start_ticks = start_ticks(pid);
}
