/* isoexec fs: the files of an alloc. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/alloc_tree.h"
#include "cli/log_out.h"
#include "cli/show.h"
#include "cli/tasks.h"

enum {
	MAX_ENTRIES = 100000, /* of one directory */
	READ_ROOM = 8 * 1024,
	MODE_ROOM = 12,
	MS_PER_S = 1000,
	NS_PER_MS = 1000000
};

struct fs_options {
	struct tasks_options tasks; /* first: the shared table's offsets */
	bool json, raw;
};

#define AT(field) offsetof(struct fs_options, field)
static const struct option own[] = {
	{"json", OPTION_FLAG, AT(json), NULL, "ls, stat: as JSON"},
	{"raw", OPTION_FLAG, AT(raw), NULL, "cat: pass control bytes to a terminal"},
};
static const struct option_table own_options = {own, iso_len(own)};

struct fs {
	const struct tasks *tasks;
	const struct fs_options *options;
	int tree;
	const char *path;
};

static void own_dir_done(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

/* "-rw-r--r--", as ls(1) */
static const char *mode_text(struct arena *arena, mode_t mode)
{
	static const char letters[] = "rwxrwxrwx", *const types = "-dlpscb";
	static const mode_t order[] = {
		S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK};
	char text[MODE_ROOM] = "?---------";

	for (size_t i = 0; i < iso_len(order); i++)
		if ((mode & S_IFMT) == order[i])
			text[0] = types[i];
	for (unsigned i = 0; i < 9; i++)
		if (mode >> (8 - i) & 1)
			text[1 + i] = letters[i];
	if (mode & S_ISUID)
		text[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & S_IXOTH ? 't' : 'T';
	return arena_strdup(arena, text);
}

static uint64_t mtime_ms(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * MS_PER_S + (uint64_t)st->st_mtim.tv_nsec / NS_PER_MS;
}

/* Where a link says that it leads; nothing is followed. */
static const char *link_target(struct arena *arena, int dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	return n < 0 ? NULL : arena_strndup(arena, target, (size_t)n);
}

struct entry {
	const char *name, *target;
	struct stat st;
};

static json_t *entry_json(const struct entry *e)
{
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%04o", (unsigned)e->st.st_mode & 07777);
	return json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "name",
		show_json_text(e->name), "kind", alloc_tree_kind(e->st.st_mode), "mode", mode,
		"uid", (json_int_t)e->st.st_uid, "gid", (json_int_t)e->st.st_gid, "size",
		(json_int_t)e->st.st_size, "modified_unix_ms", (json_int_t)mtime_ms(&e->st),
		"target", e->target ? show_json_text(e->target) : json_null());
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* ---- ls ---- */

/* What has disappeared since it was read is passed over. */
static int read_entries(
	const struct fs *f, DIR *dir, struct entry **ret, size_t *ret_n, struct iso_err *err)
{
	struct arena *arena = f->tasks->arena;
	struct entry *list = NULL;
	size_t n = 0, room = 0;

	for (const struct dirent *e; (e = readdir(dir));) {
		struct entry one = {.name = e->d_name};
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
			fstatat(dirfd(dir), e->d_name, &one.st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (n == MAX_ENTRIES)
			return iso_err_set(err, ISO_FAULT_LIMIT, 0, "'%s' has more than %d entries",
				f->path, MAX_ENTRIES);
		if (n == room) {
			room = room ? room * 2 : 64;
			list = arena_grow(arena, list, n, room, sizeof(*list));
		}
		one.name = arena_strdup(arena, e->d_name);
		if (S_ISLNK(one.st.st_mode))
			one.target = link_target(arena, dirfd(dir), e->d_name);
		list[n++] = one;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_name);
	*ret = list;
	*ret_n = n;
	return 0;
}

static void add_row(struct show_table *table, const struct entry *e)
{
	struct arena *a = table->arena;
	const char *const cells[] = {
		mode_text(a, e->st.st_mode),
		arena_printf(a, "%u:%u", (unsigned)e->st.st_uid, (unsigned)e->st.st_gid),
		arena_printf(a, "%" PRId64, (int64_t)e->st.st_size),
		show_time(a, mtime_ms(&e->st)),
		e->target ? arena_printf(a, "%s -> %s", e->name, e->target) : e->name,
	};
	show_table_row(table, cells);
}

static int print_entries(const struct fs *f, const struct entry *list, size_t n)
{
	static const char *const header[] = {"MODE", "OWNER", "SIZE", "MODIFIED", "NAME"};
	struct show_table table;
	own_buf out = BUF_INIT;

	if (f->options->json) {
		json_t *array = json_array();
		for (size_t i = 0; i < n; i++)
			if (json_array_append_new(array, entry_json(&list[i])))
				return EXIT_FAILED;
		return show_json(array) ? EXIT_FAILED : EXIT_OK;
	}
	show_table_init(&table, f->tasks->arena, header, iso_len(header));
	for (size_t i = 0; i < n; i++)
		add_row(&table, &list[i]);
	show_table_print(&table, &out);
	return show_write(STDOUT_FILENO, buf_text(&out), out.len) ? EXIT_OK : EXIT_FAILED;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static int ls(const struct fs *f, int *ret_status, struct iso_err *err)
{
	struct entry *list, one = {.name = last_name(f->path)};
	size_t n = 1;
	own_fd found = alloc_tree_find(f->tree, f->path, true, &one.st, err);

	if (found < 0)
		return -1;
	list = &one;
	if (S_ISDIR(one.st.st_mode)) {
		int fd = alloc_tree_read(found, &one.st, f->path, err);
		iso_cleanup(own_dir_done) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
		if (!dir) {
			(void)fd_close(fd);
			return fd < 0 ? -1 : iso_err_sys(err, "read '%s'", f->path);
		}
		if (read_entries(f, dir, &list, &n, err))
			return -1;
	}
	*ret_status = print_entries(f, list, n);
	return 0;
}

/* ---- cat, stat ---- */

static int cat(const struct fs *f, int *ret_status, struct iso_err *err)
{
	char data[READ_ROOM];
	struct stat st;
	ssize_t n;
	own_fd found = alloc_tree_find(f->tree, f->path, true, &st, err);

	if (found < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return iso_err_set(
			err, ISO_FAULT_INPUT, 0, "'%s' is a directory: see 'fs ls'", f->path);
	own_fd fd = alloc_tree_read(found, &st, f->path, err);
	if (fd < 0)
		return -1;
	struct log_out out = {.filtered = !f->options->raw && isatty(STDOUT_FILENO)};
	while ((n = read(fd, data, sizeof(data))) > 0)
		if (!log_out_write(&out, data, (size_t)n, false))
			break;
	if (n == 0)
		(void)log_out_write(&out, "", 0, true);
	log_out_done(&out);
	*ret_status = n ? EXIT_FAILED : EXIT_OK;
	return n < 0 ? iso_err_sys(err, "read '%s'", f->path) : 0;
}

static int stat_one(const struct fs *f, int *ret_status, struct iso_err *err)
{
	struct arena *a = f->tasks->arena;
	struct entry e = {.name = last_name(f->path)};
	own_buf out = BUF_INIT;
	own_fd found = alloc_tree_find(f->tree, f->path, false, &e.st, err);

	if (found < 0)
		return -1;
	if (S_ISLNK(e.st.st_mode))
		e.target = link_target(a, found, "");
	*ret_status = EXIT_OK;
	if (f->options->json) {
		*ret_status = show_json(entry_json(&e)) ? EXIT_FAILED : EXIT_OK;
		return 0;
	}
	buf_printf(&out, "name      %s\nkind      %s\nsize      %" PRId64 "\n",
		show_word(a, e.name), alloc_tree_kind(e.st.st_mode), (int64_t)e.st.st_size);
	buf_printf(&out, "mode      %s\nowner     %u:%u\nmodified  %s\n",
		mode_text(a, e.st.st_mode), (unsigned)e.st.st_uid, (unsigned)e.st.st_gid,
		show_time(a, mtime_ms(&e.st)));
	if (e.target)
		buf_printf(&out, "target    %s\n", show_word(a, e.target));
	if (!show_write(STDOUT_FILENO, buf_text(&out), out.len))
		*ret_status = EXIT_FAILED;
	return 0;
}

/* ---- which ---- */

static const struct verb {
	const char *name;
	int (*main)(const struct fs *f, int *ret_status, struct iso_err *err);
	bool needs_path;
} verbs[] = {{"ls", ls, false}, {"cat", cat, true}, {"stat", stat_one, true}};

static const struct verb *find_verb(const struct arguments *a, struct iso_err *err)
{
	const struct verb *verb = NULL;

	for (size_t i = 0; a->n_words && i < iso_len(verbs); i++)
		if (!strcmp(a->words[0], verbs[i].name))
			verb = &verbs[i];
	if (!verb)
		(void)iso_err_set(err, ISO_FAULT_INPUT, 0,
			"expected 'fs ls', 'fs cat' or 'fs stat', then an alloc and a path");
	else if (a->n_words < (verb->needs_path ? 3U : 2U))
		(void)iso_err_set(err, ISO_FAULT_INPUT, 0, "fs %s needs an alloc%s", verb->name,
			verb->needs_path ? " and a path" : "");
	else if (a->n_words > 3 || a->has_command)
		(void)iso_err_set(err, ISO_FAULT_INPUT, 0, "unexpected word '%s'",
			a->n_words > 3 ? a->words[3] : "--");
	else
		return verb;
	return NULL;
}

static int fs(
	const struct tasks *t, const struct fs_options *o, int *ret_status, struct iso_err *err)
{
	const struct arguments *a = &t->arguments;
	const struct verb *verb = find_verb(a, err);
	struct state_match match;

	if (!verb ||
		state_find(t->arena, &t->list, a->words[1], NULL, STATE_WANT_ALLOC, &match, err))
		return -1;
	if (!match.v[0]->file.about.alloc_dir[0])
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"task '%s' has no record that tells where the alloc's directory is",
			tasks_label(t, match.v[0]));
	own_fd tree = alloc_tree_open(match.v[0]->file.about.alloc_dir, err);
	if (tree < 0)
		return -1;
	const struct fs f = {
		.tasks = t, .options = o, .tree = tree, .path = a->n_words > 2 ? a->words[2] : "/"};
	return verb->main(&f, ret_status, err);
}

static int main_fs(const struct command *self, char **argv, size_t argc)
{
	own_arena arena = arena_new(0);
	struct iso_err err = ISO_ERR_INIT;
	struct fs_options o = {.json = false};
	struct tasks t = {.arena = arena};
	int status = EXIT_FAILED;

	if (tasks_begin(&t, self, argv, argc, &o, &err) || fs(&t, &o, &status, &err))
		return tasks_fail(&err);
	return status;
}

const struct command cmd_fs = {
	.name = "fs",
	.usage = "ls|cat|stat [-json] [-raw] ALLOC [PATH]",
	.summary = "the files of an alloc",
	.main = main_fs,
	.tables = (const struct option_table *const[]){&own_options, &tasks_options, NULL},
};
