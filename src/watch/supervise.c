/*
 * isoexec-supervise DIR [adopt]: parent of one task. Reads a finished plan from the task's file,
 * applies it, holds the exit status, stops the task, moves its output, forks its sessions, cleans
 * up. It interprets and decides nothing. Sleeps in ppoll and nowhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/own.h"
#include "base/sys.h"
#include "watch/identity.h"
#include "watch/supervisor.h"
#include "watch/usage.h"

enum {
	FIRST_FOREIGN_FD = CTL_PIDFD_FD + 1,
	EXIT_CHILD = 127,
	EXIT_USAGE = 2,
	SIGNAL_BASE = 128,
	N_SIGNALS = 64, /* of the kernel */
	N_FDS = 3 + 1 + 2 * MAX_CLIENTS,
	PATH_ROOM = 4096,
	MOMENT_NS = 1000000
};

/* @fd if it was passed, else -1. Asked before anything is opened, which may get the number. */
static int passed(int fd)
{
	return sys_fcntl(fd, F_SETFD, FD_CLOEXEC) ? -1 : fd;
}

static int take_descriptors(struct supervisor *s, struct iso_err *err)
{
	clients_init(s, passed(CTL_REPORT_FD));
	s->console[1] = passed(CTL_CONSOLE_OUT_FD);
	s->console[2] = passed(CTL_CONSOLE_ERR_FD);
	s->secrets_fd = passed(CTL_SECRETS_FD);
	s->held_pidfd = passed(CTL_PIDFD_FD);
	(void)passed(CTL_FILE_FD);
	return sys_close_range(FIRST_FOREIGN_FD, ~0U, 0)
		       ? iso_err_sys(err, "close foreign descriptors")
		       : 0;
}

static int read_plan(struct supervisor *s, struct iso_err *err)
{
	struct sys_stat st;

	if (sys_statx(CTL_FILE_FD, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
		return iso_err_sys(err, "look at the task's file on descriptor %d", CTL_FILE_FD);
	if (st.size <= RECORD_PLAN_AT || st.size > RECORD_PLAN_AT + STEPS_MAX_BYTES)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0,
			"the task's file on descriptor %d is empty or too large", CTL_FILE_FD);
	unsigned char *data = sys_map((size_t)st.size, PROT_READ, MAP_PRIVATE, CTL_FILE_FD);
	if (!data)
		return iso_err_sys(err, "map the plan");
	s->file = data;
	s->file_bytes = (size_t)st.size;
	return steps_read(data + RECORD_PLAN_AT, (size_t)st.size - RECORD_PLAN_AT, &s->steps, err);
}

/* Nothing interrupts us; what matters comes by descriptors. SIGPIPE of a console that went away is
 * an errno. */
static int become_supervisor(struct iso_err *err)
{
	const uint64_t all = ~(uint64_t)0;

	if (sys_sigmask(SIG_BLOCK, &all))
		return iso_err_sys(err, "block signals");
	/* what a starter ignores would be ignored by the task too; a SIGCHLD that is ignored would
	 * take its exit status away. KILL and STOP say EINVAL. */
	for (int signal = 1; signal <= N_SIGNALS; signal++)
		(void)sys_sigdefault(signal);
	if (sys_prctl(PR_SET_NAME, (unsigned long)(uintptr_t)USAGE_NAME, 0, 0))
		return iso_err_sys(err, "set the name");
	(void)sys_umask(0); /* modes are the plan's, not the starter's */
	if (sys_setsid() < 0 && errno != EPERM)
		return iso_err_sys(err, "begin a session");
	return sys_prctl(PR_SET_DUMPABLE, 0, 0, 0) ? iso_err_sys(err, "set dumpable") : 0;
}

/* What the child makes is remembered in the task's file, so that it can be undone by whoever comes
 * after us. */
static int prepare(struct supervisor *s, struct iso_err *err)
{
	struct record_file file;

	if (take_descriptors(s, err) || become_supervisor(err) ||
		record_read(CTL_FILE_FD, &file, err))
		return -1;
	s->record = file.record; /* first: how to fail depends on it */
	if (read_plan(s, err))
		return -1;
	struct made_list *made = sys_map_at(
		sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED, CTL_FILE_FD, RECORD_MADE_AT);
	if (!made)
		return iso_err_sys(err, "map the list of what is made");
	apply_init(&s->apply, &s->steps, s->dir, made, s->secrets_fd);
	/* with a pid namespace of its own process 1 of the task collects its orphans; here we do */
	if (!(s->steps.header->flags & STEPS_PID_PRIVATE) &&
		sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0))
		return iso_err_sys(err, "become a subreaper");
	return 0;
}

