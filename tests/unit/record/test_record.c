/* A task's file: what is written is read, and no torn or foreign slot is believed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "record/record.h"

static int new_file(void)
{
	unsigned char pages[RECORD_PLAN_AT];
	struct record_about about = {.job = "j", .task = "t", .restarts = 3};
	int fd = memfd_create("record", MFD_CLOEXEC);

	assert_true(fd >= 0);
	record_init(pages, "11111111-2222-4333-8444-555555555555", &about);
	assert_int_equal(write(fd, pages, sizeof(pages)), sizeof(pages));
	return fd;
}

static void test_a_new_file_is_planned(void **state)
{
	(void)state;
	struct record_file file;
	struct iso_err err = ISO_ERR_INIT;
	own_fd fd = new_file();

	assert_int_equal(record_read(fd, &file, &err), 0);
	assert_int_equal(file.record.phase, RECORD_PLANNED);
	assert_string_equal(file.record.boot_id, "11111111-2222-4333-8444-555555555555");
	assert_string_equal(file.about.job, "j");
	assert_int_equal(file.about.restarts, 3);
}

static void test_the_last_write_is_the_truth(void **state)
{
	(void)state;
	struct record_file file;
	struct iso_err err = ISO_ERR_INIT;
	own_fd fd = new_file();

	assert_int_equal(record_read(fd, &file, &err), 0);
	for (int i = 1; i <= 5; i++) {
		file.record.exit_code = i;
		file.record.phase = RECORD_EXITED;
		assert_int_equal(record_write(fd, &file.record, &err), 0);
		struct record_file again;
		assert_int_equal(record_read(fd, &again, &err), 0);
		assert_int_equal(again.record.exit_code, i);
		assert_int_equal(again.record.phase, RECORD_EXITED);
	}
}

/* Whoever is killed within a write leaves one slot broken: the other one holds. */
static void test_a_torn_write_loses_nothing(void **state)
{
	(void)state;
	struct iso_err err = ISO_ERR_INIT;

	for (size_t torn_at = 0; torn_at < sizeof(struct record); torn_at += 7) {
		struct record_file file, again;
		own_fd fd = new_file();
		assert_int_equal(record_read(fd, &file, &err), 0);
		file.record.phase = RECORD_RUNNING;
		file.record.task_pid = 77;
		assert_int_equal(record_write(fd, &file.record, &err), 0); /* slot 1 */
		/* half of a later record over slot 0 */
		struct record next = file.record;
		next.phase = RECORD_EXITED;
		next.sequence++;
		assert_int_equal(pwrite(fd, &next, torn_at, 0), (ssize_t)torn_at);
		assert_int_equal(record_read(fd, &again, &err), 0);
		assert_int_equal(again.record.phase, RECORD_RUNNING);
		assert_int_equal(again.record.task_pid, 77);
	}
}

static void test_every_broken_byte_is_noticed(void **state)
{
	(void)state;
	struct iso_err err = ISO_ERR_INIT;

	for (size_t at = 0; at < sizeof(struct record); at++) {
		struct record_file file;
		own_fd fd = new_file();
		unsigned char byte;
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= 0x55;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		assert_int_equal(record_read(fd, &file, &err), -1); /* slot 1 was never written */
		assert_int_equal(err.fault, ISO_FAULT_PROTOCOL);
	}
}

static void test_strings_of_a_foreign_file_end(void **state)
{
	(void)state;
	struct record_file file;
	struct iso_err err = ISO_ERR_INIT;
	char noise[sizeof(struct record_about)];
	own_fd fd = new_file();

	memset(noise, 'x', sizeof(noise));
	assert_int_equal(pwrite(fd, noise, sizeof(noise), RECORD_ABOUT_AT), (ssize_t)sizeof(noise));
	assert_int_equal(record_read(fd, &file, &err), 0);
	assert_int_equal(strlen(file.about.job), sizeof(file.about.job) - 1);
	assert_int_equal(strlen(file.about.alloc_dir), sizeof(file.about.alloc_dir) - 1);
}

static void test_the_lock_is_held_by_one(void **state)
{
	(void)state;
	struct iso_err err = ISO_ERR_INIT;
	char path[] = "/tmp/isoexec-test-record-XXXXXX";
	own_fd first = mkostemp(path, O_CLOEXEC);
	own_fd second = open(path, O_RDWR | O_CLOEXEC);

	assert_true(first >= 0 && second >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(record_lock(first, &err), 0);
	assert_int_equal(record_lock(second, &err), RECORD_HELD);
	first = fd_close(first);
	assert_int_equal(record_lock(second, &err), 0);
}

static void test_forgetting_is_seen_and_touches_nothing_else(void **state)
{
	(void)state;
	struct record_file before, after;
	struct iso_err err = ISO_ERR_INIT;
	own_fd fd = new_file();

	assert_false(record_is_forgotten(fd));
	assert_int_equal(record_read(fd, &before, &err), 0);
	assert_int_equal(record_forget(fd, &err), 0);
	assert_true(record_is_forgotten(fd));
	assert_int_equal(record_read(fd, &after, &err), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(record_write(fd, &after.record, &err), 0);
	assert_true(record_is_forgotten(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_file_is_planned),
		cmocka_unit_test(test_the_last_write_is_the_truth),
		cmocka_unit_test(test_a_torn_write_loses_nothing),
		cmocka_unit_test(test_every_broken_byte_is_noticed),
		cmocka_unit_test(test_strings_of_a_foreign_file_end),
		cmocka_unit_test(test_the_lock_is_held_by_one),
		cmocka_unit_test(test_forgetting_is_seen_and_touches_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
