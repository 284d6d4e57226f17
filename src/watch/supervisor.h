/* What the parts of the supervisor share. Nothing in it grows; only watch/ includes this. */
#ifndef WATCH_SUPERVISOR_H
#define WATCH_SUPERVISOR_H

#include <poll.h>

#include "apply/apply.h"
#include "ctl/report.h"
#include "record/record.h"
#include "watch/log.h"
#include "watch/machine.h"

enum {
	N_STREAMS = 3,
	MAX_CLIENTS = 64, /* connections at once, the starter's and sessions' among them */
	HANG_UP_GRACE_MS = 2000
};

/* One connection. With a session it is that session's: its end hangs it up. */
struct client {
	int fd;          /* -1 = free */
	bool waits;      /* is told the task's end */
	int session_pid; /* 0 = no session */
	int session_pidfd;
	uint64_t kill_at_ms; /* hung up: SIGKILL then; 0 = not hung up */
};

struct supervisor {
	struct steps steps;
	void *file; /* the task's file, mapped: the plan is in it */
	size_t file_bytes;
	struct apply apply;
	struct log log[N_STREAMS]; /* by stream: 1 and 2 */
	struct record record;
	/* what was passed of CTL_*_FD; -1 = nothing: the number may be anybody's by now */
	int console[N_STREAMS], secrets_fd, held_pidfd;
	const char *dir; /* STATE/<alloc>/<task> */
	int listen_fd;
	struct client client[MAX_CLIENTS]; /* 0: the starter's */
	enum sup_state state;
	int stop_signal;          /* of the last stop that was asked for */
	uint64_t kill_at_ms;      /* 0 = no stop under way */
	struct ctl_report report; /* the final one */
	bool adopted;             /* the task is not our child */
};

/* ---- clients.c ---- */
/** clients_init() - nobody but the starter, if it passed a connection (@report_fd, else -1) */
void clients_init(struct supervisor *s, int report_fd);
/** clients_open() - listen at <dir>/ctl */
iso_must_use int clients_open(struct supervisor *s, struct iso_err *err);
/** clients_close() - no new ones, and the name is gone */
void clients_close(struct supervisor *s);
/** clients_poll() - fill @fds (1 + 2 * MAX_CLIENTS of them): listening socket, then connection and
 * session of each */
void clients_poll(const struct supervisor *s, struct pollfd *fds);
void clients_on(struct supervisor *s, const struct pollfd *fds);
/** clients_tell() - one report to the starter (@starter) or to everybody else who waits */
void clients_tell(struct supervisor *s, const struct ctl_report *report, bool starter,
	const struct ctl_fds *fds);
/** clients_time_ms() - when the next session has to be killed, 0 = none is due */
uint64_t clients_time_ms(const struct supervisor *s);
void clients_on_time(struct supervisor *s);
/** clients_end_sessions() - the task has ended: its sessions are dead or dying; reap and tell */
void clients_end_sessions(struct supervisor *s);

/* ---- session.c ---- */
iso_must_use int session_start(struct supervisor *s, struct client *c, const struct ctl_ask *ask,
	const struct ctl_fds *fds, struct iso_err *err);
void session_hang_up(struct client *c);
void session_on_exit(struct client *c);

/* ---- stop.c ---- */
/** stop_note() - ASK_STOP: in the record, so that whoever comes after us goes on with it. Return:
 * the grace period for stop_begin() */
uint64_t stop_note(struct supervisor *s, const struct ctl_ask *ask);
void stop_begin(struct supervisor *s, uint64_t grace_ms);
/** stop_again() - the stop that our predecessor was at, with a new grace period */
void stop_again(struct supervisor *s);
/** stop_event() - one event of machine.h */
void stop_event(struct supervisor *s, enum sup_event event);

/* ---- adopt.c ---- */
enum adopt_verdict {
	ADOPT_RUNS = 0, /* supervise it */
	ADOPT_OVER = 1, /* it has ended; record and report say how; clean up */
};
/** adopt() - from what another supervisor left: descriptors again, and what the task has become
 * Return: ADOPT_RUNS, ADOPT_OVER; -1: it cannot be told now, nothing was changed */
iso_must_use int adopt(struct supervisor *s, struct iso_err *err);
/** adopt_status() - of a task that is not our child and has ended: by its pidfd, else unknown */
void adopt_status(struct supervisor *s);

/* ---- supervise.c ---- */
/** supervise_record() - the record as it is in @s becomes the truth; failing is no reason to stop
 */
void supervise_record(struct supervisor *s, enum record_phase phase);
void supervise_set_exit(struct supervisor *s, bool killed, int status);

#endif
