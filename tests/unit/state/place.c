/* See place.h. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"

int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/isoexec-test-XXXXXX");
	p->arena = arena_new(0);
	*state = p;
	return mkdtemp(p->dir) && p->arena ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int place_teardown(void **state)
{
	struct place *p = *state;
	int r = nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	p->arena = arena_free(p->arena);
	free(p);
	return r;
}

void place_dir(const struct place *p, const char *alloc, const char *task)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, alloc);
	(void)mkdir(path, 0700);
	if (!task)
		return;
	(void)snprintf(path, sizeof(path), "%s/%s/%s", p->dir, alloc, task);
	assert_int_equal(mkdir(path, 0700), 0);
}

int place_task(const struct place *p, const char *alloc, const char *task, const char *job,
	uint64_t created, const struct record *change)
{
	unsigned char pages[RECORD_PLAN_AT];
	char path[400], boot_id[RECORD_BOOT_ID_ROOM];
	struct record_about about = {.created_unix_ms = created};
	struct record_file file;
	struct iso_err err = ISO_ERR_INIT;

	place_dir(p, alloc, task);
	(void)snprintf(path, sizeof(path), "%s/%s/%s/" RECORD_FILE, p->dir, alloc, task);
	(void)snprintf(about.job, sizeof(about.job), "%s", job);
	assert_int_equal(record_boot_id(boot_id, &err), 0);
	record_init(pages, change->boot_id[0] ? change->boot_id : boot_id, &about);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, pages, sizeof(pages)), sizeof(pages));
	assert_int_equal(record_read(fd, &file, &err), 0);
	struct record r = *change;
	memcpy(r.boot_id, file.record.boot_id, sizeof(r.boot_id));
	assert_int_equal(record_write(fd, &r, &err), 0);
	return fd;
}

struct state_list place_list(const struct place *p)
{
	struct state_list list;
	struct iso_err err = ISO_ERR_INIT;

	if (state_list(p->arena, p->dir, &list, &err))
		fail_msg("%s", err.text);
	return list;
}
