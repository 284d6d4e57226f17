/* Removing what an ended alloc has left: its directories (iso_remove). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "record/record.h"
#include "run/dirs.h"
#include "run/internal.h"

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

/* No task of the alloc is anybody's: each record's lock is free. */
static int check_free(const char *state_dir, struct iso_err *err)
{
	own_fd fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	iso_cleanup(own_dir_done) DIR *dir = fd < 0 ? NULL : fdopendir(fd_take(&fd));

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		own_fd task = openat(
			dirfd(dir), e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		own_fd file =
			task < 0 ? -1
				 : openat(task, RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		int r = file < 0 ? 0 : record_lock(file, err);
		if (r == RECORD_HELD)
			return iso_err_set(err, ISO_FAULT_INPUT, EBUSY,
				"task '%s' of '%s' still runs", e->d_name, state_dir);
		if (r)
			return -1;
	}
	return 0;
}

static int read_about(const char *dir, struct record_file *ret, struct iso_err *err)
{
	own_fd at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd file = at < 0 ? -1 : openat(at, RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (file < 0)
		return iso_err_sys(err, "open '%s/" RECORD_FILE "'", dir);
	return record_read(file, ret, err);
}

int iso_remove(struct iso_task *task, struct iso_err *err)
{
	struct record_file file;
	own_arena arena = arena_new(0);

	if (!arena)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	char *state_dir = arena_strdup(arena, task->dir);
	char *slash = strrchr(state_dir, '/');
	if (slash)
		*slash = '\0';
	if (read_about(task->dir, &file, err) || check_free(state_dir, err))
		return -1;
	return alloc_dirs_remove(file.about.alloc_dir, state_dir, err);
}

/* Its supervisor may be cleaning up yet: then it removes the file. Killed while it did, a new one
 * does. */
int run_forget(const char *dir, struct iso_err *err)
{
	own_fd at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd file = at < 0 ? -1 : openat(at, RECORD_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct record_file record;

	if (file < 0)
		return errno == ENOENT ? 0 : iso_err_sys(err, "open '%s/" RECORD_FILE "'", dir);
	(void)unlinkat(at, RECORD_NEW, 0); /* of a restart that was killed over it */
	if (record_forget(file, err))
		return -1;
	int r = record_lock(file, err);
	if (r)
		return r == RECORD_HELD ? 0 : -1;
	if (record_read(file, &record, err))
		return -1;
	if (record.record.phase == RECORD_CLEANED || record.record.phase == RECORD_FAILED)
		return unlinkat(at, RECORD_FILE, 0)
			       ? iso_err_sys(err, "remove '%s/" RECORD_FILE "'", dir)
			       : 0;
	struct iso_task *task = run_task_new(dir);
	r = task ? run_spawn(task,
			   &(struct run_spawn){
				   .file_fd = file, .adopt = true, .pidfd = -1, .secrets_fd = -1},
			   err)
		 : iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "out of memory");
	(void)iso_task_free(task);
	return r;
}
