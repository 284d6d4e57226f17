/*
 * The foreground runner: one poll loop over the supervisors' reports, the consoles, our signals and
 * the restart timers. It sleeps in poll and nowhere else.
 */
#include "alloc/alloc_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "run/dirs.h"
#include "run/internal.h"

enum {
	FDS_PER_TASK = 4,
	NS_PER_MS = 1000000
};

struct runner {
	const struct alloc_run_in *in;
	struct life *lives;
	size_t n;
	int signal_fd;
	bool stopping, settled;
	struct pollfd *poll;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / NS_PER_MS;
}

static void stop_all(struct runner *r, bool at_once)
{
	for (size_t i = 0; i < r->n; i++)
		life_stop(&r->lives[i], at_once);
}

static int output_of(const struct life *l, int stream)
{
	return l->run ? iso_task_output(l->run, stream) : -1;
}

static bool is_over(const struct life *l)
{
	return l->state == LIFE_DEAD && output_of(l, 1) < 0 && output_of(l, 2) < 0;
}

static bool all_over(const struct runner *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!is_over(&r->lives[i]))
			return false;
	return true;
}

/* A failed task takes its siblings with it; so does a leader, however it ended. */
static void on_deaths(struct runner *r)
{
	for (size_t i = 0; i < r->n && !r->stopping && r->n > 1; i++) {
		const struct life *l = &r->lives[i];
		if (l->state == LIFE_DEAD && (l->failed || l->task->leader)) {
			r->stopping = true;
			stop_all(r, false);
		}
	}
}

/* Each task runs or is given up; one that waits may do so for long, unless it is due. */
static bool is_settled(const struct runner *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct life *l = &r->lives[i];
		if (l->state == LIFE_PENDING || l->state == LIFE_FETCHING ||
			l->state == LIFE_STARTING ||
			(l->state == LIFE_WAITING && l->wake_ms <= now_ms()))
			return false;
	}
	return true;
}

/* A runner that would only wait for an end that others see too. */
static bool is_needless(const struct runner *r)
{
	return r->in->detached && r->n == 1 && r->lives[0].state == LIFE_RUNNING &&
	       !life_may_restart(&r->lives[0]);
}

static bool goes_on(struct runner *r)
{
	if (!r->settled && is_settled(r)) {
		r->settled = true;
		if (r->in->settled)
			r->in->settled(r->in->context);
	}
	return !all_over(r) && !is_needless(r);
}

static int timeout_ms(const struct runner *r, uint64_t now)
{
	int64_t least = -1;

	for (size_t i = 0; i < r->n; i++) {
		const struct life *l = &r->lives[i];
		if (l->state != LIFE_WAITING)
			continue;
		int64_t left = l->wake_ms > now ? (int64_t)(l->wake_ms - now) : 0;
		if (least < 0 || left < least)
			least = left;
	}
	return least > INT32_MAX ? INT32_MAX : (int)least;
}

static void read_signal(struct runner *r)
{
	struct signalfd_siginfo info;

	if (read(r->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	stop_all(r, r->stopping);
	r->stopping = true;
}

static int one_round(struct runner *r, struct iso_err *err)
{
	r->poll[0] = (struct pollfd){.fd = r->signal_fd, .events = POLLIN};
	for (size_t i = 0; i < r->n; i++) {
		const struct life *l = &r->lives[i];
		const int fds[FDS_PER_TASK] = {output_of(l, 1), output_of(l, 2),
			l->run ? iso_task_fd(l->run) : -1, l->fetch.report_fd};
		for (size_t k = 0; k < FDS_PER_TASK; k++)
			r->poll[1 + i * FDS_PER_TASK + k] =
				(struct pollfd){.fd = fds[k], .events = POLLIN};
	}
	if (poll(r->poll, 1 + r->n * FDS_PER_TASK, timeout_ms(r, now_ms())) < 0) {
		if (errno == EINTR)
			return 0;
		return iso_err_sys(err, "wait for the tasks");
	}

	uint64_t now = now_ms();
	if (r->poll[0].revents)
		read_signal(r);
	for (size_t i = 0; i < r->n; i++) {
		struct life *l = &r->lives[i];
		const struct pollfd *p = &r->poll[1 + i * FDS_PER_TASK];
		for (int stream = 1; stream <= 2; stream++)
			if (p[stream - 1].revents)
				life_on_output(l, stream);
		if (p[2].revents)
			life_on_report(l, now);
		if (p[3].revents)
			life_on_fetch(l, now);
		if (l->state == LIFE_WAITING && l->wake_ms <= now)
			life_start(l, now);
	}
	on_deaths(r);
	return 0;
}

static int block_signals(sigset_t *ret_old, struct iso_err *err)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < iso_len(signals); i++)
		(void)sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, ret_old))
		return iso_err_sys(err, "block signals");
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return iso_err_sys(err, "make a signalfd");
	return fd;
}

