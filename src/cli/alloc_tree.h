/*
 * Files below an alloc directory, for an operator's eyes. Everything in it may be a task's doing: a
 * path is resolved as if the alloc directory were "/", nothing is opened before it is known to be a
 * file or a directory, and nothing blocks.
 */
#ifndef CLI_ALLOC_TREE_H
#define CLI_ALLOC_TREE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/** alloc_tree_open() - Return: a descriptor for the calls below; -1 */
iso_must_use int alloc_tree_open(const char *alloc_dir, struct iso_err *err);

/**
 * alloc_tree_find() - the thing at @path, without opening it
 * @tree: of alloc_tree_open(); @follow: a link at the very end, too
 *
 * Return: an O_PATH descriptor, with *ret_st; -1: ISO_FAULT_INPUT when there is none.
 */
iso_must_use int alloc_tree_find(
	int tree, const char *path, bool follow, struct stat *ret_st, struct iso_err *err);

/** alloc_tree_read() - what alloc_tree_find() found, opened for reading: a regular file, or a
 * directory. Return: fd; -1: ISO_FAULT_INPUT: it is something else. */
iso_must_use int alloc_tree_read(
	int found, const struct stat *st, const char *path, struct iso_err *err);

/** alloc_tree_kind() - "file", "directory", "link", "FIFO", ... */
const char *alloc_tree_kind(mode_t mode);

#endif
