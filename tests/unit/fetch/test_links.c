/* Links of archives: by their words, and followed when all are there. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "fetch/links.h"

static void test_words(void **state)
{
	(void)state;
	static const struct {
		const char *at, *target;
		bool want;
	} rows[] = {
		{"l", "x", true},
		{"l", "./x//y", true},
		{"l", ".", true},
		{"d/l", "..", true},
		{"d/l", "../x", true},
		{"d/e/l", "./.././../x", true},
		{"l", "...", true},
		{"l", "..x/y", true},
		{"l", "", false},
		{"l", "/x", false},
		{"l", "..", false},
		{"d/l", "../..", false},
		{"d/l", "../../d/x", false},
		/* what is a name may be a link */
		{"l", "d/..", false},
		{"l", "d/../x", false},
		{"d/e/l", "../x/../y", false},
		{"l", "d/s/../../tmp/x", false},
	};
	for (size_t i = 0; i < iso_len(rows); i++)
		if (link_stays(rows[i].at, rows[i].target) != rows[i].want)
			fail_msg("%s -> %s: expected %s", rows[i].at, rows[i].target,
				rows[i].want ? "yes" : "no");
}

/* In TOP/a/root/d: links of the row, one by one; root is where the kernel starts from. */
static void test_followed(void **state)
{
	(void)state;
	static const struct {
		const char *at, *target;
		int want;
	} rows[] = {
		{"d/l", "..", 0},
		{"d/l", "../d/e", 0},
		{"d/l", "not/there", 0},
		{"d/l", "l", 0},
		{"l", "d/file/x", 0},
		{"d/l", "../..", -1},
		{"d/l", "../../root", -1},
		{"l", "/", -1},
		{"l", "d/s/../..", -1}, /* d/s -> .. */
		{"d/e/l", "../../../not/there", -1},
	};
	char top[] = "/tmp/isoexec-links-XXXXXX";
	assert_non_null(mkdtemp(top));
	own_fd above = open(top, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(above, "root", 0755), 0);
	own_fd root = openat(above, "root", O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(root, "d", 0755), 0);
	assert_int_equal(mkdirat(root, "d/e", 0755), 0);
	assert_int_equal(symlinkat("..", root, "d/s"), 0);
	own_fd file = openat(root, "d/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(file >= 0);
	for (size_t i = 0; i < iso_len(rows); i++) {
		struct iso_err err = ISO_ERR_INIT;
		assert_int_equal(symlinkat(rows[i].target, root, rows[i].at), 0);
		if (links_check(root, &err) != rows[i].want)
			fail_msg("%s -> %s: expected %d: %s", rows[i].at, rows[i].target,
				rows[i].want, err.text);
		assert_int_equal(unlinkat(root, rows[i].at, 0), 0);
	}
	assert_int_equal(unlinkat(root, "d/file", 0), 0);
	assert_int_equal(unlinkat(root, "d/s", 0), 0);
	assert_int_equal(unlinkat(root, "d/e", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(root, "d", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(above, "root", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(top), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
