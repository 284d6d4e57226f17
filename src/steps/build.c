/*
 * Encoding a plan: steps are appended, their operands go into the blob, nothing is interpreted. The
 * reader (read.c) is the other half; both are held together by the tests that read back everything
 * that can be built.
 */
#include "steps/build.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"

enum {
	BLOB_ALIGN = 8
};

void steps_builder_init(struct steps_builder *b)
{
	*b = (struct steps_builder){
		.header = {.magic = STEPS_MAGIC, .version = STEPS_VERSION},
		.steps = BUF_INIT,
		.blob = BUF_INIT,
	};
	buf_chr(&b->blob, '\0'); /* offset 0 is the empty string */
}

void steps_builder_done(struct steps_builder *b)
{
	buf_done(&b->steps);
	buf_done(&b->blob);
}

uint8_t steps_slot(struct steps_builder *b)
{
	if (b->n_slots >= N_SLOTS) {
		b->too_many_slots = true;
		return SLOT_NONE;
	}
	return b->n_slots++;
}

static void align_blob(struct steps_builder *b)
{
	while (b->blob.len % BLOB_ALIGN && !b->blob.failed)
		buf_chr(&b->blob, '\0');
}

static void add_list(struct steps_builder *b, const char *const *list, size_t n)
{
	char count[24];
	int len = snprintf(count, sizeof(count), "%zu", n);

	buf_add(&b->blob, count, (size_t)len + 1);
	for (size_t i = 0; i < n; i++)
		buf_add(&b->blob, list[i], strlen(list[i]) + 1);
}

/* One operand: exactly one of string, list and blob, or nothing. */
static void add_operand(
	struct steps_builder *b, const struct step_in *in, unsigned i, struct step *step)
{
	bool is_list = in->list[i] || in->n_list[i];

	iso_bug_if((in->str[i] != NULL) + is_list + (in->blob[i] != NULL) > 1);
	if (!is_list && !in->blob[i] && (!in->str[i] || !*in->str[i]))
		return;
	if (in->blob[i])
		align_blob(b);
	size_t start = b->blob.len;
	if (is_list)
		add_list(b, in->list[i], in->n_list[i]);
	else if (in->blob[i])
		buf_add(&b->blob, in->blob[i], in->blob_len[i]);
	else
		buf_str(&b->blob, in->str[i]);
	size_t len = b->blob.len - start;
	if (!is_list)
		buf_chr(&b->blob, '\0');
	step->str[i] =
		(uint32_t)start; /* both fit: steps_finish() refuses more than STEPS_MAX_BYTES */
	step->len[i] = (uint32_t)(is_list ? len - 1 : len);
}

void steps_add(struct steps_builder *b, struct step_in in)
{
	struct step step = {
		.op = (uint16_t)in.op,
		.flags = b->in_session ? STEP_IN_SESSION : 0,
		.from = in.from ? (uint8_t)(in.from - 1) : SLOT_NONE,
		.to = in.to ? (uint8_t)(in.to - 1) : SLOT_NONE,
		.num = {in.num[0], in.num[1], in.num[2]},
	};
	for (unsigned i = 0; i < N_STEP_STRINGS; i++)
		add_operand(b, &in, i, &step);
	buf_add(&b->steps, &step, sizeof(step));
	b->header.n_steps++;
}

int steps_finish(struct steps_builder *b, struct buf *ret, struct iso_err *err)
{
	size_t total = sizeof(b->header) + b->steps.len + b->blob.len;

	if (b->too_many_slots)
		return iso_err_set(err, ISO_FAULT_LIMIT, 0,
			"plan needs more than %d descriptors at once", N_SLOTS);
	if (total > STEPS_MAX_BYTES || b->header.n_steps > STEPS_MAX_STEPS)
		return iso_err_set(err, ISO_FAULT_LIMIT, E2BIG,
			"plan is too large: %zu bytes, at most %d (arguments and environment are "
			"part of it)",
			total, STEPS_MAX_BYTES);
	b->header.blob_bytes = (uint32_t)b->blob.len;
	b->header.total_bytes = (uint32_t)total;

	buf_done(ret);
	buf_add(ret, &b->header, sizeof(b->header));
	buf_add(ret, b->steps.data, b->steps.len);
	buf_add(ret, b->blob.data, b->blob.len);
	if (ret->failed || b->steps.failed || b->blob.failed)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOMEM, "make the plan: out of memory");
	return 0;
}

int steps_seal(const struct buf *data, struct iso_err *err)
{
	enum {
		ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
	};
	own_fd fd = (int)syscall(SYS_memfd_create, "isoexec-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return iso_err_sys(err, "make a memfd for the plan");
	for (size_t done = 0; done < data->len;) {
		ssize_t n = write(fd, data->data + done, data->len - done);
		if (n < 0)
			return iso_err_sys(err, "write the plan");
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS))
		return iso_err_sys(err, "seal the plan");
	return fd_take(&fd);
}
