/* What a task's cgroup says at its end (OOM kills, peak), and killing all that is in it. */
#ifndef WATCH_USAGE_H
#define WATCH_USAGE_H

#include <stdbool.h>

#include "apply/apply.h"
#include "ctl/report.h"

/** usage_read() - oom_kills and mem_peak_bytes, read once after the end: exact (B-633) */
void usage_read(const struct apply *a, struct ctl_report *report);

/** usage_kill_cgroup() - SIGKILL to every process of the task, waits until they are gone (pid_mode
 * = host) */
void usage_kill_cgroup(const struct apply *a);

/**
 * usage_freeze() - stop every process of the task where it is
 * Return: true: all are; false: not within a tenth of a second, or this kernel cannot. Always
 * followed by usage_thaw().
 */
bool usage_freeze(const struct apply *a);
void usage_thaw(const struct apply *a);

/** usage_stats_fd() - the directory that counts for @which, -1 = there is none; borrowed */
int usage_stats_fd(const struct apply *a, enum ctl_stats_fd which);

/* The name of the supervisor, and of a task that it sets up: execve gives it another, for no
 * program is called so. */
#define USAGE_NAME "isoexec: task"
/** usage_has_run() - did @pid (not reaped yet) get as far as its execve? */
bool usage_has_run(int pid);

#endif
