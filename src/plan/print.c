/*
 * Showing a plan: driven by the description of the operations (steps/ops.h), so a new one is shown
 * without a line here. Environments may hold secrets of the job's author: who may read the job may
 * read the plan.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/order.h"
#include "plan/plan.h"

/* Numbers are shown as the kernel's people write them; the label's ending tells how. */
static bool ends_with(const char *label, const char *ending)
{
	size_t l = strlen(label), e = strlen(ending);
	return l >= e && !strcmp(label + l - e, ending);
}

static void number_text(struct buf *out, const char *label, uint64_t value)
{
	if (ends_with(label, "_hex"))
		buf_printf(out, "0x%" PRIx64, value);
	else if (ends_with(label, "_oct"))
		buf_printf(out, "0%" PRIo64, value);
	else
		buf_printf(out, "%" PRIu64, value);
}

/* "names[]" is printed as "names". */
static int label_len(const char *label)
{
	return (int)strcspn(label, "[*");
}

static void quoted(struct buf *out, const char *text)
{
	buf_chr(out, '\'');
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f || *text == '\'' || *text == '\\')
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_chr(out, *text);
	}
	buf_chr(out, '\'');
}

static void list_text(struct buf *out, struct steps_list list)
{
	const char *element, *separator = "";

	buf_chr(out, '[');
	while ((element = steps_list_next(&list))) {
		buf_str(out, separator);
		quoted(out, element);
		separator = " ";
	}
	buf_chr(out, ']');
}

static void operand_text(
	const struct steps *steps, const struct step *s, unsigned i, struct buf *out)
{
	const char *label = step_info[s->op].string[i];

	if (!s->len[i])
		return;
	buf_printf(out, " %.*s=", label_len(label), label);
	switch (step_kind(&step_info[s->op], i)) {
	case STEP_STRING:
		quoted(out, steps_str(steps, s, i));
		break;
	case STEP_LIST:
		list_text(out, steps_list(steps, s, i));
		break;
	case STEP_BYTES:
		buf_printf(out, "%" PRIu32 " bytes", s->len[i]);
		break;
	case STEP_NO_OPERAND:
		break;
	}
}

static void step_text(const struct steps *steps, const struct step *s, struct buf *out)
{
	const struct step_info *info = &step_info[s->op];

	buf_printf(out, "  %-15s", info->name);
	for (unsigned i = 0; i < N_STEP_STRINGS; i++)
		operand_text(steps, s, i, out);
	for (unsigned i = 0; i < N_STEP_NUMBERS; i++)
		if (*info->number[i]) {
			buf_printf(out, " %s=", info->number[i]);
			number_text(out, info->number[i], s->num[i]);
		}
	if (s->from != SLOT_NONE)
		buf_printf(out, " from=#%u", s->from);
	if (s->to != SLOT_NONE)
		buf_printf(out, " to=#%u", s->to);
	buf_chr(out, '\n');
}

/* Where a phase begins: the first step of each, told by its operation. */
static const struct {
	enum step_op first, last;
	const char *title;
} phases[] = {
	{STEP_CGROUP_MAKE, STEP_CLONE, "outside: the supervisor, in the host's namespaces"},
	{STEP_CGROUP_JOIN, STEP_MOVE_ROOT, "root: the new process, the host's tree still in sight"},
	{STEP_CHECK_MOUNTS, STEP_STDIO, "inside: in its own root, still privileged"},
	{STEP_BOUNDING_SET, STEP_EXEC, "credentials"},
};

static const char *phase_of(uint16_t op)
{
	for (size_t i = 0; i < iso_len(phases); i++)
		if (op >= phases[i].first && op <= phases[i].last)
			return phases[i].title;
	return "";
}

static void print_order(struct buf *out)
{
	size_t n;
	const struct order_row *rows = order_rows(&n);

	buf_str(out, "why in this order\n");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "  %-32s %s\n", rows[i].name, rows[i].reason);
}

void plan_print_text(const struct steps *steps, bool verbose, struct buf *out)
{
	const char *phase = "";

	for (uint32_t n = 0; n < steps->header->n_steps; n++) {
		const struct step *s = &steps->step[n];
		const char *now = phase_of(s->op);
		if (now != phase)
			buf_printf(out, "%s\n", now);
		phase = now;
		step_text(steps, s, out);
	}
	if (verbose)
		print_order(out);
}

static json_t *list_json(struct steps_list list)
{
	json_t *array = json_array();
	const char *element;

	while ((element = steps_list_next(&list))) {
		json_t *text = json_string(element);
		/* not UTF-8: JSON cannot say it as it is */
		(void)json_array_append_new(
			array, text ? text : json_string("(bytes that are not UTF-8)"));
	}
	return array;
}

static json_t *operand_json(const struct steps *steps, const struct step *s, unsigned i)
{
	switch (step_kind(&step_info[s->op], i)) {
	case STEP_STRING:
		return json_string(steps_str(steps, s, i));
	case STEP_LIST:
		return list_json(steps_list(steps, s, i));
	case STEP_BYTES:
		return json_sprintf("%u bytes", s->len[i]);
	case STEP_NO_OPERAND:
		break;
	}
	return NULL;
}

static json_t *number_json(const char *label, uint64_t value)
{
	own_buf text = BUF_INIT;

	number_text(&text, label, value);
	if (value <= INT64_MAX && !ends_with(label, "_hex") && !ends_with(label, "_oct"))
		return json_integer((json_int_t)value);
	return json_string(buf_text(&text));
}

static json_t *step_json(const struct steps *steps, const struct step *s)
{
	const struct step_info *info = &step_info[s->op];
	json_t *object = json_object();
	char key[64];

	(void)json_object_set_new(object, "op", json_string(info->name));
	for (unsigned i = 0; i < N_STEP_STRINGS; i++) {
		json_t *value = s->len[i] ? operand_json(steps, s, i) : NULL;
		if (!value)
			continue;
		(void)snprintf(
			key, sizeof(key), "%.*s", label_len(info->string[i]), info->string[i]);
		(void)json_object_set_new(object, key, value);
	}
	for (unsigned i = 0; i < N_STEP_NUMBERS; i++)
		if (*info->number[i])
			(void)json_object_set_new(
				object, info->number[i], number_json(info->number[i], s->num[i]));
	if (s->from != SLOT_NONE)
		(void)json_object_set_new(object, "from", json_integer(s->from));
	if (s->to != SLOT_NONE)
		(void)json_object_set_new(object, "to", json_integer(s->to));
	return object;
}

void plan_print_json(const struct steps *steps, struct buf *out)
{
	const struct steps_header *h = steps->header;
	json_t *list = json_array();

	for (uint32_t n = 0; n < h->n_steps; n++)
		(void)json_array_append_new(list, step_json(steps, &steps->step[n]));
	json_t *plan = json_pack("{s:i, s:i, s:I, s:I, s:b, s:o}", "version", (int)h->version,
		"kill_signal", (int)h->kill_signal, "kill_timeout_ms",
		(json_int_t)h->kill_timeout_ms, "mem_limit_bytes", (json_int_t)h->mem_limit_bytes,
		"pid_private", (int)(h->flags & STEPS_PID_PRIVATE), "steps", list);
	char *text = json_dumps(plan, JSON_INDENT(1));
	buf_str(out, text ? text : "null");
	buf_chr(out, '\n');
	free(text);
	json_decref(plan);
}