void supervise_record(struct supervisor *s, enum record_phase phase)
{
	static const struct {
		uint32_t report, record;
	} flags[] = {{REPORT_EXIT_UNKNOWN, RECORD_EXIT_UNKNOWN}, {REPORT_FORCED, RECORD_FORCED},
		{REPORT_STOP_ASKED, RECORD_STOP_ASKED},
		{REPORT_RESTART_ASKED, RECORD_RESTART_ASKED}};
	struct record *r = &s->record;
	struct iso_err ignored;

	if (!r->magic) /* not read yet: what is there is better */
		return;
	for (size_t i = 0; i < iso_len(flags); i++)
		if (s->report.flags & flags[i].report)
			r->flags |= flags[i].record;
	r->phase = (uint32_t)phase;
	r->supervisor_pid = sys_getpid();
	r->exit_code = s->report.exit_code;
	r->signal = s->report.signal;
	r->oom_kills = s->report.oom_kills;
	r->mem_peak_bytes = s->report.mem_peak_bytes;
	r->log_dropped_bytes = s->report.log_dropped_bytes;
	int failed = record_write(CTL_FILE_FD, r, &ignored);
	(void)failed; /* whoever is connected is told all the same */
}

/* What is half set up does not outlive who sets it up: until the credentials change the kernel sees
 * to it, from the moment on that it is asked to. Before that moment, nobody reads the pipe. */
static bool is_orphan(int error_pipe)
{
	struct pollfd p = {.fd = error_pipe};
	const struct timespec now = {0, 0};

	return sys_ppoll(&p, 1, &now) != 0;
}

/* In the child: signals as a program expects them, then the rest of the plan. Comes back only to
 * tell what failed. */
static _Noreturn void child(struct supervisor *s)
{
	struct apply_failure failure = {.err = ISO_ERR_INIT};
	const uint64_t none = 0;

	s->apply.at++;
	if (sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0) || is_orphan(s->apply.error_pipe))
		(void)iso_err_sys(&failure.err, "die with the supervisor");
	else if (sys_sigmask(SIG_SETMASK, &none))
		(void)iso_err_sys(&failure.err, "unblock signals");
	else if (!apply_run(&s->apply, &failure.err))
		(void)iso_err_set(&failure.err, ISO_FAULT_PROTOCOL, 0, "the plan has no 'exec'");
	failure.step = s->apply.at;
	(void)sys_write(s->apply.error_pipe, &failure, sizeof(failure));
	sys_exit(EXIT_CHILD);
}

/* Whoever waits for the start may also end it, however long the set-up takes. */
static ssize_t read_failure(struct supervisor *s, struct apply_failure *ret)
{
	struct pollfd fds[2 + 2 * MAX_CLIENTS];

	for (;;) {
		fds[0] = (struct pollfd){.fd = s->apply.error_pipe, .events = POLLIN};
		clients_poll(s, fds + 1);
		if (sys_ppoll(fds, iso_len(fds), NULL) < 0)
			continue;
		if (fds[0].revents)
			return sys_read(s->apply.error_pipe, ret, sizeof(*ret));
		clients_on(s, fds + 1);
	}
}

/* The pipe is at its end: an execve closed it, or the process dies. Both close it a moment before
 * they can be seen. Return: 0 it runs, or has run; -1 it was killed on the way. */
static int wait_for_name(struct supervisor *s, struct iso_err *err)
{
	struct pollfd p = {.fd = s->apply.pidfd, .events = POLLIN};
	const struct timespec moment = {.tv_nsec = MOMENT_NS};

	while (!usage_has_run(s->apply.child_pid))
		if (sys_ppoll(&p, 1, &moment) == 1 && !usage_has_run(s->apply.child_pid))
			return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
				s->report.flags & REPORT_STOP_ASKED
					? "the task was stopped while it was set up"
					: "the task's process was killed while it was set up "
					  "(memory limit too low?)");
	return 0;
}

