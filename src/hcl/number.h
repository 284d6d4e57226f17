/* Numbers: MPFR, 512 bits, nearest even: equal to the reference's big floats bit for bit. */
#ifndef HCL_NUMBER_H
#define HCL_NUMBER_H

#include <stdio.h> /* before mpfr.h, which looks whether it is there */

#include <mpfr.h>

#include "base/arena.h"

enum {
	HCL_NUMBER_BITS = 512
};

struct hcl_number {
	mpfr_t f;
};

/** number_new() - zero, its limbs in the arena: nothing to free */
struct hcl_number *number_new(struct arena *arena);
/** number_parse() - decimal with fraction and exponent; NULL: none, or the exponent is beyond
 * +-10000 */
const struct hcl_number *number_parse(struct arena *arena, const char *text);
/** number_text() - shortest decimal that reads back the same, never with an exponent */
const char *number_text(struct arena *arena, const struct hcl_number *n);

#endif
