/* Removing trees that a task has made nasty: deep, linked, unreadable. Works in a directory of its
 * own below /tmp. */
#include <fcntl.h>
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

#include "run/dirs.h"

enum {
	DEPTH = 5000
};

struct place {
	char dir[64], tree[128], outside[128];
};

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	if (!p)
		return -1;
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/isoexec-test-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	(void)snprintf(p->tree, sizeof(p->tree), "%s/tree", p->dir);
	(void)snprintf(p->outside, sizeof(p->outside), "%s/outside", p->dir);
	*state = p;
	return mkdir(p->tree, 0700) || mkdir(p->outside, 0700);
}

static int teardown(void **state)
{
	struct place *p = *state;
	struct iso_err err = ISO_ERR_INIT;
	int r = alloc_dirs_remove(p->outside, NULL, &err) || rmdir(p->dir);
	free(p);
	return r;
}

static void remove_it(const struct place *p)
{
	struct iso_err err = ISO_ERR_INIT;
	if (alloc_dirs_remove(p->tree, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_not_equal(access(p->tree, F_OK), 0);
}

static void test_missing_tree_is_fine(void **state)
{
	struct place *p = *state;
	assert_int_equal(rmdir(p->tree), 0);
	remove_it(p);
}

static void test_links_are_not_followed(void **state)
{
	struct place *p = *state;
	char path[160], kept[160];
	(void)snprintf(kept, sizeof(kept), "%s/kept", p->outside);
	make_file(kept);
	(void)snprintf(path, sizeof(path), "%s/link", p->tree);
	assert_int_equal(symlink(p->outside, path), 0);
	remove_it(p);
	assert_int_equal(access(kept, F_OK), 0);
}

static void test_deep_tree(void **state)
{
	struct place *p = *state;
	int fd = open(p->tree, O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < DEPTH; i++) {
		assert_int_equal(mkdirat(fd, "d", 0000), 0);
		int below = openat(fd, "d", O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		assert_int_equal(close(fd), 0);
		fd = below;
	}
	assert_int_equal(close(fd), 0);
	remove_it(p);
}

static void test_many_entries_with_the_names_we_give(void **state)
{
	struct place *p = *state;
	char path[200];
	for (int i = 0; i < 300; i++) {
		(void)snprintf(path, sizeof(path), "%s/%d", p->tree, i);
		assert_int_equal(mkdir(path, 0700), 0);
		(void)snprintf(path, sizeof(path), "%s/%d/%d", p->tree, i, 299 - i);
		make_file(path);
	}
	remove_it(p);
}

static void make_path(const char *name, const char *base)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s%s", base, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void assert_gone(const struct place *p)
{
	char trash[160];
	(void)snprintf(trash, sizeof(trash), "%s.removing", p->tree);
	assert_int_not_equal(access(p->tree, F_OK), 0);
	assert_int_not_equal(access(trash, F_OK), 0);
}

/* what a removal that was killed leaves: some numbers, each with something in it */
static void make_interrupted(const struct place *p)
{
	make_path(".removing", p->tree);
	make_path(".removing/0", p->tree);
	make_path(".removing/0/below", p->tree);
	make_path(".removing/7", p->tree);
	make_path(".removing/7/below", p->tree);
	make_path(".removing/7/below/deeper", p->tree);
}

static void test_interrupted_removal_is_finished(void **state)
{
	struct place *p = *state;
	make_interrupted(p);
	assert_int_equal(rmdir(p->tree), 0);
	remove_it(p);
	assert_gone(p);
}

static void test_interrupted_removal_does_not_keep_the_tree(void **state)
{
	struct place *p = *state;
	make_interrupted(p);
	make_path("/full", p->tree);
	make_path("/full/deeper", p->tree);
	remove_it(p);
	assert_gone(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_missing_tree_is_fine, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_are_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deep_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_many_entries_with_the_names_we_give, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_interrupted_removal_is_finished, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_interrupted_removal_does_not_keep_the_tree, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
