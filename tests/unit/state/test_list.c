/* The state directory as a list: what each task has become, and what is passed over. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "place.h"

static void test_missing_directory_is_an_empty_list(void **state)
{
	struct place *p = *state;
	struct state_list list;
	struct iso_err err = ISO_ERR_INIT;

	assert_int_equal(state_list(p->arena, "/tmp/isoexec-test-no-such", &list, &err), 0);
	assert_int_equal(list.n + list.n_allocs, 0);
}

static void test_status(void **state)
{
	struct place *p = *state;
	static const struct {
		const char *alloc;
		struct record record;
		bool held;
		enum state_status want;
	} rows[] = {
		{"a1", {.phase = RECORD_PLANNED}, true, STATE_STARTING},
		{"a2", {.phase = RECORD_CLONED}, true, STATE_STARTING},
		{"a3", {.phase = RECORD_CLONED}, false, STATE_ORPHANED},
		{"a4", {.phase = RECORD_RUNNING}, true, STATE_RUNNING},
		{"a5", {.phase = RECORD_RUNNING}, false, STATE_ORPHANED},
		{"a6", {.phase = RECORD_RUNNING, .boot_id = "another"}, false, STATE_LOST},
		{"a7", {.phase = RECORD_PLANNED, .boot_id = "another"}, true, STATE_LOST},
		{"a8", {.phase = RECORD_EXITED}, true, STATE_EXITED},
		{"a9", {.phase = RECORD_CLEANED}, false, STATE_EXITED},
		{"b1", {.phase = RECORD_CLEANED, .flags = RECORD_LOST}, false, STATE_LOST},
		{"b2", {.phase = RECORD_FAILED}, false, STATE_FAILED},
		{"b3", {.phase = RECORD_CLEANED, .boot_id = "another"}, false, STATE_EXITED},
	};
	int fd[iso_len(rows)];

	for (size_t i = 0; i < iso_len(rows); i++) {
		fd[i] = place_task(p, rows[i].alloc, "t", "job", 5, &rows[i].record);
		if (rows[i].held)
			assert_int_equal(flock(fd[i], LOCK_EX | LOCK_NB), 0);
	}
	struct state_list list = place_list(p);
	assert_int_equal(list.n, iso_len(rows));
	for (size_t i = 0; i < iso_len(rows); i++) {
		assert_string_equal(list.v[i].alloc_id, rows[i].alloc);
		assert_string_equal(
			state_status_name(list.v[i].status), state_status_name(rows[i].want));
		assert_int_equal(close(fd[i]), 0);
	}
}

static void test_looking_leaves_no_lock(void **state)
{
	struct place *p = *state;
	int fd = place_task(p, "a", "t", "job", 1, &(struct record){.phase = RECORD_RUNNING});

	(void)place_list(p);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	struct state_list list = place_list(p);
	assert_int_equal(list.v[0].status, STATE_RUNNING);
	assert_int_equal(flock(fd, LOCK_UN), 0);
	state_read(p->arena, &list.v[0]);
	assert_int_equal(list.v[0].status, STATE_ORPHANED);
	assert_int_equal(close(fd), 0);
}

static void test_by_creation_then_name(void **state)
{
	struct place *p = *state;
	static const struct {
		const char *alloc, *task;
		uint64_t created;
	} rows[] = {{"z", "t", 1}, {"a", "t", 3}, {"b", "u", 2}, {"b", "s", 2}};
	static const char *const want[] = {"z/t", "b/s", "b/u", "a/t"};

	for (size_t i = 0; i < iso_len(rows); i++)
		assert_int_equal(close(place_task(p, rows[i].alloc, rows[i].task, "job",
					 rows[i].created, &(struct record){.phase = 0})),
			0);
	struct state_list list = place_list(p);
	for (size_t i = 0; i < iso_len(want); i++) {
		char got[64];
		(void)snprintf(got, sizeof(got), "%s/%s", list.v[i].alloc_id, list.v[i].name);
		assert_string_equal(got, want[i]);
	}
	assert_int_equal(list.n_allocs, 3);
	assert_string_equal(list.allocs[0], "a");
}

static void make_file(const struct place *p, const char *name, const char *text)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static void test_hostile_names_are_passed_over(void **state)
{
	struct place *p = *state;
	char path[400];

	place_dir(p, "bad\033[2Jname", "t");
	place_dir(p, "-rf", "t");
	place_dir(p, ".hidden", "t");
	place_dir(p, "mask", "3f2a");
	place_dir(p, "gone.removing", "0");
	make_file(p, "file", "");
	place_dir(p, "good", "task with space");
	make_file(p, "good/alloc.json", "");
	(void)snprintf(path, sizeof(path), "%s/link", p->dir);
	assert_int_equal(symlink("good", path), 0);
	(void)snprintf(path, sizeof(path), "%s/good/link", p->dir);
	assert_int_equal(symlink("/etc", path), 0);
	struct state_list list = place_list(p);
	assert_int_equal(list.n, 0);
	assert_int_equal(list.n_allocs, 1);
	assert_string_equal(list.allocs[0], "good");
	assert_int_equal(list.n_unfinished, 1);
	assert_string_equal(list.unfinished[0], "gone");
}

static void test_broken_records_are_listed(void **state)
{
	struct place *p = *state;
	static const char *const tasks[] = {"dir", "empty", "fifo", "garbage", "link", "none"};
	static const enum state_status want[] = {STATE_BROKEN, STATE_PENDING, STATE_BROKEN,
		STATE_BROKEN, STATE_BROKEN, STATE_PENDING};
	char path[400];

	for (size_t i = 0; i < iso_len(tasks); i++)
		place_dir(p, "a", tasks[i]);
	make_file(p, "a/garbage/task", "this is no record");
	make_file(p, "a/empty/task", "");
	(void)snprintf(path, sizeof(path), "%s/a/fifo/task", p->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/a/dir/task", p->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/a/link/task", p->dir);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	int fd = place_task(p, "b", "t", "job", 1, &(struct record){.phase = RECORD_CLEANED});
	assert_int_equal(close(fd), 0);

	struct state_list list = place_list(p);
	assert_int_equal(list.n, iso_len(tasks) + 1);
	for (size_t i = 0; i < iso_len(tasks); i++) {
		assert_string_equal(list.v[i].name, tasks[i]);
		assert_string_equal(
			state_status_name(list.v[i].status), state_status_name(want[i]));
		assert_int_equal(list.v[i].why != NULL, want[i] == STATE_BROKEN);
	}
	assert_int_equal(list.v[iso_len(tasks)].status, STATE_EXITED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_missing_directory_is_an_empty_list, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_status, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			test_looking_leaves_no_lock, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			test_by_creation_then_name, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			test_hostile_names_are_passed_over, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(
			test_broken_records_are_listed, place_setup, place_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