/* Return: 0 started; -1 err. */
static int wait_for_exec(struct supervisor *s, struct iso_err *err)
{
	struct apply_failure failure;
	ssize_t n = read_failure(s, &failure);

	if (n < 0)
		return iso_err_sys(err, "hear from the task's process");
	s->apply.error_pipe = fd_close(s->apply.error_pipe);
	if (n == 0)
		return wait_for_name(s, err);
	if (n != sizeof(failure))
		return iso_err_set(
			err, ISO_FAULT_PROTOCOL, 0, "the task's process ended while it was set up");
	failure.err.text[sizeof(failure.err.text) - 1] = '\0';
	*err = failure.err;
	s->report.step = failure.step;
	return -1;
}

static int open_logs(struct supervisor *s, struct iso_err *err)
{
	for (uint32_t i = 0; i < s->steps.header->n_steps; i++) {
		const struct step *step = &s->steps.step[i];
		if (step->op != STEP_LOG)
			continue;
		struct log *l = &s->log[step->num[0]];
		l->fifo = s->apply.log_read[step->num[0]];
		l->console = s->console[step->num[0]];
		s->console[step->num[0]] = -1; /* the log's from here on */
		if (l->console >= 0)
			(void)sys_fcntl(l->console, F_SETFL, O_NONBLOCK);
		if (log_open(l, steps_str(&s->steps, step, 1), steps_str(&s->steps, step, 2),
			    step->num[1], step->num[2], err))
			return -1;
	}
	return 0;
}

/* What only the child needed: mounts that are attached now would otherwise be held by us for as
 * long as the task runs. */
static void close_slots(struct supervisor *s)
{
	for (unsigned i = 0; i < N_SLOTS; i++) {
		bool cgroup = false;
		for (uint32_t n = 0; n < s->steps.header->n_steps; n++)
			cgroup = cgroup || (s->steps.step[n].op == STEP_CGROUP_MAKE &&
						   s->steps.step[n].to == i);
		if (!cgroup)
			s->apply.slot[i] = fd_close(s->apply.slot[i]);
	}
}

static int record_process(struct supervisor *s, struct iso_err *err)
{
	struct identity id;

	if (identity_of(s->apply.pidfd, s->apply.child_pid, &id))
		return iso_err_sys(err, "look at the task's process");
	s->record.task_pid = s->apply.child_pid;
	s->record.task_pid_inode = id.pid_inode;
	s->record.task_start_ticks = id.start_ticks;
	supervise_record(s, RECORD_CLONED);
	return 0;
}

/* Its process and what that may have started by now. */
static void end_start(struct supervisor *s)
{
	(void)sys_pidfd_send_signal(s->apply.pidfd, SIGKILL);
	usage_kill_cgroup(&s->apply);
	(void)sys_waitid(P_PID, s->apply.child_pid, NULL, WEXITED);
}

static int start(struct supervisor *s, struct iso_err *err)
{
	if (apply_run(&s->apply, err))
		return -1;
	if (s->apply.is_child)
		child(s);
	if (record_process(s, err) || wait_for_exec(s, err) || open_logs(s, err) ||
		clients_open(s, err)) {
		end_start(s);
		return -1;
	}
	s->record.started_unix_ms = sys_unix_now_ms();
	supervise_record(s, RECORD_RUNNING);
	close_slots(s);
	return 0;
}

/* ---- while it runs ---- */

void supervise_set_exit(struct supervisor *s, bool killed, int status)
{
	s->report.signal = killed ? status : 0;
	s->report.exit_code = killed ? SIGNAL_BASE + status : status;
}

static void on_exit_of_task(struct supervisor *s)
{
	siginfo_t info = {.si_pid = 0};

	if (s->adopted)
		adopt_status(s);
	else if (sys_waitid(P_PID, s->apply.child_pid, &info, WEXITED))
		return;
	else
		supervise_set_exit(s, info.si_code != CLD_EXITED, info.si_status);
	stop_event(s, SUP_EV_EXITED);
	s->record.ended_unix_ms = sys_unix_now_ms();
	supervise_record(s, RECORD_EXITED); /* known from here on, whatever happens to us */
	if (!(s->steps.header->flags & STEPS_PID_PRIVATE))
		usage_kill_cgroup(&s->apply);
	clients_end_sessions(s);
	while (!sys_waitid(P_ALL, 0, &info, WEXITED))
		; /* orphans that came to us: all are dead by now */
}

