/* Refusing and warning with the place in the job file (planner.h). */
#include "plan/planner.h"

#include <stdarg.h>
#include <stdio.h>

int plan_fail(const struct task_place *place, struct iso_err *err, const char *format, ...)
{
	char text[ISO_ERR_TEXT];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)iso_err_set(err, ISO_FAULT_INPUT, 0, "%s", text);
	if (place && place->file)
		return iso_err_in(err, "%s:%u:%u", place->file, place->line, place->column);
	return -1;
}

void plan_warn(struct planner *p, const struct task_place *place, const char *format, ...)
{
	struct plan_result *r = p->result;
	va_list ap;

	va_start(ap, format);
	const char *text = arena_vprintf(p->arena, format, ap);
	va_end(ap);
	r->warnings = arena_push(p->arena, r->warnings, r->n_warnings, sizeof(*r->warnings));
	r->warnings[r->n_warnings++] = (struct plan_warning){
		.text = text,
		.place = place ? *place : (struct task_place){0},
	};
}
