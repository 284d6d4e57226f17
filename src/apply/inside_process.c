/* The process itself: session, limits, streams, working directory. Inside the new root, still
 * privileged. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "apply/path.h"
#include "base/fd.h"
#include "base/own.h"
#include "base/sys.h"

int apply_SESSION(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	(void)s;
	return sys_setsid() < 0 ? iso_err_sys(err, "begin a session") : 0;
}

int apply_KEYRING(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	(void)s;
	if (sys_keyctl_join_anonymous() < 0 && errno != ENOSYS)
		return iso_err_sys(err, "join a session keyring");
	return 0;
}

int apply_UMASK(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	(void)err;
	(void)sys_umask((unsigned)s->num[0]);
	return 0;
}

static int put_proc(const char *path, const char *value)
{
	return fd_put(AT_FDCWD, path, value, strlen(value));
}

int apply_OOM_SCORE(struct apply *a, const struct step *s, struct iso_err *err)
{
	/* EACCES: lowering needs SYS_RESOURCE. What stays is higher, so the host is no worse off.
	 */
	if (put_proc("/proc/self/oom_score_adj", steps_str(a->steps, s, 0)) && errno != EACCES)
		return iso_err_sys(err, "write '/proc/self/oom_score_adj'");
	return 0;
}

int apply_COREDUMP_FILTER(struct apply *a, const struct step *s, struct iso_err *err)
{
	if (put_proc("/proc/self/coredump_filter", steps_str(a->steps, s, 0)) && errno != ENOENT)
		return iso_err_sys(err, "write '/proc/self/coredump_filter'");
	return 0;
}

int apply_RLIMIT(struct apply *a, const struct step *s, struct iso_err *err)
{
	uint64_t old[2], set[2] = {s->num[1], s->num[2]};

	(void)a;
	if (sys_prlimit((unsigned)s->num[0], NULL, old))
		return iso_err_sys(err, "read resource limit %llu", (unsigned long long)s->num[0]);
	for (unsigned i = 0; i < 2;
		i++) /* never above what this process may hold: raising needs a right */
		if (set[i] > old[1])
			set[i] = old[1];
	if (set[0] > set[1])
		set[0] = set[1];
	return sys_prlimit((unsigned)s->num[0], set, NULL)
		       ? iso_err_sys(err, "set resource limit %llu", (unsigned long long)s->num[0])
		       : 0;
}

int apply_CPU_AFFINITY(struct apply *a, const struct step *s, struct iso_err *err)
{
	(void)a;
	(void)s;
	return sys_sched_setaffinity_all() < 0 ? iso_err_sys(err, "set the processors") : 0;
}

int apply_WORK_DIR(struct apply *a, const struct step *s, struct iso_err *err)
{
	const char *dir = steps_str(a->steps, s, 0);
	char cwd[4096];

	a->root_fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (a->root_fd < 0)
		return iso_err_sys(err, "open the root");
	const struct path_root root = {a->root_fd, a->root_mount_id};
	own_fd fd = path_make(a, &root, dir, false, true, (unsigned)s->num[0], err);
	if (fd < 0)
		return -1;
	if (sys_fchdir(fd))
		return errno == ENOTDIR ? iso_err_set(err, ISO_FAULT_INPUT, errno,
						  "work_dir '%s' is no directory", dir)
					: iso_err_sys(err, "enter it");
	/* a directory outside the root would be told as "(unreachable)..." */
	if (sys_getcwd(cwd, sizeof(cwd)) < 0)
		return iso_err_sys(err, "read its path back");
	if (cwd[0] != '/')
		return iso_err_set(
			err, ISO_FAULT_INPUT, 0, "work_dir '%s' leads out of the root", dir);
	return 0;
}

/* Here and in session_stream() descriptors lose their close-on-exec flag, nowhere else. */
int apply_STDIO(struct apply *a, const struct step *s, struct iso_err *err)
{
	int from = apply_from(a, s), stream = (int)s->num[0];
	struct sys_stat st;

	if (a->session)
		return session_stream(a, stream, s, err);
	own_fd null = -1;
	if (from < 0) {
		null = path_open_own(a->root_fd, "/dev/null", stream == 0 ? O_RDONLY : O_WRONLY);
		if (null < 0 || sys_statx(null, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
			return iso_err_sys(err, "open '/dev/null'");
		from = null;
	} else if (sys_fchown(from, (unsigned)s->num[1], ~0U)) {
		return iso_err_sys(err, "give the stream to the task's user");
	}
	if (sys_dup3(from, stream, 0) < 0)
		return iso_err_sys(err, "set stream %d", stream);
	return 0;
}
