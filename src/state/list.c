/* Reading the state directory (state.h). It is root's; what lies in it is checked all the same. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "state/state.h"
#include "task/name.h"

#define MASK_DIR "mask"      /* whiteout layers that all tasks share */
#define UNDONE   ".removing" /* run/remove.c */

struct lister {
	struct arena *arena;
	const char *state_dir;
	char boot_id[RECORD_BOOT_ID_ROOM];
	struct state_list *list;
	size_t room, allocs_room, unfinished_room;
};

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

const char *state_status_name(enum state_status status)
{
	static const char *const names[] = {
#define X(symbol, name) [STATE_##symbol] = name,
		STATE_STATUSES(X)
#undef X
	};
	return names[status];
}

bool state_is_live(const struct state_task *task)
{
	return task->status == STATE_STARTING || task->status == STATE_RUNNING ||
	       task->status == STATE_ORPHANED;
}

/* Somebody holds the lock. Tried for a moment only, and shared: two who look do not see each other.
 */
static bool is_held(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB))
		return errno == EWOULDBLOCK;
	(void)flock(fd, LOCK_UN);
	return false;
}

static enum state_status status_of(const struct record *r, const char *boot_id, int fd)
{
	bool this_boot = !strcmp(r->boot_id, boot_id);

	switch ((enum record_phase)r->phase) {
	case RECORD_PLANNED:
	case RECORD_CLONED:
	case RECORD_RUNNING:
		if (!this_boot)
			return STATE_LOST;
		if (!is_held(fd))
			return STATE_ORPHANED;
		return r->phase == RECORD_RUNNING ? STATE_RUNNING : STATE_STARTING;
	case RECORD_EXITED:
	case RECORD_CLEANED:
		return r->flags & RECORD_LOST ? STATE_LOST : STATE_EXITED;
	case RECORD_FAILED:
		return STATE_FAILED;
	}
	return STATE_BROKEN;
}

/* Non-blocking: whatever lies at the name, nobody waits for it. */
static void read_task(struct arena *arena, const char *boot_id, struct state_task *t)
{
	struct iso_err err = ISO_ERR_INIT;
	struct stat st;
	own_fd at = open(t->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_fd fd = at < 0 ? -1
			   : openat(at, RECORD_FILE,
				     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	t->status = STATE_PENDING;
	t->why = NULL;
	memset(&t->file, 0, sizeof(t->file));
	if (fd < 0 && errno == ENOENT)
		return;
	t->status = STATE_BROKEN;
	if (fd < 0 || fstat(fd, &st)) {
		(void)iso_err_sys(&err, "open the task's record");
		t->why = arena_strdup(arena, err.text);
	} else if (S_ISREG(st.st_mode) && st.st_size == 0) {
		t->status = STATE_PENDING; /* its starter has not written it yet */
	} else if (!S_ISREG(st.st_mode)) {
		t->why = "the task's record is no file";
	} else if (record_read(fd, &t->file, &err)) {
		t->why = arena_strdup(arena, err.text);
		if (is_held(fd))
			t->status = STATE_STARTING; /* it is just being written */
	} else {
		t->status = status_of(&t->file.record, boot_id, fd);
	}
}

void state_read(struct arena *arena, struct state_task *task)
{
	char boot_id[RECORD_BOOT_ID_ROOM] = "";
	struct iso_err ignored;

	if (record_boot_id(boot_id, &ignored))
		boot_id[0] = '\0'; /* then nothing is of this boot */
	read_task(arena, boot_id, task);
}

static void add_name(struct arena *arena, const char ***list, size_t *n, size_t *room, char *name)
{
	if (*n == *room) {
		*room = *room ? *room * 2 : 16;
		*list = arena_grow(arena, *list, *n, *room, sizeof(**list));
	}
	(*list)[(*n)++] = name;
}

static void add_task(struct lister *l, const char *alloc_id, const char *name)
{
	struct state_list *list = l->list;

	if (list->n == l->room) {
		l->room = l->room ? l->room * 2 : 16;
		list->v = arena_grow(l->arena, list->v, list->n, l->room, sizeof(*list->v));
	}
	struct state_task *t = &list->v[list->n++];
	t->alloc_id = alloc_id;
	t->name = arena_strdup(l->arena, name);
	t->dir = arena_printf(l->arena, "%s/%s/%s", l->state_dir, alloc_id, name);
	read_task(l->arena, l->boot_id, t);
}

static bool is_name(const char *name)
{
	struct iso_err ignored;

	return !task_name_check(name, &ignored);
}

static DIR *open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		(void)fd_close(fd);
	return dir;
}

/* An alloc that is removed just now is no longer there: nothing to tell. */
static void list_alloc(struct lister *l, int at, const char *name)
{
	iso_cleanup(own_dir_done) DIR *dir = open_dir(at, name);

	if (!dir)
		return;
	const char *alloc_id = arena_strdup(l->arena, name);
	add_name(l->arena, &l->list->allocs, &l->list->n_allocs, &l->allocs_room,
		arena_strdup(l->arena, name));
	for (const struct dirent *e; (e = readdir(dir));) {
		struct stat st;
		if (is_name(e->d_name) &&
			!fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
			S_ISDIR(st.st_mode))
			add_task(l, alloc_id, e->d_name);
	}
}

/* "X.removing": X, when X is a name. */
static char *of_unfinished(struct arena *arena, const char *name)
{
	size_t len = strlen(name), tail = strlen(UNDONE);

	if (len <= tail || strcmp(name + len - tail, UNDONE) != 0)
		return NULL;
	return arena_strndup(arena, name, len - tail);
}

static int by_creation(const void *a, const void *b)
{
	const struct state_task *x = a, *y = b;
	uint64_t at_x = x->file.about.created_unix_ms, at_y = y->file.about.created_unix_ms;

	if (at_x != at_y)
		return at_x < at_y ? -1 : 1;
	int r = strcmp(x->alloc_id, y->alloc_id);
	return r ? r : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	const char *x, *y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return strcmp(x, y);
}

int state_list(
	struct arena *arena, const char *state_dir, struct state_list *ret, struct iso_err *err)
{
	struct lister l = {.arena = arena, .state_dir = state_dir, .list = ret};

	*ret = (struct state_list){.v = NULL};
	if (record_boot_id(l.boot_id, err))
		return -1;
	iso_cleanup(own_dir_done) DIR *dir = opendir(state_dir);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return iso_err_sys(err, "read the state directory '%s'", state_dir);
	for (const struct dirent *e; (e = readdir(dir));) {
		if (!is_name(e->d_name) || !strcmp(e->d_name, MASK_DIR))
			continue;
		char *of = of_unfinished(arena, e->d_name);
		if (of)
			add_name(arena, &ret->unfinished, &ret->n_unfinished, &l.unfinished_room,
				of);
		else
			list_alloc(&l, dirfd(dir), e->d_name);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_creation);
	if (ret->n_allocs)
		qsort(ret->allocs, ret->n_allocs, sizeof(*ret->allocs), by_name);
	return 0;
}
