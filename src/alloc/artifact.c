/*
 * Handing an artifact to isoexec-fetch (artifact.h). The request goes through a sealed memfd, never
 * through argv, which every process of the machine can read; the destination is opened here,
 * without following links, and passed as a descriptor.
 */
#include "alloc/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/own.h"
#include "run/program.h"
#include "steps/build.h"

/* Descriptors of isoexec-fetch. */
enum {
	FETCH_REQUEST_FD = 3,
	FETCH_DESTINATION_FD,
	FETCH_STAGING_FD,
	FETCH_REPORT_FD,
	N_FETCH_FDS = 4,
	LOWEST_SOURCE_FD = 16,
	LINE_MAX_BYTES = 80 /* of the progress: one line of a terminal */
};

static int open_below(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_DIRECTORY | O_RDONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

/* Each component is made when missing and entered without following a link: what a task or an
 * earlier artifact put there is hostile. New ones belong to the task's user. */
static int open_destination(
	int dir, const char *path, const struct host_user *user, struct iso_err *err)
{
	own_fd at = fcntl(dir, F_DUPFD_CLOEXEC, LOWEST_SOURCE_FD);

	while (at >= 0 && *path) {
		char name[256];
		size_t len = strcspn(path, "/");
		if (len >= sizeof(name))
			return iso_err_set(err, ISO_FAULT_INPUT, ENAMETOOLONG,
				"artifact destination '%s' is too long", path);
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + strspn(path + len, "/");
		bool made = !mkdirat(at, name, 0755);
		own_fd next = open_below(at, name);
		if (next < 0 || (made && fchown(next, user->uid, user->gid)))
			return iso_err_sys(err, "open the artifact's destination '%s'", name);
		(void)fd_close(at);
		at = fcntl(next, F_DUPFD_CLOEXEC, LOWEST_SOURCE_FD);
	}
	return at < 0 ? iso_err_sys(err, "open the task directory") : fd_take(&at);
}

static int open_staging(
	const struct task_config *task, const struct host_user *user, struct iso_err *err)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/.iso/%s/fetch", task->alloc_dir, task->task_name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return iso_err_set(
			err, ISO_FAULT_INPUT, ENAMETOOLONG, "alloc directory is too long");
	for (char *slash = strstr(path, "/.iso/"); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return iso_err_sys(err, "make '%s'", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return iso_err_sys(err, "make '%s'", path);
	own_fd fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, user->uid, user->gid))
		return iso_err_sys(err, "open '%s'", path);
	return fd_take(&fd);
}

static void add(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	buf_str(out, key);
	buf_chr(out, '=');
	buf_add(out, value, strlen(value) + 1);
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add(out, key, text);
}

/* The rest of a destination at or below secrets/, which is a tmpfs and not of the task directory;
 * NULL: elsewhere. */
static const char *below_secrets(const char *destination)
{
	static const char name[] = "secrets";
	size_t len = sizeof(name) - 1;

	if (strncmp(destination, name, len) != 0 || (destination[len] && destination[len] != '/'))
		return NULL;
	return destination + len + (destination[len] == '/');
}

/* mode "file": the destination is the file itself, unless it is one of our directories. */
static bool names_the_file(const struct task_artifact *a)
{
	const char *below = below_secrets(a->destination);

	return a->mode == TASK_ARTIFACT_FILE && strcmp(a->destination, "local") != 0 &&
	       (!below || *below);
}

static int request(const struct task_artifact *a, const struct host_user *user, struct iso_err *err)
{
	static const char *const modes[] = {[TASK_ARTIFACT_ANY] = "any",
		[TASK_ARTIFACT_FILE] = "file",
		[TASK_ARTIFACT_DIR] = "dir"};
	own_buf out = BUF_INIT;

	add(&out, "source", a->source);
	add(&out, "mode", modes[a->mode]);
	add(&out, "checksum", a->checksum);
	add(&out, "archive", a->archive);
	add(&out, "ca_file", a->ca_file);
	const char *slash = strrchr(a->destination, '/');
	add(&out, "filename", names_the_file(a) ? slash ? slash + 1 : a->destination : a->filename);
	for (size_t i = 0; i < a->headers.n; i++)
		add(&out, "header", a->headers.v[i]);
	for (size_t i = 0; i < a->allow_hosts.n; i++)
		add(&out, "allow_host", a->allow_hosts.v[i]);
	add(&out, "insecure", a->insecure ? "true" : NULL);
	add(&out, "progress", isatty(STDERR_FILENO) ? "true" : NULL);
	add_number(&out, "uid", user->uid);
	add_number(&out, "gid", user->gid);
	for (size_t i = 0; i < user->n_groups; i++)
		add_number(&out, "group", user->groups[i]);
	if (out.failed)
		return iso_err_set(
			err, ISO_FAULT_SYSTEM, ENOMEM, "make the request: out of memory");
	return steps_seal(&out, err);
}

static int move_up(int *fd)
{
	if (*fd >= LOWEST_SOURCE_FD)
		return 0;
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, LOWEST_SOURCE_FD);
	(void)fd_close(*fd);
	*fd = moved;
	return moved < 0 ? -1 : 0;
}

