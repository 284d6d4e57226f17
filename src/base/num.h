/* Numbers from text, strictly: decimal digits only, nothing before or after, overflow refused. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

/** num_u64() - all of @text as a decimal number; false: it is none, *ret is untouched */
bool num_u64(const char *text, uint64_t *ret);
/** num_u64_at() - the digits at *@at; moves *@at behind them; false when there is none */
bool num_u64_at(const char **at, uint64_t *ret);

#endif
