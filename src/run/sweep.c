/* Sweeping (sweep.h). Locks tell who lives: a supervisor holds its task's record, whoever runs an
 * alloc holds its directory (shared: several tasks of one process), a sweeper needs both alone. */
#include "run/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "record/record.h"
#include "run/dirs.h"
#include "run/internal.h"
#include "task/name.h"

enum {
	YOUNG_S = 60, /* a directory without a record may be one that is just being filled */
	HOLD_TRIES = 50,
	HOLD_WAIT_MS = 2
};

struct sweep {
	struct arena *arena;
	const char *state_dir, *data_dir;
};

/* What the tasks of one alloc are like. */
struct found {
	unsigned n_tasks;
	bool alive;     /* a task runs or has been given a supervisor just now */
	bool transient; /* all are of a foreground run */
};

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

static DIR *open_dir(const char *path)
{
	own_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? NULL : fdopendir(fd_take(&fd));
}

/* Names that we make; anything else is not ours. */
static const char *next_name(DIR *dir)
{
	struct iso_err ignored;

	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' && strcmp(e->d_name, "mask") != 0 &&
			!task_name_check(e->d_name, &ignored))
			return e->d_name;
	return NULL;
}

static bool is_over(uint32_t phase)
{
	return phase == RECORD_CLEANED || phase == RECORD_FAILED;
}

static void look_at_task(const char *dir, struct found *found)
{
	struct record_file file;
	struct iso_err err = ISO_ERR_INIT;
	own_fd at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd fd = at < 0 ? -1 : openat(at, RECORD_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	found->n_tasks++;
	if (record_lock(fd, &err)) { /* it has a supervisor */
		found->alive = true;
		return;
	}
	if (record_read(fd, &file, &err)) {
		found->transient = false; /* nobody knows: `gc` and people */
		return;
	}
	found->transient = found->transient && (file.about.flags & RECORD_TRANSIENT);
	fd = fd_close(fd); /* and with it the lock, which the new supervisor takes */
	if (is_over(file.record.phase))
		return;
	found->alive = true;
	struct iso_task *task = run_task_new(dir);
	if (task && run_adopt(task, &err) < 0)
		found->alive = true; /* it stays as it is until somebody succeeds */
	(void)iso_task_free(task);
}

static void look_at_alloc(struct sweep *s, const char *id)
{
	const char *path = arena_printf(s->arena, "%s/%s", s->state_dir, id), *name;
	struct found found = {.transient = true};
	struct iso_err ignored;
	iso_cleanup(own_dir_done) DIR *dir = open_dir(path);
	struct stat st;

	if (!dir || fstat(dirfd(dir), &st))
		return;
	/* somebody runs it: he finds out himself, and may be between two starts or removing it */
	if (flock(dirfd(dir), LOCK_EX | LOCK_NB))
		return;
	while ((name = next_name(dir)))
		look_at_task(arena_printf(s->arena, "%s/%s", path, name), &found);
	if (found.alive || (found.n_tasks && !found.transient) ||
		(!found.n_tasks && time(NULL) - st.st_mtime < YOUNG_S))
		return;
	const char *data = arena_printf(s->arena, "%s/alloc/%s", s->data_dir, id);
	if (found.n_tasks || !faccessat(AT_FDCWD, data, F_OK, AT_SYMLINK_NOFOLLOW)) {
		int left = alloc_dirs_remove(data, path, &ignored);
		(void)left; /* again at the next sweep */
	}
}

void run_sweep(const char *state_dir, const char *data_dir)
{
	own_arena arena = arena_new(0);
	struct sweep s = {.arena = arena, .state_dir = state_dir, .data_dir = data_dir};
	iso_cleanup(own_dir_done) DIR *dir = open_dir(state_dir);
	const char *name;

	while (dir && arena && (name = next_name(dir)))
		look_at_alloc(&s, name);
}

int run_hold_alloc(const char *task_state_dir, struct iso_err *err)
{
	own_arena arena = arena_new(0);
	char *path = arena_strdup(arena, task_state_dir);
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	own_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return iso_err_sys(err, "open the alloc's state directory '%s'", path);
	/* who only looks whether somebody runs the alloc holds it for some microseconds */
	for (unsigned i = 0; flock(fd, LOCK_SH | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK || i == HOLD_TRIES)
			return iso_err_sys(err, "hold the alloc's state directory '%s'", path);
		(void)poll(NULL, 0, HOLD_WAIT_MS);
	}
	return fd_take(&fd);
}
