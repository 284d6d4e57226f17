/*
 * A task's end as a state machine: which events are there, what is done about each in each state.
 * Pure: the doing is the supervisor's.
 */
#ifndef WATCH_MACHINE_H
#define WATCH_MACHINE_H

#define SUP_STATES(X)                                                                              \
	X(RUNNING)  /* nobody has asked for an end */                                              \
	X(STOPPING) /* kill_signal is sent, kill_timeout runs */                                   \
	X(KILLING)  /* SIGKILL is sent to everything in the cgroup */                              \
	X(ENDED)    /* the main process is reaped */

#define SUP_EVENTS(X)                                                                              \
	X(STOP)    /* asked to stop with a grace period */                                         \
	X(KILL)    /* asked to stop at once */                                                     \
	X(DROPPED) /* the kernel dropped the stop signal: process 1 without a handler */           \
	X(TIME)    /* the grace period is over */                                                  \
	X(EXITED)  /* the main process has ended */

enum sup_state {
#define X(symbol) SUP_##symbol,
	SUP_STATES(X)
#undef X
};
enum sup_event {
#define X(symbol) SUP_EV_##symbol,
	SUP_EVENTS(X)
#undef X
};
#define X(symbol) +1
enum {
	N_SUP_STATES = 0 SUP_STATES(X),
	N_SUP_EVENTS = 0 SUP_EVENTS(X)
};
#undef X

enum sup_action {
	SUP_DO_NOTHING,
	SUP_DO_SIGNAL, /* kill_signal to the main process */
	SUP_DO_KILL,   /* the whole cgroup */
	SUP_DO_FORCE,  /* the same, and the report says that kill_timeout had run out */
	SUP_DO_END     /* collect the exit status */
};

struct sup_move {
	enum sup_state next;
	enum sup_action action;
};

struct sup_move sup_next(enum sup_state state, enum sup_event event);

#endif
