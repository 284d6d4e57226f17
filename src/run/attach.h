/* Attaching by directory, for who has listed the state directory. */
#ifndef RUN_ATTACH_H
#define RUN_ATTACH_H

#include "run/isoexec.h"

/** attach_dir() - iso_attach() for STATE/<alloc>/<task> */
iso_must_use int attach_dir(const char *dir, struct iso_task **ret, struct iso_err *err);

enum {
	RUN_LOOK_ENDED = 0, /* @ret: EXITED; what it was made of may still be there */
	RUN_LOOK_CLEAN = 3, /* @ret: EXITED or FAILED, and nothing is left */
	RUN_LOOK_RUNS = 1,  /* or did when its supervisor was last heard of */
	RUN_LOOK_NONE = 2,  /* it was never started */
};
/** run_look() - what the record of STATE/<alloc>/<task> says; nothing is connected. -1: unreadable
 */
iso_must_use int run_look(const char *dir, struct iso_event *ret, struct iso_err *err);

enum {
	ATTACH_HELD = 1 /* its supervisor lives */
};
/**
 * attach_repair() - give a task that nobody supervises a new supervisor, or clean up behind it
 * @dir: STATE/<alloc>/<task>, with a record
 *
 * Waits until the supervisor knows what has become of the task, and if it is over until nothing of
 * it is left. Return: 0: *ret is ISO_EVENT_ADOPTED, _EXITED or _FAILED; ATTACH_HELD; -1.
 */
iso_must_use int attach_repair(const char *dir, struct iso_event *ret, struct iso_err *err);

#endif
