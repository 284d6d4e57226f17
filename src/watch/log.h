/*
 * One stream of a task's output: from its FIFO to rotated files and to the console of whoever runs
 * it in the foreground. The console's reader decides the pace; the disk never does: what cannot be
 * written is counted and dropped.
 */
#ifndef WATCH_LOG_H
#define WATCH_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct log {
	int fifo;         /* our end, non-blocking; -1 = no such stream */
	int console;      /* pipe, non-blocking; -1 = none (any more) */
	int dir;          /* of the files; -1 = no files */
	int file;         /* the current one, -1 = not opened yet */
	const char *base; /* files are base.0, base.1, ... */
	uint64_t number;  /* of the current file */
	uint64_t written; /* bytes in it */
	uint64_t max_files, max_file_bytes;
	uint64_t dropped;
	bool blocked;   /* the console is full: wait until it can be written */
	bool no_splice; /* the file system of the files takes no pipe */
};

void log_init(struct log *l);
/** log_open() - @dir: where the files go, "" = none. Continues behind the highest number that is
 * there. */
iso_must_use int log_open(struct log *l, const char *dir, const char *base, uint64_t max_files,
	uint64_t max_file_bytes, struct iso_err *err);

enum {
	LOG_EMPTY = 0,
	LOG_MORE = 1
};
/** log_move() - move what is there, at most one bufferful. Return: LOG_MORE when there may be more
 * right now */
int log_move(struct log *l);
void log_done(struct log *l);

#endif