/* The next moment at which something is due without an event; none: sleep on. */
static bool timeout(const struct supervisor *s, struct timespec *ret)
{
	uint64_t at = clients_time_ms(s);

	if (s->kill_at_ms && s->state == SUP_STOPPING && (!at || s->kill_at_ms < at))
		at = s->kill_at_ms;
	if (!at)
		return false;
	uint64_t now = sys_now_ms(), left = at > now ? at - now : 0;
	*ret = (struct timespec){
		.tv_sec = (time_t)(left / 1000), .tv_nsec = (long)(left % 1000) * 1000000};
	return true;
}

static void on_time(struct supervisor *s)
{
	clients_on_time(s);
	if (s->kill_at_ms && s->state == SUP_STOPPING && sys_now_ms() >= s->kill_at_ms)
		stop_event(s, SUP_EV_TIME);
}

static struct pollfd poll_log(const struct log *l)
{
	if (l->fifo < 0)
		return (struct pollfd){.fd = -1};
	return l->blocked ? (struct pollfd){.fd = l->console, .events = POLLOUT}
			  : (struct pollfd){.fd = l->fifo, .events = POLLIN};
}

static void one_round(struct supervisor *s)
{
	struct timespec time;
	struct pollfd fds[N_FDS];

	fds[0] = (struct pollfd){.fd = s->apply.pidfd, .events = POLLIN};
	fds[1] = poll_log(&s->log[1]);
	fds[2] = poll_log(&s->log[2]);
	clients_poll(s, fds + 3);
	if (sys_ppoll(fds, N_FDS, timeout(s, &time) ? &time : NULL) < 0)
		return;
	for (unsigned stream = 1; stream < N_STREAMS; stream++)
		if (fds[stream].revents)
			(void)log_move(&s->log[stream]);
	clients_on(s, fds + 3);
	if (fds[0].revents)
		on_exit_of_task(s);
	on_time(s);
}

/* ---- after its end ---- */

/* All writers are gone: what is in the FIFOs is the rest. A console that does not read holds us
 * here, as it held the task. */
static void drain(struct supervisor *s)
{
	for (unsigned stream = 1; stream < N_STREAMS; stream++) {
		struct log *l = &s->log[stream];
		while (l->fifo >= 0 && (log_move(l) == LOG_MORE || l->blocked)) {
			struct pollfd p = {.fd = l->console, .events = POLLOUT};
			if (l->blocked)
				(void)sys_ppoll(&p, 1, NULL);
		}
		s->report.log_dropped_bytes += l->dropped;
		l->dropped = 0;
	}
}

static void close_logs(struct supervisor *s)
{
	for (unsigned stream = 1; stream < N_STREAMS; stream++) {
		log_done(&s->log[stream]);
		/* the console ends here, also when there was no log to begin with */
		s->console[stream] = fd_close(s->console[stream]);
	}
}

/* The lock goes before the connections do: who hears the end may start the task again at once. The
 * kernel closes the descriptors of an ended process in an order of its own. The file of a task that
 * nobody will ask for goes with its directories (record_forget()). */
static void leave(const struct supervisor *s)
{
	char path[PATH_ROOM];
	struct iso_err ignored;
	size_t len = strlen(s->dir);
	bool over = s->record.phase == RECORD_CLEANED || s->record.phase == RECORD_FAILED;

	record_unlock(CTL_FILE_FD);
	if (!over || len >= sizeof(path) || !record_is_forgotten(CTL_FILE_FD) ||
		record_lock(CTL_FILE_FD, &ignored))
		return;
	own_fd dir = sys_openat(AT_FDCWD, s->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (dir < 0 || sys_unlinkat(dir, RECORD_FILE, 0))
		return;
	(void)sys_unlinkat(dir, RECORD_NEW, 0); /* of a starter that was killed over it */
	memcpy(path, s->dir, len + 1);
	(void)sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
	*strrchr(path, '/') = '\0';
	(void)sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR); /* unless another task's is there */
}

