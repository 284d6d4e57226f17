/*
 * Words between a supervisor and whoever talks to it: its starter over a SOCK_SEQPACKET pair
 * (descriptor 4 of the supervisor; 3 is the task's file, 5 and up are named below), anybody else
 * over STATE/<alloc>/<task>/ctl, a listening socket of mode 0600 that takes root only
 * (SO_PEERCRED). One packet = one struct.
 *
 *   starter                     supervisor                     others
 *      | --- spawn (file) ------->  |
 *      |  <-- REPORT_STARTED -----  |   execve succeeded; the task's pidfd comes with it
 *      |  or REPORT_FAILED          |   nothing runs, everything is undone; the supervisor exits
 *      | --- ASK_* ---------------> |  <------ ASK_* ------------ |
 *      |  <-- REPORT_DONE, -------  |  ------- REPORT_DONE, ----> |  each ask has one answer
 *      |      REPORT_STATS          |          REPORT_STATS ...
 *      |  <-- REPORT_EXITED ------  |  ------- REPORT_EXITED ---> |  (who sent ASK_WAIT)
 *      |  <-- end of file --------  |   everything of the task is gone (cgroups, mount points)
 *
 * ASK_EXEC makes its connection a session's: the answer is REPORT_SESSION (with the pty's master if
 * one was asked for) or REPORT_SESSION_FAILED, later REPORT_SESSION_EXITED. No byte of a session
 * goes through the supervisor. Closing the connection hangs the session up.
 *
 * When the starter goes away the task goes on; how it ended stands in the task's file
 * (record/record.h). Same machine, same build: no byte order, version checked in every packet.
 */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include <stdint.h>

#include "base/err.h"

enum {
	CTL_FILE_FD = 3, /* the task's file, locked (record/record.h) */
	CTL_REPORT_FD = 4,
	CTL_CONSOLE_OUT_FD = 5,
	CTL_CONSOLE_ERR_FD = 6,
	CTL_SECRETS_FD = 7,
	CTL_PIDFD_FD = 8, /* adoption: the task's pidfd, held by whoever lost its supervisor */
	CTL_VERSION = 2,
	CTL_MAX_FDS = 5
};
/*
 * CTL_CONSOLE_*: pipes' write ends; each log stream is copied there too (backpressure: the console
 * decides the pace), until EPIPE. Closed = no console. CTL_SECRETS_FD: the detached secrets tmpfs;
 * slot 0 of the plan.
 *
 * argv of the supervisor: "isoexec-supervise" starts what the file plans; with the one argument
 * "adopt" it takes over what another supervisor left (watch/adopt.h).
 */

enum ctl_report_kind {
	REPORT_STARTED = 1,
	REPORT_FAILED,
	REPORT_EXITED,
	REPORT_DONE,    /* the ask was carried out (err empty) or not (err says why); WAIT: pid,
			   and the task's pidfd comes with it */
	REPORT_STATS,   /* with descriptors: cgroup directories, see ctl_stats_fd */
	REPORT_SESSION, /* the command is about to run; tty: with the pty's master */
	REPORT_SESSION_FAILED, /* it could not be run: err, fault as in base/err.h */
	REPORT_SESSION_EXITED, /* exit_code, signal */
};

enum ctl_report_flags {
	REPORT_FORCED = 1,        /* killed after kill_timeout */
	REPORT_STOP_ASKED = 2,    /* somebody asked for the end: no restart */
	REPORT_RESTART_ASKED = 4, /* ... for an end and a new start */
	REPORT_EXIT_UNKNOWN = 8,  /* nobody was there to see how it ended */
	REPORT_ADOPTED = 16,      /* STARTED: it was running before */
};

struct ctl_report {
	uint32_t version, kind; /* CTL_VERSION, enum ctl_report_kind */
	int32_t pid;        /* STARTED: of the task's main process, in the host's pid namespace */
	int32_t exit_code;  /* EXITED: 0..255; 128 + signal when killed */
	int32_t signal;     /* EXITED: 0 or the signal's number */
	uint32_t oom_kills; /* EXITED: processes of the task that the kernel's OOM killer ended */
	uint64_t mem_limit_bytes, mem_peak_bytes; /* EXITED; peak 0 = not known on this kernel */
	uint64_t log_dropped_bytes; /* EXITED: output that could not be kept (disk full) */
	uint32_t flags;             /* enum ctl_report_flags */
	uint32_t step;              /* FAILED: number of the step in the plan, ~0 = none */
	uint32_t stats_fds; /* STATS: bit i: descriptor of enum ctl_stats_fd i comes with it */
	uint32_t pad;
	struct iso_err err; /* FAILED, DONE, SESSION_FAILED */
};

/* Descriptors that come with REPORT_STATS, in this order, those that exist. */
enum ctl_stats_fd {
	STATS_FD_V2,     /* cgroup v2 directory (on hybrids: without controllers) */
	STATS_FD_MEMORY, /* v1 */
	STATS_FD_CPU,    /* v1, with cpuacct */
	STATS_FD_PIDS,   /* v1 */
	STATS_FD_TASK,   /* the main process's pidfd */
	N_STATS_FDS
};
_Static_assert((int)N_STATS_FDS <= (int)CTL_MAX_FDS, "they fit one packet");

enum ctl_ask_kind {
	ASK_SIGNAL = 1,
	ASK_STOP,
	ASK_WAIT,
	ASK_STATS,
	ASK_EXEC
};

enum ctl_ask_flags {
	ASK_THEN_RESTART = 1, /* STOP: whoever runs the alloc is to start the task again */
	ASK_TTY = 2           /* EXEC: with a terminal of the task's own devpts */
};

struct ctl_ask {
	uint32_t version, kind; /* CTL_VERSION, enum ctl_ask_kind */
	int32_t signal; /* SIGNAL: to send to the main process; STOP: 0 = the plan's kill_signal */
	uint32_t flags;
	uint64_t grace_ms; /* STOP: ~0 = the plan's kill_timeout; 0 = kill at once */
};
/* ASK_EXEC comes with descriptors: the request (ctl/session.h), and without ASK_TTY the session's
 * three streams. */

/*
 * Sending and receiving, both ends. The answer CTL_GONE (1) says that the other side has closed its
 * end; it is never an error of ours. -1 with err->sys EAGAIN: the descriptor does not block, and
 * nothing is there (or the other side does not read).
 */
enum {
	CTL_GONE = 1
};
/* Descriptors of a packet. Received ones are close-on-exec and the receiver's; more than
 * CTL_MAX_FDS are closed by the kernel and make the packet a protocol fault. */
struct ctl_fds {
	int fd[CTL_MAX_FDS];
	unsigned n;
};
#define CTL_FDS_INIT                                                                               \
	{                                                                                          \
		.n = 0                                                                             \
	}
void ctl_fds_done(struct ctl_fds *fds);
#define own_ctl_fds iso_cleanup(ctl_fds_done) struct ctl_fds

/* @fds: NULL = none; receiving with NULL closes what comes. */
iso_must_use int ctl_report_send(
	int fd, const struct ctl_report *report, const struct ctl_fds *fds, struct iso_err *err);
iso_must_use int ctl_report_recv(
	int fd, struct ctl_report *ret, struct ctl_fds *ret_fds, struct iso_err *err);
iso_must_use int ctl_ask_send(
	int fd, const struct ctl_ask *ask, const struct ctl_fds *fds, struct iso_err *err);
iso_must_use int ctl_ask_recv(
	int fd, struct ctl_ask *ret, struct ctl_fds *ret_fds, struct iso_err *err);

#endif
