/* Durations as Go writes them: "300ms", "1.5h", "2h45m" (time.ParseDuration). */
#ifndef TASK_DURATION_H
#define TASK_DURATION_H

#include <stdint.h>

/** task_duration_parse() - nanoseconds. Return: 0; -1: no duration, or over 292 years. */
int task_duration_parse(const char *text, int64_t *ret_ns);

#endif