static void finish(struct supervisor *s)
{
	s->report.kind = REPORT_EXITED;
	s->report.mem_limit_bytes = s->steps.header->mem_limit_bytes;
	if (s->record.phase == RECORD_EXITED && !s->report.mem_peak_bytes)
		usage_read(&s->apply, &s->report);
	clients_tell(s, &s->report, false, NULL); /* they do not wait for the console */
	drain(s);
	supervise_record(s, RECORD_EXITED);
	clients_tell(s, &s->report, true, NULL);
	clients_close(s);
	close_logs(s);
	if (apply_undo(&s->apply))
		supervise_record(s, RECORD_CLEANED); /* else the next one tries again */
	leave(s);
}

/* A start that has failed. A record that is left as it is says the same: nothing of it lives, and
 * it is to be cleaned. */
static int fail(struct supervisor *s, const struct iso_err *err)
{
	s->report.kind = REPORT_FAILED;
	s->report.err = *err;
	clients_close(s);
	if (s->apply.steps && apply_undo(&s->apply))
		supervise_record(s, RECORD_FAILED);
	leave(s);
	clients_tell(s, &s->report, true, NULL);
	return 1;
}

/* A task is not ours to end because we cannot be its supervisor: the next one may. Record and task
 * stay as they were. */
static int give_back(struct supervisor *s, const struct iso_err *err)
{
	const struct ctl_report report = {.version = CTL_VERSION,
		.kind = REPORT_FAILED,
		.flags = REPORT_ADOPTED,
		.step = ~0U,
		.err = *err};

	clients_close(s);
	record_unlock(CTL_FILE_FD);
	clients_tell(s, &report, true, NULL);
	return 1;
}

static void tell_started(struct supervisor *s)
{
	const struct ctl_report report = {
		.version = CTL_VERSION,
		.kind = REPORT_STARTED,
		.pid = s->apply.child_pid,
		.flags = s->adopted ? REPORT_ADOPTED : 0,
	};
	const struct ctl_fds fds = {.fd = {s->apply.pidfd}, .n = 1};

	clients_tell(s, &report, true, &fds);
}

/*
 * What only the start needed goes back to the kernel: the stack below us and this call, and the
 * pages of the task's file, which come back when the end reads them. A task that sleeps for a month
 * has a supervisor of some 20 kB.
 */
static void slim(const struct supervisor *s)
{
	const uintptr_t page = 4096, most = 31 * page, calls = 1024;
	char here = 0;
	uintptr_t end = ((uintptr_t)&here - calls) & ~(page - 1);

	(void)sys_madvise((void *)(end - most), most, MADV_DONTNEED);
	(void)sys_madvise(s->file, s->file_bytes, MADV_DONTNEED);
}

/* ADOPT_RUNS, ADOPT_OVER; -1. */
static int take_over(struct supervisor *s, struct iso_err *err)
{
	int r = adopt(s, err);

	if (r != ADOPT_RUNS)
		return r;
	if (open_logs(s, err) || clients_open(s, err))
		return -1;
	supervise_record(s, RECORD_RUNNING);
	return ADOPT_RUNS;
}

static void live(struct supervisor *s)
{
	tell_started(s);
	if (s->adopted && (s->report.flags & REPORT_STOP_ASKED))
		stop_again(s);
	slim(s);
	while (s->state != SUP_ENDED)
		one_round(s);
}

static int adopted_main(struct supervisor *s)
{
	struct iso_err err = ISO_ERR_INIT;
	int r = prepare(s, &err);

	if (!r)
		r = take_over(s, &err);
	if (r < 0)
		return give_back(s, &err);
	if (r == ADOPT_RUNS)
		live(s);
	else if (s->record.phase == RECORD_FAILED)
		return fail(s, &s->report.err);
	finish(s);
	return 0;
}

static int start_main(struct supervisor *s)
{
	struct iso_err err = ISO_ERR_INIT;

	if (prepare(s, &err) || start(s, &err))
		return fail(s, &err);
	live(s);
	finish(s);
	return 0;
}

int main(int argc, char **argv)
{
	struct supervisor s = {.report = {.version = CTL_VERSION, .step = ~0U}};
	bool adopts = argc == 3 && !strcmp(argv[2], "adopt");

	if (argc != 2 && !adopts)
		return EXIT_USAGE;
	s.dir = argv[1];
	for (unsigned stream = 0; stream < N_STREAMS; stream++)
		log_init(&s.log[stream]);
	return adopts ? adopted_main(&s) : start_main(&s);
}
