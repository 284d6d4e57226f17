/* User and group numbers: strict parsing, and the operator's denied ranges (B-150 to B-153). */
#ifndef TASK_IDS_H
#define TASK_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * task_id_parse() - a uid or gid in decimal: 0 to 4294967294, no sign, blank or leading zero
 * Return: 0; -1 not such a number (4294967295 is "no id" to the kernel).
 */
iso_must_use int task_id_parse(const char *text, uint32_t *ret);

/**
 * task_ids_check() - is @ranges well-formed? "0,100-200"; NULL and "" deny nothing
 * @label: "deniedHostUIDs" or "deniedHostGIDs", for the reference's words (B-151)
 */
iso_must_use int task_ids_check(const char *ranges, const char *label, struct iso_err *err);

/** task_ids_has() - is @id in well-formed @ranges? No range is ever written out number by number.
 */
bool task_ids_has(const char *ranges, uint32_t id);

#endif
