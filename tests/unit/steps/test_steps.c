/* Building and reading plans: what goes in comes out, and no byte of a plan can lead the reader out
 * of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "steps/build.h"

static void build(struct buf *out)
{
	static const char *const list[] = {"sleep", "", "two words"};
	static const unsigned char blob[] = {1, 0, 2, 0, 3};
	struct steps_builder b;
	struct iso_err err = ISO_ERR_INIT;

	steps_builder_init(&b);
	uint8_t slot = steps_slot(&b);
	steps_add(&b, (struct step_in){.op = STEP_MASK, .str = {"/proc/keys"}});
	steps_add(
		&b, (struct step_in){
			    .op = STEP_TMPFS, .str = {"mode=0755"}, .num = {14}, .to = SLOT(slot)});
	steps_add(&b,
		(struct step_in){.op = STEP_SECCOMP, .blob = {blob}, .blob_len = {sizeof(blob)}});
	steps_add(&b, (struct step_in){.op = STEP_EXEC, .list = {list, NULL}, .n_list = {3, 0}});
	assert_int_equal(steps_finish(&b, out, &err), 0);
	steps_builder_done(&b);
}

static void test_what_goes_in_comes_out(void **state)
{
	(void)state;
	own_buf bytes = BUF_INIT;
	struct steps s;
	struct iso_err err = ISO_ERR_INIT;
	size_t len;

	build(&bytes);
	assert_int_equal(steps_read(bytes.data, bytes.len, &s, &err), 0);
	assert_int_equal(s.header->n_steps, 4);
	assert_string_equal(steps_str(&s, &s.step[0], 0), "/proc/keys");
	assert_string_equal(steps_str(&s, &s.step[0], 1), "");
	assert_int_equal(s.step[1].to, 0);
	assert_int_equal(s.step[1].num[0], 14);
	const unsigned char *blob = steps_blob(&s, &s.step[2], 0, &len);
	assert_int_equal(len, 5);
	assert_int_equal(blob[4], 3);
	struct steps_list list = steps_list(&s, &s.step[3], 0);
	assert_string_equal(steps_list_next(&list), "sleep");
	assert_string_equal(steps_list_next(&list), "");
	assert_string_equal(steps_list_next(&list), "two words");
	assert_null(steps_list_next(&list));
	assert_int_equal(steps_list_count(&s, &s.step[3], 1), 0);
}

/* Everything that an applier would touch. */
static void walk(const struct steps *s)
{
	volatile size_t sum = 0;

	for (uint32_t n = 0; n < s->header->n_steps; n++)
		for (unsigned i = 0; i < N_STEP_STRINGS; i++) {
			enum step_kind kind = step_kind(&step_info[s->step[n].op], i);
			if (kind == STEP_STRING)
				sum += strlen(steps_str(s, &s->step[n], i));
			if (kind != STEP_LIST || !s->step[n].len[i])
				continue;
			struct steps_list list = steps_list(s, &s->step[n], i);
			for (const char *e; (e = steps_list_next(&list));)
				sum += strlen(e);
		}
	(void)sum;
}

static void test_every_byte_changed(void **state)
{
	(void)state;
	static const unsigned char patterns[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	own_buf bytes = BUF_INIT;
	struct steps s;
	struct iso_err err = ISO_ERR_INIT;
	unsigned refused = 0;

	build(&bytes);
	for (size_t at = 0; at < bytes.len; at++)
		for (size_t k = 0; k < iso_len(patterns); k++) {
			/* a block of exactly its size: the sanitizer sees a step over its end */
			char *copy = malloc(bytes.len);
			assert_non_null(copy);
			memcpy(copy, bytes.data, bytes.len);
			copy[at] = (char)patterns[k];
			if (steps_read(copy, bytes.len, &s, &err))
				refused++;
			else
				walk(&s);
			free(copy);
		}
	assert_true(refused > 100);
}

static void test_every_length(void **state)
{
	(void)state;
	own_buf bytes = BUF_INIT;
	struct steps s;
	struct iso_err err = ISO_ERR_INIT;

	build(&bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, bytes.data, len);
		assert_int_equal(steps_read(copy, len, &s, &err), -1);
		assert_int_equal(err.fault, ISO_FAULT_PROTOCOL);
		free(copy);
	}
}

static void test_slots_run_out(void **state)
{
	(void)state;
	struct steps_builder b;
	struct iso_err err = ISO_ERR_INIT;
	own_buf out = BUF_INIT;

	steps_builder_init(&b);
	for (unsigned i = 0; i < N_SLOTS; i++)
		assert_int_equal(steps_slot(&b), i);
	assert_int_equal(steps_slot(&b), SLOT_NONE);
	assert_int_equal(steps_finish(&b, &out, &err), -1);
	assert_int_equal(err.fault, ISO_FAULT_LIMIT);
	steps_builder_done(&b);
}

static void test_sealed_memfd_cannot_be_written(void **state)
{
	(void)state;
	own_buf bytes = BUF_INIT;
	struct iso_err err = ISO_ERR_INIT;

	build(&bytes);
	own_fd fd = steps_seal(&bytes, &err);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), bytes.len);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_slots_run_out),
		cmocka_unit_test(test_sealed_memfd_cannot_be_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
