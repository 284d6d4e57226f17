/* Reading rotated files: in order, while they grow and disappear, and from the end. */
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

#include "base/attr.h"
#include "cli/log_reader.h"

struct place {
	char dir[64];
	struct log_reader reader;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct iso_err err = ISO_ERR_INIT;

	if (!p)
		return -1;
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/isoexec-test-XXXXXX");
	*state = p;
	return mkdtemp(p->dir) ? log_reader_open(&p->reader, p->dir, "t.out", &err) : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct place *p = *state;
	int r = nftw(p->dir, remove_one, 4, FTW_DEPTH | FTW_PHYS);

	log_reader_done(&p->reader);
	free(p);
	return r;
}

static void add(const struct place *p, const char *name, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static void drop(const struct place *p, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_int_equal(unlink(path), 0);
}

/* All there is now. */
static void assert_reads(struct place *p, const char *want)
{
	char got[256] = "";
	size_t len = 0;
	ssize_t n;
	struct iso_err err = ISO_ERR_INIT;

	while ((n = log_reader_read(&p->reader, got + len, 7, &err)) > 0)
		len += (size_t)n;
	assert_int_equal(n, 0);
	got[len] = '\0';
	assert_string_equal(got, want);
}

static void test_nothing(void **state)
{
	struct place *p = *state;
	struct log_reader none;
	struct iso_err err = ISO_ERR_INIT;

	assert_reads(p, "");
	assert_int_equal(log_reader_open(&none, "/tmp/isoexec-test-no-such", "x", &err), 0);
	assert_int_equal(log_reader_tail(&none, 3, &err), 0);
	log_reader_done(&none);
}

static void test_by_number_and_nothing_else(void **state)
{
	struct place *p = *state;

	add(p, "t.out.9", "nine ");
	add(p, "t.out.10", "ten ");
	add(p, "t.out.8", "eight ");
	add(p, "t.out.x", "no ");
	add(p, "t.out", "no ");
	add(p, "t.outer.0", "no ");
	add(p, "t.err.0", "no ");
	assert_reads(p, "eight nine ten ");
	assert_reads(p, "");
}

static void test_while_it_grows_and_rotates(void **state)
{
	struct place *p = *state;

	add(p, "t.out.0", "a");
	assert_reads(p, "a");
	add(p, "t.out.0", "b");
	add(p, "t.out.1", "c");
	assert_reads(p, "bc");
	drop(p, "t.out.0");
	add(p, "t.out.1", "d");
	assert_reads(p, "d");
	assert_int_equal(p->reader.lost, 0);
	/* the file that is read goes while it is read, and so do two more: its end is still there
	 */
	add(p, "t.out.1", "e");
	drop(p, "t.out.1");
	add(p, "t.out.4", "f");
	assert_reads(p, "ef");
	assert_int_equal(p->reader.lost, 2);
}

static void test_what_is_no_file_is_not_opened(void **state)
{
	struct place *p = *state;
	char path[128], byte;
	struct iso_err err = ISO_ERR_INIT;

	(void)snprintf(path, sizeof(path), "%s/t.out.0", p->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(log_reader_read(&p->reader, &byte, 1, &err), -1);
	drop(p, "t.out.0");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(log_reader_read(&p->reader, &byte, 1, &err), -1);
}

static void test_tail(void **state)
{
	struct place *p = *state;
	static const struct {
		uint64_t lines;
		const char *want;
	} rows[] = {{0, ""}, {1, "5\n"}, {2, "4\n5\n"}, {3, "3 and more\n4\n5\n"},
		{4, "2\n3 and more\n4\n5\n"}, {5, "1\n2\n3 and more\n4\n5\n"},
		{99, "1\n2\n3 and more\n4\n5\n"}};
	struct iso_err err = ISO_ERR_INIT;

	add(p, "t.out.3", "1\n2\n3 and");
	add(p, "t.out.4", " more\n4\n");
	add(p, "t.out.5", "5\n");
	for (size_t i = 0; i < iso_len(rows); i++) {
		log_reader_done(&p->reader);
		assert_int_equal(log_reader_open(&p->reader, p->dir, "t.out", &err), 0);
		assert_int_equal(log_reader_tail(&p->reader, rows[i].lines, &err), 0);
		assert_reads(p, rows[i].want);
	}
	add(p, "t.out.6", ""); /* begun, and nothing in it yet */
	log_reader_done(&p->reader);
	assert_int_equal(log_reader_open(&p->reader, p->dir, "t.out", &err), 0);
	assert_int_equal(log_reader_tail(&p->reader, 1, &err), 0);
	assert_reads(p, "5\n");
	add(p, "t.out.6", "6"); /* a last line without an end is one */
	assert_reads(p, "6");
	log_reader_done(&p->reader);
	assert_int_equal(log_reader_open(&p->reader, p->dir, "t.out", &err), 0);
	assert_int_equal(log_reader_tail(&p->reader, 2, &err), 0);
	assert_reads(p, "5\n6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_number_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(test_while_it_grows_and_rotates, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_what_is_no_file_is_not_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tail, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
