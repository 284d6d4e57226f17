/*
 * Reading what a supervisor has kept of one stream: files base.0, base.1, ... of a directory, the
 * oldest of which disappear while a new one is begun (watch/log.c). In order, from one to the next,
 * also while they grow.
 */
#ifndef CLI_LOG_READER_H
#define CLI_LOG_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct log_reader {
	int dir, file;        /* -1 = not open */
	const char *base;     /* borrowed */
	uint64_t number;      /* of the current file */
	bool begun, has_next; /* has_next: a newer file exists, this one does not grow any more */
	uint64_t lost;        /* files that were gone before they could be read */
};

/** log_reader_open() - at the beginning of the oldest file. A missing directory is an empty one. */
iso_must_use int log_reader_open(
	struct log_reader *r, const char *dir, const char *base, struct iso_err *err);
/** log_reader_tail() - to the beginning of the last @lines lines; 0: to the end */
iso_must_use int log_reader_tail(struct log_reader *r, uint64_t lines, struct iso_err *err);
/** log_reader_read() - what comes next. Return: bytes; 0: nothing more for now; -1. */
iso_must_use ssize_t log_reader_read(
	struct log_reader *r, char *data, size_t room, struct iso_err *err);
void log_reader_done(struct log_reader *r);

#endif
