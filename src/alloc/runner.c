/* The runner (runner.h): the alloc's file locked, its tasks run, what happens written to
 * STATE/<alloc>/events as one JSON object a line. */
#include "alloc/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alloc/alloc_run.h"
#include "alloc/spec_json.h"
#include "base/own.h"
#include "run/internal.h"

enum {
	FILE_MODE = 0600,
	DIR_MODE = 0700,
	SPEC_MAX_BYTES = 16 * 1024 * 1024,
	EVENTS_MAX_BYTES = 1024 * 1024,
	TELL_FD = 3
};
#define EVENTS_FILE "events"

/* ---- the file ---- */

static int open_dir(const char *path, struct iso_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? iso_err_sys(err, "open the alloc's state directory '%s'", path) : fd;
}

/* STATE and STATE/<alloc>. */
static int make_dirs(const char *path, struct iso_err *err)
{
	own_arena arena = arena_new(0);
	char *parent = arena_strdup(arena, path);
	char *slash = strrchr(parent, '/');

	if (!mkdir(path, DIR_MODE) || errno == EEXIST)
		return 0;
	if (errno == ENOENT && slash && slash != parent) {
		*slash = '\0';
		if (make_dirs(parent, err))
			return -1;
		if (!mkdir(path, DIR_MODE) || errno == EEXIST)
			return 0;
	}
	return iso_err_sys(err, "make directory '%s'", path);
}

/* STATE/<alloc> of an alloc: above its first task's. */
static char *state_dir_of(struct arena *arena, const struct alloc_spec *spec)
{
	char *path = arena_strdup(arena, spec->tasks[0].config.state_dir);
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	return path;
}

int runner_save(const struct alloc_spec *spec, struct iso_err *err)
{
	own_arena arena = arena_new(0);
	own_buf text = BUF_INIT;
	const char *path = state_dir_of(arena, spec);

	if (spec_to_json(spec, &text, err) || make_dirs(path, err))
		return -1;
	own_fd dir = open_dir(path, err);
	if (dir < 0)
		return -1;
	own_fd fd = openat(dir, SPEC_FILE ".new",
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len ||
		renameat(dir, SPEC_FILE ".new", dir, SPEC_FILE))
		return iso_err_sys(err, "write '%s/" SPEC_FILE "'", path);
	return 0;
}

