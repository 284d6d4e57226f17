/*
 * Paths in trees that a task can change: the only module that opens any. Always relative to a
 * descriptor, never through magic links; what is found is acted on by its descriptor.
 */
#ifndef APPLY_PATH_H
#define APPLY_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "apply/apply.h"

/** path_open_own() - a fixed name of ours below @dir_fd: no link on the way. @flags: O_PATH,
 * O_DIRECTORY, ... Return: fd or -1, errno */
int path_open_own(int dir_fd, const char *path, int flags);
/** path_open_inside() - a name of the task's: links are resolved as if @dir_fd were "/". Return: fd
 * or -1, errno */
int path_open_inside(int dir_fd, const char *path, int flags);

enum path_kind {
	PATH_DIR,
	PATH_FILE,
	PATH_OTHER
};
struct path_facts {
	enum path_kind kind;
	uint64_t mount_id;
	uint32_t mode, nlink, uid;
};
/** path_facts() - of an open descriptor. Return: 0 or -1, errno */
int path_facts(int fd, struct path_facts *ret);

/* A tree of the task's: its directory, or the finished root. */
struct path_root {
	int fd;
	uint64_t mount_id; /* what is made on this mount is remembered; 0 = nothing is */
};

/**
 * path_make() - open @path inside @root, making what is missing
 * @own: no links (fixed names of ours), else resolved inside the root
 * @dir: the last component is a directory, else an empty file
 *
 * What is made is remembered in a->made by the current step's first string, before it is made.
 * Return: O_PATH fd or -1 with err.
 */
iso_must_use int path_make(struct apply *a, const struct path_root *root, const char *path,
	bool own, bool dir, unsigned mode, struct iso_err *err);

/** path_in_root() - without the leading '/', "." for the root itself */
const char *path_in_root(const char *path);

#endif
