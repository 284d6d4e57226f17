/* How a task is described: in a word, and as JSON. */
#ifndef CLI_TELL_H
#define CLI_TELL_H

#include <jansson.h>

#include "cli/tasks.h"

/** tell_status() - "running", "exited(3)", "exited(?)", "failed", ... */
const char *tell_status(struct arena *arena, const struct state_task *task);
/** tell_age() - since its start, or since it was made */
const char *tell_age(struct arena *arena, const struct state_task *task);
/** tell_pid() - of a running one, else NULL */
const char *tell_pid(struct arena *arena, const struct state_task *task);
/** tell_end() - "exited with status 3", "ended by signal 9 (SIGKILL), exit status 137", ... */
const char *tell_end(struct arena *arena, const struct record *record);

/** tell_json() - what ps and status give of a task: a new object */
json_t *tell_json(const struct state_task *task);

#endif
