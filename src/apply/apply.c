/* The loop over the steps and the table of what does them (apply.h). */
#include "apply/apply.h"

#include <string.h>

#include "base/own.h"
#include "ctl/report.h"

static apply_fn *const table[] = {
#define X(symbol, ...) [STEP_##symbol] = apply_##symbol,
	ISO_STEP_OPS(X)
#undef X
};

_Static_assert(sizeof(table) / sizeof(table[0]) == N_STEP_OPS, "one function a step");

void apply_init(struct apply *a, const struct steps *steps, const char *state_dir,
	struct made_list *made, int secrets_fd)
{
	*a = (struct apply){.steps = steps,
		.state_dir = state_dir,
		.made = made,
		.root_fd = -1,
		.pidfd = -1,
		.error_pipe = -1};
	for (unsigned i = 0; i < N_SLOTS; i++)
		a->slot[i] = -1;
	for (unsigned i = 0; i < iso_len(a->log_read); i++)
		a->log_read[i] = -1;
	a->slot[0] = secrets_fd;
}

int apply_from(const struct apply *a, const struct step *s)
{
	return s->from == SLOT_NONE ? -1 : a->slot[s->from];
}

void apply_to(struct apply *a, const struct step *s, int fd)
{
	if (s->to != SLOT_NONE)
		a->slot[s->to] = fd;
	else
		(void)fd_close(fd);
}

/* "step 17 mask '/proc/keys'": which step it was, with its first string. Command errors speak for
 * themselves. */
static int in_step(const struct apply *a, const struct step *s, struct iso_err *err)
{
	const struct step_info *info = &step_info[s->op];

	if (err->fault == ISO_FAULT_NOT_FOUND || err->fault == ISO_FAULT_NOT_EXEC ||
		err->fault == ISO_FAULT_INPUT)
		return -1;
	if (s->len[0] && step_kind(info, 0) == STEP_STRING)
		return iso_err_in(
			err, "step %u %s '%s'", a->at, info->name, steps_str(a->steps, s, 0));
	return iso_err_in(err, "step %u %s", a->at, info->name);
}

int apply_run(struct apply *a, struct iso_err *err)
{
	for (; a->at < a->steps->header->n_steps; a->at++) {
		const struct step *s = &a->steps->step[a->at];
		if (a->session && !(s->flags & STEP_IN_SESSION))
			continue;
		if (table[s->op](a, s, err))
			return in_step(a, s, err);
		if (s->op ==
			STEP_CLONE) /* both come back: who goes on is the supervisor's business */
			return 0;
	}
	return iso_err_set(err, ISO_FAULT_PROTOCOL, 0, "the plan ends without 'exec'");
}