static struct flock whole(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* Locked for as long as this process lives and holds the file open. */
static int open_locked(int dir, struct iso_err *err)
{
	struct flock lock = whole(F_WRLCK);
	own_fd fd = openat(dir, SPEC_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return iso_err_sys(err, "open '" SPEC_FILE "'");
	if (fcntl(fd, F_SETLK, &lock))
		return errno == EAGAIN || errno == EACCES
			       ? iso_err_set(err, ISO_FAULT_LIMIT, EBUSY,
					 "the alloc has a runner already")
			       : iso_err_sys(err, "lock '" SPEC_FILE "'");
	return fd_take(&fd);
}

static int read_spec(struct arena *arena, int fd, struct alloc_spec **ret, struct iso_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return iso_err_sys(err, "look at '" SPEC_FILE "'");
	if (st.st_size > SPEC_MAX_BYTES)
		return iso_err_set(
			err, ISO_FAULT_LIMIT, EFBIG, "'" SPEC_FILE "' is larger than it can be");
	char *text = arena_alloc(arena, (size_t)st.st_size + 1);
	ssize_t n = pread(fd, text, (size_t)st.st_size, 0);
	if (n < 0)
		return iso_err_sys(err, "read '" SPEC_FILE "'");
	return spec_from_json(arena, text, (size_t)n, ret, err) ? iso_err_in(err, SPEC_FILE) : 0;
}

/* ---- events ---- */

struct told {
	int events_fd, tell_fd;
};

static void write_line(int fd, const char *text, size_t len)
{
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return;
	if (S_ISREG(st.st_mode) && st.st_size > EVENTS_MAX_BYTES && ftruncate(fd, 0))
		return; /* an alloc that restarts for ever: the newest are kept */
	n = write(fd, text, len);
	(void)n; /* a full disk costs the line, not the task */
}

static const char *event_name(enum life_event event)
{
	static const char *const names[] = {
		[LIFE_EV_WARNING] = "Warning",
		[LIFE_EV_ARTIFACT] = "Downloading Artifacts",
		[LIFE_EV_STARTED] = "Started",
		[LIFE_EV_EXITED] = "Terminated",
		[LIFE_EV_EXIT_UNKNOWN] = "Terminated",
		[LIFE_EV_OOM] = "OOM Killed",
		[LIFE_EV_KILLED] = "Killed",
		[LIFE_EV_LOG_DROPPED] = "Log Dropped",
		[LIFE_EV_RESTARTING] = "Restarting",
		[LIFE_EV_NOT_RESTARTING] = "Not Restarting",
		[LIFE_EV_FAILED] = "Driver Failure",
	};
	return names[event];
}

static void on_event(
	void *context, const struct alloc_task *task, enum life_event event, const char *text)
{
	const struct told *told = context;
	struct timespec now;
	own_buf line = BUF_INIT;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	json_t *object = json_pack("{s:I, s:s, s:s, s:s}", "time_unix_ms",
		(json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, "task",
		task->config.task_name, "type", event_name(event), "message", text);
	char *json = object ? json_dumps(object, JSON_COMPACT) : NULL;
	if (json) {
		buf_str(&line, json);
		buf_chr(&line, '\n');
		write_line(told->events_fd, buf_text(&line), line.len);
		write_line(told->tell_fd, buf_text(&line), line.len);
	}
	free(json);
	json_decref(object);
}

static void on_output(
	void *context, const struct alloc_task *task, int stream, const char *data, size_t len)
{
	(void)context;
	(void)task;
	(void)stream;
	(void)data;
	(void)len;
}

static void on_settled(void *context)
{
	struct told *told = context;
	told->tell_fd = fd_close(told->tell_fd);
}

/* ---- being it, starting it, finding it ---- */

static int run(struct arena *arena, int dir, struct told *told, struct iso_err *err)
{
	struct alloc_spec *spec;
	struct iso_machine *machine;
	int status;
	own_fd file = open_locked(dir, err);

	if (file < 0 || read_spec(arena, file, &spec, err) || iso_machine_new(&machine, err))
		return -1;
	told->events_fd = openat(dir, EVENTS_FILE,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	const struct life_watcher watcher = {
		.context = told, .output = on_output, .event = on_event};
	const struct alloc_run_in in = {
		.allocs = &spec,
		.n_allocs = 1,
		.machine = machine,
		.watcher = &watcher,
		.keep = true,
		.detached = true,
		.settled = on_settled,
		.context = told,
	};
	int r = alloc_run(arena, &in, &status, err);
	(void)iso_machine_free(machine);
	told->events_fd = fd_close(told->events_fd);
	return r;
}

int runner_main(const char *state_dir, int tell_fd, struct iso_err *err)
{
	own_arena arena = arena_new(0);
	struct told told = {.events_fd = -1, .tell_fd = tell_fd};
	own_fd dir = open_dir(state_dir, err);
	int r = dir < 0 ? -1 : run(arena, dir, &told, err);

	told.tell_fd = fd_close(told.tell_fd);
	return r;
}

int runner_spawn(const char *state_dir, int tell_fd, pid_t *ret_pid, struct iso_err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char name[] = "isoexec", word[] = "runner", *where = strdup(state_dir);
	char *argv[] = {name, word, where, NULL}, *envp[] = {NULL};
	int r = where ? posix_spawn_file_actions_init(&actions) : ENOMEM;

	if (r) {
		free(where);
		errno = r;
		return iso_err_sys(err, "start a runner");
	}
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	for (int fd = 0; fd <= 2 && !r; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (!r && tell_fd >= 0)
		r = posix_spawn_file_actions_adddup2(&actions, tell_fd, TELL_FD);
	if (!r)
		r = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attr, argv, envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	free(where);
	errno = r;
	return r ? iso_err_sys(err, "start a runner") : 0;
}

/* The kernel tells who holds the lock; the number is made a descriptor and asked for again. */
int runner_find(const char *state_dir, int *ret_pidfd, struct iso_err *err)
{
	own_fd dir = open_dir(state_dir, err);
	own_fd file = dir < 0 ? -1 : openat(dir, SPEC_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return -1;
	if (file < 0)
		return errno == ENOENT ? RUNNER_NONE
				       : iso_err_sys(err, "open '%s/" SPEC_FILE "'", state_dir);
	struct flock first = whole(F_RDLCK), second = first;
	if (fcntl(file, F_GETLK, &first))
		return iso_err_sys(err, "ask for the lock of '%s/" SPEC_FILE "'", state_dir);
	if (first.l_type == F_UNLCK)
		return RUNNER_NONE;
	own_fd pidfd = (int)syscall(SYS_pidfd_open, first.l_pid, 0);
	if (pidfd < 0 || fcntl(file, F_GETLK, &second) || second.l_type == F_UNLCK ||
		second.l_pid != first.l_pid)
		return RUNNER_NONE;
	*ret_pidfd = fd_take(&pidfd);
	return 0;
}
