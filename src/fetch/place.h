/* Names of foreign trees, and moving finished files to where the job wants them. */
#ifndef FETCH_PLACE_H
#define FETCH_PLACE_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	PLACE_MAX_DEPTH = 64,
	PLACE_MAX_NAME = 255,
	PLACE_MAX_PATH = 1024
};

/**
 * place_clean() - a name from an archive as components below a directory
 *
 * Refused: absolute, "..", control bytes, backslashes, too long or deep (D1). "./a//b/" is "a/b";
 * "" stands for the directory itself.
 */
iso_must_use int place_clean(
	const char *name, char ret[static PLACE_MAX_PATH], struct iso_err *err);

/** place_open_dir() - open the directory @name below @dir, no component a link. Return: fd; -1,
 * errno. */
int place_open_dir(int dir, const char *name);
/** place_list() - the same as a stream with a descriptor of its own. Return: NULL, errno. */
DIR *place_list(int dir, const char *name);
void own_dir_done(DIR **dir);
#define own_dir iso_cleanup(own_dir_done) DIR *

/** place_parent() - open the directory above @path below @dir without following links, making what
 * is missing; *ret_name: last part; *ret_made: how many were made, also on failure. Return: fd or
 * -1 with err. */
iso_must_use int place_parent(
	int dir, const char *path, const char **ret_name, uint64_t *ret_made, struct iso_err *err);

/** place_file() - move @from_dir/@from to @to_dir/@name, over a file or link that is there, never
 * through one */
iso_must_use int place_file(
	int from_dir, const char *from, int to_dir, const char *name, struct iso_err *err);

/** place_tree() - move everything in @from_dir into @to_dir: directories are merged, other entries
 * replaced */
iso_must_use int place_tree(int from_dir, int to_dir, unsigned depth, struct iso_err *err);

/** place_empty() - remove everything below @dir (our own staging) */
void place_empty(int dir, unsigned depth);

#endif
