/*
 * isoexec-supervise: parent of one task. Reads a finished plan, applies it, holds the exit status,
 * stops the task, moves its output, cleans up. It interprets and decides nothing. Sleeps in ppoll
 * and nowhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "apply/apply.h"
#include "base/fd.h"
#include "base/num.h"
#include "base/own.h"
#include "base/sys.h"
#include "ctl/report.h"
#include "watch/log.h"
#include "watch/usage.h"

enum {
	FIRST_FOREIGN_FD = CTL_SECRETS_FD + 1,
	EXIT_CHILD = 127,
	N_STREAMS = 3
};

struct supervisor {
	struct steps steps;
	struct apply apply;
	struct log log[N_STREAMS]; /* by stream: 1 and 2 */
	int starter;               /* report socket, -1 = the starter is gone */
	bool exited;
	uint64_t kill_at_ms;      /* 0 = no stop under way */
	struct ctl_report report; /* the final one */
};

static int close_foreign(struct iso_err *err)
{
	if (sys_close_range(FIRST_FOREIGN_FD, ~0U, 0))
		return iso_err_sys(err, "close foreign descriptors");
	for (int fd = CTL_PLAN_FD; fd <= CTL_SECRETS_FD; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* EBADF: not passed */
	return 0;
}

static int read_plan(struct supervisor *s, struct iso_err *err)
{
	struct sys_stat st;

	if (sys_statx(CTL_PLAN_FD, "", AT_EMPTY_PATH, SYS_STAT_BASIC, &st))
		return iso_err_sys(err, "look at the plan on descriptor %d", CTL_PLAN_FD);
	if (!st.size || st.size > STEPS_MAX_BYTES)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0,
			"the plan on descriptor %d is empty or too large", CTL_PLAN_FD);
	const void *data = sys_map((size_t)st.size, PROT_READ, MAP_PRIVATE, CTL_PLAN_FD);
	if (!data)
		return iso_err_sys(err, "map the plan");
	return steps_read(data, (size_t)st.size, &s->steps, err);
}

/* Nothing interrupts us; what matters comes by descriptors. SIGPIPE of a console that went away is
 * an errno. */
static int become_supervisor(struct iso_err *err)
{
	const uint64_t all = ~(uint64_t)0;

	if (sys_sigmask(SIG_BLOCK, &all))
		return iso_err_sys(err, "block signals");
	(void)sys_umask(0); /* modes are the plan's, not the starter's */
	if (sys_setsid() < 0 && errno != EPERM)
		return iso_err_sys(err, "begin a session");
	return sys_prctl(PR_SET_DUMPABLE, 0, 0, 0) ? iso_err_sys(err, "set dumpable") : 0;
}

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0 ? fd : -1;
}

static int prepare(struct supervisor *s, struct iso_err *err)
{
	if (close_foreign(err) || become_supervisor(err) || read_plan(s, err))
		return -1;
	struct made_list *made =
		sys_map(sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	if (!made)
		return iso_err_sys(err, "map a page");
	apply_init(&s->apply, &s->steps, made, is_open(CTL_SECRETS_FD));
	/* with a pid namespace of its own process 1 of the task collects its orphans; here we do */
	if (!(s->steps.header->flags & STEPS_PID_PRIVATE) &&
		sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0))
		return iso_err_sys(err, "become a subreaper");
	return 0;
}

/* In the child: signals as a program expects them, then the rest of the plan. Comes back only to
 * tell what failed. */
static _Noreturn void child(struct supervisor *s)
{
	struct apply_failure failure = {.err = ISO_ERR_INIT};
	const uint64_t none = 0;

	s->apply.at++;
	if (sys_sigmask(SIG_SETMASK, &none))
		(void)iso_err_sys(&failure.err, "unblock signals");
	else if (!apply_run(&s->apply, &failure.err))
		(void)iso_err_set(&failure.err, ISO_FAULT_PROTOCOL, 0, "the plan has no 'exec'");
	failure.step = s->apply.at;
	(void)sys_write(s->apply.error_pipe, &failure, sizeof(failure));
	sys_exit(EXIT_CHILD);
}