static int spawn(const int fds[N_FETCH_FDS], pid_t *ret, struct iso_err *err)
{
	char program[PROGRAM_PATH_MAX], name[] = "isoexec-fetch";
	char *argv[] = {name, NULL}, *envp[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;

	if (program_find(name, program, err))
		return -1;
	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int r = posix_spawn_file_actions_init(&actions);
	/* Not even standard error: who holds a terminal can type on it (TIOCSTI). */
	for (int fd = 0; fd <= 2 && !r; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	for (int i = 0; i < N_FETCH_FDS && !r; i++)
		r = posix_spawn_file_actions_adddup2(&actions, fds[i], FETCH_REQUEST_FD + i);
	if (!r)
		r = posix_spawn(ret, program, &actions, &attr, argv, envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	errno = r;
	return r ? iso_err_sys(err, "start '%s'", program) : 0;
}

int artifact_start(const struct task_artifact *artifact, const struct task_config *task,
	const struct host_facts *facts, int secrets_fd, struct artifact_fetch *ret,
	struct iso_err *err)
{
	const char *secret = below_secrets(artifact->destination);
	int pipe[2];
	own_fd root = secret ? fcntl(secrets_fd, F_DUPFD_CLOEXEC, LOWEST_SOURCE_FD)
			     : open(task->task_dir, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (root < 0)
		return iso_err_sys(err, "open the task directory");
	const char *below = secret ? secret : artifact->destination;
	const char *slash = strrchr(below, '/');
	char directory[4096] = "";
	size_t len =
		names_the_file(artifact) ? (slash ? (size_t)(slash - below) : 0) : strlen(below);
	if (len >= sizeof(directory))
		return iso_err_set(
			err, ISO_FAULT_INPUT, ENAMETOOLONG, "artifact destination is too long");
	memcpy(directory, below, len);
	own_fd destination = open_destination(root, directory, &facts->user, err);
	own_fd staging = destination < 0 ? -1 : open_staging(task, &facts->user, err);
	own_fd wanted = staging < 0 ? -1 : request(artifact, &facts->user, err);
	if (wanted < 0)
		return -1;
	if (pipe2(pipe, O_CLOEXEC))
		return iso_err_sys(err, "make a pipe");
	own_fd read_end = pipe[0];
	own_fd write_end = pipe[1];
	if (move_up(&wanted) || move_up(&staging) || move_up(&destination) || move_up(&write_end))
		return iso_err_sys(err, "duplicate a descriptor");
	const int fds[N_FETCH_FDS] = {wanted, destination, staging, write_end};
	pid_t pid;
	if (spawn(fds, &pid, err))
		return -1;
	*ret = (struct artifact_fetch){.pid = pid, .report_fd = fd_take(&read_end)};
	return 0;
}

static int reap(struct artifact_fetch *fetch)
{
	int status = -1;

	/* One that only pretended to have ended would be waited for, forever. A real end is not
	 * changed. The number is that of our child, which is not reaped yet. */
	(void)kill(fetch->pid, SIGKILL);
	while (waitpid(fetch->pid, &status, 0) < 0 && errno == EINTR)
		;
	fetch->pid = -1;
	fetch->report_fd = fd_close(fetch->report_fd);
	if (fetch->shown)
		(void)dprintf(STDERR_FILENO, "\r\033[K");
	fetch->shown = false;
	return status;
}

static void show(struct artifact_fetch *fetch, const char *text)
{
	own_buf line = BUF_INIT;

	if (!isatty(STDERR_FILENO))
		return;
	clean_line(&line, text, strnlen(text, LINE_MAX_BYTES));
	fetch->shown = true;
	(void)dprintf(STDERR_FILENO, "\r%s\033[K", buf_text(&line));
}

/* Foreign bytes went through the worker: its fault is one of a fetch; its text is cleaned by
 * whoever shows it. */
static void take_error(const struct iso_err *told, struct iso_err *err)
{
	(void)iso_err_set(err,
		told->fault >= ISO_FAULT_SYSTEM && told->fault <= ISO_FAULT_PROTOCOL
			? (enum iso_fault)told->fault
			: ISO_FAULT_PROTOCOL,
		told->sys, "%s", told->text);
}

int artifact_finish(struct artifact_fetch *fetch, const struct task_artifact *artifact,
	const struct task_config *task, struct iso_err *err)
{
	struct iso_err told;
	ssize_t n = read(fetch->report_fd, &told, sizeof(told));

	(void)task;
	told.text[sizeof(told.text) - 1] = '\0';
	if (n == (ssize_t)sizeof(told) && told.fault == ISO_FAULT_NONE) {
		show(fetch, told.text);
		return ARTIFACT_UNDER_WAY;
	}
	int status = reap(fetch);
	if (n == (ssize_t)sizeof(told)) {
		take_error(&told, err);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		return 0;
	} else {
		(void)iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"isoexec-fetch ended by %s %d without a word",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	(void)iso_err_in(err, "failed to download artifact");
	if (artifact->place.file)
		return iso_err_in(err, "%s:%u:%u", artifact->place.file, artifact->place.line,
			artifact->place.column);
	return -1;
}

void artifact_kill(struct artifact_fetch *fetch)
{
	if (fetch->pid > 0)
		(void)reap(fetch);
}
