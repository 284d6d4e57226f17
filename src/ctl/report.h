/*
 * Words between a supervisor and whoever started it, over one SOCK_SEQPACKET pair (descriptor 4 of
 * the supervisor; descriptor 3 is the plan, 5 and up are inherited descriptors named by the
 * starter). One packet = one struct.
 *
 *   starter                     supervisor
 *      | --- spawn (plan) ------->  |
 *      |  <-- REPORT_STARTED -----  |   the task's execve succeeded          (point of no return)
 *      |  or REPORT_FAILED          |   nothing runs, everything is undone; the supervisor exits
 *      | --- ASK_SIGNAL, ASK_STOP ->|
 *      |  <-- REPORT_EXITED ------  |   exit status, OOM, peak; cleaning follows
 *      |  <-- end of file --------  |   everything of the task is gone (cgroups, mount points)
 *
 * When the starter goes away the task goes on: the supervisor writes the exit record into the state
 * directory. Same machine, same build: no byte order, version checked in every packet.
 */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include <stdint.h>

#include "base/err.h"

enum {
	CTL_PLAN_FD = 3,
	CTL_REPORT_FD = 4,
	CTL_CONSOLE_OUT_FD = 5,
	CTL_CONSOLE_ERR_FD = 6,
	CTL_SECRETS_FD = 7,
	CTL_VERSION = 1
};
/*
 * CTL_CONSOLE_*: pipes' write ends; each log stream is copied there too (backpressure: the console
 * decides the pace), until EPIPE. Closed = no console. CTL_SECRETS_FD: the detached secrets tmpfs;
 * slot 0 of the plan.
 */

enum ctl_report_kind {
	REPORT_STARTED = 1,
	REPORT_FAILED,
	REPORT_EXITED
};

struct ctl_report {
	uint32_t version, kind; /* CTL_VERSION, enum ctl_report_kind */
	int32_t pid;        /* STARTED: of the task's main process, in the host's pid namespace */
	int32_t exit_code;  /* EXITED: 0..255; 128 + signal when killed */
	int32_t signal;     /* EXITED: 0 or the signal's number */
	uint32_t oom_kills; /* EXITED: processes of the task that the kernel's OOM killer ended */
	uint64_t mem_limit_bytes, mem_peak_bytes; /* EXITED; peak 0 = not known on this kernel */
	uint64_t log_dropped_bytes; /* EXITED: output that could not be kept (disk full) */
	uint32_t forced;            /* EXITED: 1 = killed after kill_timeout */
	uint32_t step;              /* FAILED: number of the step in the plan, ~0 = none */
	struct iso_err err;         /* FAILED */
};

enum ctl_ask_kind {
	ASK_SIGNAL = 1,
	ASK_STOP
};

struct ctl_ask {
	uint32_t version, kind; /* CTL_VERSION, enum ctl_ask_kind */
	int32_t signal; /* SIGNAL: to send to the main process; STOP: 0 = the plan's kill_signal */
	uint32_t pad;
	uint64_t grace_ms; /* STOP: ~0 = the plan's kill_timeout; 0 = kill at once */
};

/*
 * Sending and receiving, both ends. The answer CTL_GONE (1) says that the other side has closed its
 * end; it is never an error of ours.
 */
enum {
	CTL_GONE = 1
};
iso_must_use int ctl_report_send(int fd, const struct ctl_report *report, struct iso_err *err);
iso_must_use int ctl_report_recv(int fd, struct ctl_report *ret, struct iso_err *err);
iso_must_use int ctl_ask_send(int fd, const struct ctl_ask *ask, struct iso_err *err);
/** ctl_ask_recv() - blocking unless the descriptor is not; -1 with err->sys EAGAIN then */
iso_must_use int ctl_ask_recv(int fd, struct ctl_ask *ret, struct iso_err *err);

#endif