static int prepare(struct runner *r, struct arena *arena, struct iso_err *err)
{
	const struct alloc_run_in *in = r->in;

	for (size_t a = 0; a < in->n_allocs; a++)
		r->n += in->allocs[a]->n_tasks;
	r->lives = arena_array(arena, r->n, sizeof(*r->lives));
	r->poll = arena_array(arena, 1 + r->n * FDS_PER_TASK, sizeof(*r->poll));

	const struct life_how how = {.console = !in->detached, .keep = in->keep};
	size_t made = 0;
	for (size_t a = 0; a < in->n_allocs; a++)
		for (size_t t = 0; t < in->allocs[a]->n_tasks; t++, made++)
			if (life_init(&r->lives[made], &in->allocs[a]->tasks[t], in->machine,
				    in->watcher, &how, err)) {
				r->n = made;
				return -1;
			}
	return 0;
}

/* The alloc's data now; its state when the supervisors have cleaned up, which nobody waits for. */
static int remove_dirs(struct arena *arena, const struct alloc_run_in *in, struct iso_err *err)
{
	int result = 0;

	for (size_t a = 0; a < in->n_allocs; a++) {
		const struct alloc_spec *alloc = in->allocs[a];
		/* the task's state directory lies in the alloc's */
		char *state = arena_strdup(arena, alloc->tasks[0].config.state_dir);
		char *slash = strrchr(state, '/');
		if (slash)
			*slash = '\0';
		if (!in->keep && alloc_dirs_remove(alloc->tasks[0].config.alloc_dir, NULL, err))
			result = -1;
		for (size_t t = 0; t < alloc->n_tasks; t++) {
			if (run_forget(alloc->tasks[t].config.state_dir, err))
				result = -1;
			(void)rmdir(alloc->tasks[t].config.state_dir);
		}
		(void)rmdir(state); /* or whoever removes the last of them */
	}
	return result;
}

static int status_of(const struct runner *r)
{
	if (r->n == 1)
		return r->lives[0].exit_code;
	for (size_t i = 0; i < r->n; i++)
		if (r->lives[i].failed)
			return 1;
	return 0;
}

int alloc_run(
	struct arena *arena, const struct alloc_run_in *in, int *ret_status, struct iso_err *err)
{
	struct runner r = {.in = in};

	if (prepare(&r, arena, err)) {
		for (size_t i = 0; i < r.n; i++)
			life_done(&r.lives[i]);
		return -1;
	}
	sigset_t old;
	(void)umask(0); /* modes are written where things are made */
	own_fd signal_fd = block_signals(&old, err);
	if (signal_fd < 0)
		return -1;
	r.signal_fd = signal_fd;

	for (size_t i = 0; i < r.n && !r.stopping; i++) {
		life_begin(&r.lives[i], now_ms(), in->detached);
		on_deaths(&r);
	}
	int result = 0;
	while (!result && goes_on(&r))
		result = one_round(&r, err);

	*ret_status = status_of(&r);
	for (size_t i = 0; i < r.n; i++)
		life_done(&r.lives[i]);
	if (!in->detached && remove_dirs(arena, in, err))
		result = -1;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return result;
}
