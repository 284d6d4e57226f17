/*
 * Reading a plan: everything is checked once, before anything is done with it. What reads it runs
 * as root, so the bytes are treated as hostile although they come from a sealed memfd of our own.
 */
#include "steps/steps.h"

#include <errno.h>
#include <string.h>

static int bad(struct iso_err *err, const char *what, uint32_t step)
{
	return iso_err_set(
		err, ISO_FAULT_PROTOCOL, EINVAL, "read the plan: step %u: %s", step, what);
}

static int check_header(const struct steps_header *h, size_t len, struct iso_err *err)
{
	const char *what = NULL;

	if (h->magic != STEPS_MAGIC)
		what = "it is no plan";
	else if (h->version != STEPS_VERSION)
		what = "it is of another version: supervisor and starter are of different builds";
	else if (len > STEPS_MAX_BYTES || h->n_steps > STEPS_MAX_STEPS)
		what = "it is too large";
	else if (h->total_bytes != len || h->blob_bytes > len ||
		 sizeof(*h) + (size_t)h->n_steps * sizeof(struct step) + h->blob_bytes != len)
		what = "its sizes do not agree";
	return what ? iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL, "read the plan: %s", what) : 0;
}

/* "count\0" and then exactly that many strings, ending where the operand ends. */
static bool list_is_whole(const char *data, size_t len)
{
	size_t count = 0, at = 0;

	for (; at < len && data[at] >= '0' && data[at] <= '9'; at++) {
		if (count > STEPS_MAX_BYTES)
			return false;
		count = count * 10 + (size_t)(data[at] - '0');
	}
	if (at == 0 || data[at] != '\0')
		return false;
	size_t ends = 0;
	for (size_t i = at + 1; i <= len; i++)
		ends += data[i] == '\0';
	return ends == count;
}

static bool slot_ok(uint8_t slot, const char *slots, const char *word)
{
	bool wanted = strstr(slots, word) != NULL;
	return slot == SLOT_NONE || (wanted && slot < N_SLOTS);
}

static int check_operands(
	const struct steps *steps, const struct step *s, uint32_t n, struct iso_err *err)
{
	const struct step_info *info = &step_info[s->op];

	for (unsigned i = 0; i < N_STEP_STRINGS; i++) {
		enum step_kind kind = step_kind(info, i);
		if (s->str[i] >= steps->header->blob_bytes ||
			s->len[i] >= steps->header->blob_bytes - s->str[i])
			return bad(err, "an operand lies outside", n);
		const char *data = steps->blob + s->str[i];
		if (data[s->len[i]] != '\0')
			return bad(err, "an operand does not end", n);
		if (!s->len[i])
			continue;
		if (kind == STEP_STRING && strlen(data) != s->len[i])
			return bad(err, "an operand holds a NUL", n);
		if (kind == STEP_LIST && !list_is_whole(data, s->len[i]))
			return bad(err, "a list is broken", n);
		if (kind == STEP_NO_OPERAND)
			return bad(err, "it has an operand too many", n);
	}
	return 0;
}

static int check_step(
	const struct steps *steps, const struct step *s, uint32_t n, struct iso_err *err)
{
	if (s->op >= N_STEP_OPS)
		return bad(err, "unknown operation", n);
	const char *slots = step_info[s->op].slots;
	if (!slot_ok(s->from, slots, "from") || !slot_ok(s->to, slots, "to"))
		return bad(err, "a slot is out of range", n);
	return check_operands(steps, s, n, err);
}

int steps_read(const void *data, size_t len, struct steps *ret_steps, struct iso_err *err)
{
	const struct steps_header *header = data;

	if (len < sizeof(*header))
		return iso_err_set(
			err, ISO_FAULT_PROTOCOL, EINVAL, "read the plan: it is too short");
	if (check_header(header, len, err))
		return -1;
	const struct step *step = (const void *)(header + 1);
	const struct steps steps = {
		.header = header,
		.step = step,
		.blob = (const char *)(step + header->n_steps),
	};
	for (uint32_t n = 0; n < header->n_steps; n++)
		if (check_step(&steps, &step[n], n, err))
			return -1;
	*ret_steps = steps;
	return 0;
}

const char *steps_str(const struct steps *steps, const struct step *s, unsigned i)
{
	return steps->blob + s->str[i];
}

const void *steps_blob(const struct steps *steps, const struct step *s, unsigned i, size_t *ret_len)
{
	*ret_len = s->len[i];
	return steps->blob + s->str[i];
}

struct steps_list steps_list(const struct steps *steps, const struct step *s, unsigned i)
{
	const char *p = steps->blob + s->str[i];
	struct steps_list list = {.next = p, .left = 0};

	for (; *p >= '0' && *p <= '9'; p++)
		list.left = list.left * 10 + (size_t)(*p - '0');
	list.next = p + 1;
	return list;
}

size_t steps_list_count(const struct steps *steps, const struct step *s, unsigned i)
{
	return steps_list(steps, s, i).left;
}

const char *steps_list_next(struct steps_list *list)
{
	if (!list->left)
		return NULL;
	const char *element = list->next;
	list->left--;
	list->next += strlen(element) + 1;
	return element;
}
