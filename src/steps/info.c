/* The description of every operation, generated from the list in ops.h. */
#include "steps/steps.h"

#include <string.h>

const struct step_info step_info[N_STEP_OPS] = {
#define X(symbol, name_, s1, s2, s3, n1, n2, n3, slots_)                                           \
	[STEP_##symbol] = {                                                                        \
		.name = name_, .string = {s1, s2, s3}, .number = {n1, n2, n3}, .slots = slots_},
	ISO_STEP_OPS(X)
#undef X
};

enum step_kind step_kind(const struct step_info *info, unsigned i)
{
	size_t len = strlen(info->string[i]);

	if (!len)
		return STEP_NO_OPERAND;
	switch (info->string[i][len - 1]) {
	case ']':
		return STEP_LIST;
	case '*':
		return STEP_BYTES;
	default:
		return STEP_STRING;
	}
}
