/* A state directory below /tmp, made and removed by each test. */
#ifndef TESTS_STATE_PLACE_H
#define TESTS_STATE_PLACE_H

#include "record/record.h"
#include "state/state.h"

struct place {
	char dir[64]; /* is STATE */
	struct arena *arena;
};

int place_setup(void **state);
int place_teardown(void **state);

/** place_task() - STATE/<alloc>/<task>/task. @change: the record's values; created: milliseconds.
 * Return: an open descriptor, for flock. */
int place_task(const struct place *p, const char *alloc, const char *task, const char *job,
	uint64_t created, const struct record *change);
/** place_dir() - STATE/<alloc>/<task>, or STATE/<alloc> with NULL */
void place_dir(const struct place *p, const char *alloc, const char *task);
struct state_list place_list(const struct place *p);

#endif
