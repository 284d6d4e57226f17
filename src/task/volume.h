/* A volume as people write it on a command line. */
#ifndef TASK_VOLUME_H
#define TASK_VOLUME_H

#include "base/arena.h"
#include "task/config.h"

/** task_volume_parse() - "SRC:DST", "SRC:DST:ro", "SRC:DST:rw", absolute paths. Return: 0; -1: it
 * is none. Whoever may say this is root and chooses the source himself. */
int task_volume_parse(struct arena *arena, const char *text, struct task_mount *ret);

#endif
