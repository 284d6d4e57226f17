/*
 * Text for people and for programs: what tasks and records have said, made harmless for a terminal
 * (X2); tables; JSON.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/** show_word() - text of others inside of one line (base/clean.h) */
const char *show_word(struct arena *arena, const char *text);

/** show_write() - all of it; blocks as the reader wants. false: the reader is gone */
bool show_write(int fd, const char *data, size_t len);

enum {
	SHOW_MAX_COLUMNS = 12
};
struct show_table {
	struct arena *arena;
	size_t n_columns;
	const char **cells; /* n_columns each; the first row is the header */
	size_t n_cells, room;
};
void show_table_init(
	struct show_table *t, struct arena *arena, const char *const *header, size_t n_columns);
/** show_table_row() - @cells: n_columns of them, filtered here; NULL and "" are shown as "-" */
void show_table_row(struct show_table *t, const char *const *cells);
void show_table_print(const struct show_table *t, struct buf *out);

/** show_json_text() - a string of others, whatever bytes it has */
json_t *show_json_text(const char *text);
/** show_json() - to standard output, indented, ASCII only; takes @value. Return: 0; -1 */
int show_json(json_t *value);
/** show_json_line() - the same on one line, for programs that read line by line */
int show_json_line(json_t *value);

/** show_bytes() - "312.4 MiB" */
const char *show_bytes(struct arena *arena, uint64_t bytes);
/** show_age() - "5s", "12m", "3h", "4d" */
const char *show_age(struct arena *arena, uint64_t ms);
/** show_time() - local time, "2026-11-24 23:07:01"; 0 is "-" */
const char *show_time(struct arena *arena, uint64_t unix_ms);

#endif