/* End of file on the pipe is the execve. Return: 0 started; -1 err. */
static int wait_for_exec(struct supervisor *s, struct iso_err *err)
{
	struct apply_failure failure;
	ssize_t n;

	do
		n = sys_read(s->apply.error_pipe, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	s->apply.error_pipe = fd_close(s->apply.error_pipe);
	if (n == 0) {
		siginfo_t info = {.si_pid = 0};
		/* killed on the way: no message, no execve. Looked at without reaping: the status
		 * stays. */
		if (!sys_waitid(P_PID, s->apply.child_pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
			info.si_pid && info.si_code != CLD_EXITED &&
			!usage_has_run(s->apply.child_pid))
			return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
				"the task's process was killed while it was set up (memory limit "
				"too low?)");
		return 0;
	}
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
		l->console = is_open(step->num[0] == 1 ? CTL_CONSOLE_OUT_FD : CTL_CONSOLE_ERR_FD);
		if (l->console >= 0)
			(void)fcntl(l->console, F_SETFL, O_NONBLOCK);
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

static int start(struct supervisor *s, struct iso_err *err)
{
	if (prepare(s, err) || apply_run(&s->apply, err))
		return -1;
	if (s->apply.is_child)
		child(s);
	if (wait_for_exec(s, err) || open_logs(s, err)) {
		(void)sys_pidfd_send_signal(s->apply.pidfd, SIGKILL);
		(void)sys_waitid(P_PID, s->apply.child_pid, NULL, WEXITED);
		return -1;
	}
	close_slots(s);
	return 0;
}

static void tell(struct supervisor *s, const struct ctl_report *report)
{
	struct iso_err ignored;

	if (s->starter >= 0 && ctl_report_send(s->starter, report, &ignored) != 0)
		s->starter = fd_close(s->starter);
}

static void kill_all(struct supervisor *s)
{
	(void)sys_pidfd_send_signal(
		s->apply.pidfd, SIGKILL); /* process 1 of a pid namespace takes all others along */
	if (!(s->steps.header->flags & STEPS_PID_PRIVATE))
		usage_kill_cgroup(&s->apply);
}

static void stop(struct supervisor *s, const struct ctl_ask *ask)
{
	uint64_t grace =
		ask->grace_ms == UINT64_MAX ? s->steps.header->kill_timeout_ms : ask->grace_ms;
	int signal = ask->signal ? ask->signal : (int)s->steps.header->kill_signal;

	if (grace == 0) {
		kill_all(s);
		return;
	}
	(void)sys_pidfd_send_signal(s->apply.pidfd, signal);
	if (!s->kill_at_ms)
		s->kill_at_ms = sys_now_ms() + grace;
}

static void on_starter(struct supervisor *s)
{
	struct ctl_ask ask;
	struct iso_err ignored;

	if (ctl_ask_recv(s->starter, &ask, &ignored) != 0) {
		s->starter = fd_close(s->starter); /* gone, or not of our build: the task goes on */
		return;
	}
	if (ask.kind == ASK_STOP)
		stop(s, &ask);
	else if (ask.kind == ASK_SIGNAL)
		(void)sys_pidfd_send_signal(s->apply.pidfd, ask.signal);
}

static void on_exit_of_task(struct supervisor *s)
{
	siginfo_t info = {.si_pid = 0};

	if (sys_waitid(P_PID, s->apply.child_pid, &info, WEXITED))
		return;
	bool killed = info.si_code != CLD_EXITED;
	s->report.signal = killed ? info.si_status : 0;
	s->report.exit_code = killed ? 128 + info.si_status : info.si_status;
	s->exited = true;
	if (s->steps.header->flags & STEPS_PID_PRIVATE)
		return;
	usage_kill_cgroup(&s->apply);
	while (!sys_waitid(P_ALL, 0, &info, WEXITED))
		; /* orphans that came to us: all are dead by now */
}

static int timeout(const struct supervisor *s, struct timespec *ret)
{
	if (!s->kill_at_ms)
		return 0;
	uint64_t now = sys_now_ms(), left = s->kill_at_ms > now ? s->kill_at_ms - now : 0;
	*ret = (struct timespec){
		.tv_sec = (time_t)(left / 1000), .tv_nsec = (long)(left % 1000) * 1000000};
	return 1;
}

static void on_kill_time(struct supervisor *s)
{
	if (!s->kill_at_ms || s->exited || sys_now_ms() < s->kill_at_ms)
		return;
	s->report.forced = 1;
	s->kill_at_ms = 0;
	kill_all(s);
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
	struct pollfd fds[] = {
		{.fd = s->apply.pidfd, .events = POLLIN},
		{.fd = s->starter, .events = POLLIN},
		poll_log(&s->log[1]),
		poll_log(&s->log[2]),
	};

	if (sys_ppoll(fds, iso_len(fds), timeout(s, &time) ? &time : NULL) < 0)
		return;
	for (unsigned stream = 1; stream < N_STREAMS; stream++)
		if (fds[1 + stream].revents)
			(void)log_move(&s->log[stream]);
	if (fds[1].revents)
		on_starter(s);
	if (fds[0].revents)
		on_exit_of_task(s);
	on_kill_time(s);
}

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
	}
}

