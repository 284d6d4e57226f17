/* See show.h. */
#include "cli/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clean.h"
#include "base/err.h"

enum {
	MIN_COLUMN_GAP = 2,
	MS_PER_S = 1000
};

/* ---- text of others ---- */

const char *show_word(struct arena *arena, const char *text)
{
	own_buf out = BUF_INIT;

	clean_line(&out, text, strlen(text));
	return arena_strdup(arena, buf_text(&out));
}

bool show_write(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- tables ---- */

static void add_cell(struct show_table *t, const char *cell)
{
	if (t->n_cells == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->cells = arena_grow(t->arena, t->cells, t->n_cells, t->room, sizeof(*t->cells));
	}
	t->cells[t->n_cells++] = cell;
}

void show_table_init(
	struct show_table *t, struct arena *arena, const char *const *header, size_t n_columns)
{
	iso_bug_if(n_columns > SHOW_MAX_COLUMNS);
	*t = (struct show_table){.arena = arena, .n_columns = n_columns};
	show_table_row(t, header);
}

void show_table_row(struct show_table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->n_columns; i++)
		add_cell(t, cells[i] && *cells[i] ? show_word(t->arena, cells[i]) : "-");
}

/* Characters, not bytes. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void show_table_print(const struct show_table *t, struct buf *out)
{
	size_t width[SHOW_MAX_COLUMNS] = {0};

	for (size_t i = 0; i < t->n_cells; i++) {
		size_t w = width_of(t->cells[i]);
		if (w > width[i % t->n_columns])
			width[i % t->n_columns] = w;
	}
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t column = i % t->n_columns;
		buf_str(out, t->cells[i]);
		if (column + 1 == t->n_columns)
			buf_chr(out, '\n');
		else
			buf_printf(out, "%*s",
				(int)(width[column] - width_of(t->cells[i]) + MIN_COLUMN_GAP), "");
	}
}

/* ---- JSON ---- */

json_t *show_json_text(const char *text)
{
	json_t *value = json_string(text);

	if (value)
		return value;
	own_buf out = BUF_INIT;
	clean_line(&out, text, strlen(text));
	return json_string(buf_text(&out));
}

static int dump(json_t *value, size_t flags)
{
	int r = value ? json_dumpf(value, stdout, flags | JSON_ENSURE_ASCII) : -1;

	json_decref(value);
	return putchar('\n') == EOF || fflush(stdout) ? -1 : r;
}

int show_json(json_t *value)
{
	return dump(value, JSON_INDENT(2));
}

int show_json_line(json_t *value)
{
	return dump(value, JSON_COMPACT);
}

/* ---- numbers ---- */

const char *show_bytes(struct arena *arena, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	uint64_t tenths = bytes * 10 / 1024;
	size_t unit = 0;

	if (bytes < 1024)
		return arena_printf(arena, "%" PRIu64 " B", bytes);
	for (; tenths >= 10240 && unit + 1 < iso_len(units); unit++)
		tenths /= 1024;
	return arena_printf(
		arena, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

const char *show_age(struct arena *arena, uint64_t ms)
{
	static const struct {
		uint64_t below_s, divisor_s;
		char unit;
	} rows[] = {{120, 1, 's'}, {7200, 60, 'm'}, {172800, 3600, 'h'}, {UINT64_MAX, 86400, 'd'}};
	uint64_t s = ms / MS_PER_S;
	size_t i = 0;

	while (s >= rows[i].below_s)
		i++;
	return arena_printf(arena, "%" PRIu64 "%c", s / rows[i].divisor_s, rows[i].unit);
}

const char *show_time(struct arena *arena, uint64_t unix_ms)
{
	time_t s = (time_t)(unix_ms / MS_PER_S);
	char text[64];
	struct tm tm;

	if (!unix_ms || !localtime_r(&s, &tm) ||
		!strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return "-";
	return arena_strdup(arena, text);
}
