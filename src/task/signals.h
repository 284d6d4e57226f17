/* Signals by name: the names that Nomad knows (B-727), nothing else; no numbers. */
#ifndef TASK_SIGNALS_H
#define TASK_SIGNALS_H

/** task_signal_number() - "SIGTERM" = 15; -1: no such name */
int task_signal_number(const char *name);
/** task_signal_name() - 15 = "SIGTERM"; NULL: none of ours */
const char *task_signal_name(int number);

#endif