/* Nobody is there to be told: the record waits for whoever asks later. */
static void leave_record(const struct supervisor *s)
{
	for (uint32_t i = 0; i < s->steps.header->n_steps; i++) {
		const struct step *step = &s->steps.step[i];
		if (step->op != STEP_LOG || step->num[0] != 1)
			continue;
		char dir[4096];
		const char *fifo = steps_str(&s->steps, step, 0), *slash = strrchr(fifo, '/');
		if (!slash || (size_t)(slash - fifo) >= sizeof(dir))
			return;
		memcpy(dir, fifo, (size_t)(slash - fifo));
		dir[slash - fifo] = '\0';
		own_fd state = sys_openat(AT_FDCWD, dir, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		own_fd file =
			state < 0 ? -1
				  : sys_openat(state, "exit.new",
					    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
					    0600);
		if (file >= 0 && sys_write(file, &s->report, sizeof(s->report)) ==
					 (ssize_t)sizeof(s->report))
			(void)sys_renameat(state, "exit.new", state, "exit");
		return;
	}
}

static void close_logs(struct supervisor *s)
{
	for (unsigned stream = 1; stream < N_STREAMS; stream++)
		log_done(&s->log[stream]);
	/* the console ends here, also when there was no log to begin with */
	(void)fd_close(is_open(CTL_CONSOLE_OUT_FD));
	(void)fd_close(is_open(CTL_CONSOLE_ERR_FD));
}

static void finish(struct supervisor *s)
{
	drain(s);
	s->report.kind = REPORT_EXITED;
	s->report.mem_limit_bytes = s->steps.header->mem_limit_bytes;
	usage_read(&s->apply, &s->report);
	bool told = s->starter >= 0;
	tell(s, &s->report);
	if (!told || s->starter < 0)
		leave_record(s);
	close_logs(s);
	apply_undo(&s->apply);
}

int main(void)
{
	struct supervisor s = {
		.starter = CTL_REPORT_FD, .report = {.version = CTL_VERSION, .step = ~0U}};
	struct iso_err err = ISO_ERR_INIT;

	for (unsigned stream = 0; stream < N_STREAMS; stream++)
		log_init(&s.log[stream]);
	if (start(&s, &err)) {
		s.report.kind = REPORT_FAILED;
		s.report.err = err;
		if (s.steps.header) /* else nothing was begun */
			apply_undo(&s.apply);
		tell(&s, &s.report);
		return 1;
	}
	const struct ctl_report started = {
		.version = CTL_VERSION, .kind = REPORT_STARTED, .pid = s.apply.child_pid};
	tell(&s, &started);
	while (!s.exited)
		one_round(&s);
	finish(&s);
	return 0;
}
