/* Reading counters of cgroup v1 and v2 (usage.h). */
#include "watch/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/num.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	TEXT_ROOM = 1024,
	KILL_ROUNDS = 1000,
	KILL_WAIT_NS = 1000000,
	FREEZE_ROUNDS = 1000, /* of FREEZE_WAIT_NS: a tenth of a second */
	FREEZE_WAIT_NS = 100000,
	PIDS_ROOM = 4096
};

/* "name value" on a line of its own. */
static uint64_t value_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	uint64_t value = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ') {
			const char *at = line + len + 1;
			(void)num_u64_at(&at, &value);
			return value;
		}
	}
	return 0;
}

static uint64_t number_in(int dir, const char *file)
{
	char text[TEXT_ROOM];
	const char *at = text;
	uint64_t value = 0;

	if (fd_get(dir, file, text, sizeof(text)) > 0)
		(void)num_u64_at(&at, &value);
	return value;
}

/* The slot that files of this name were written to: the controller's directory. */
static int written_with(const struct apply *a, const char *prefix)
{
	for (uint32_t i = 0; i < a->steps->header->n_steps; i++) {
		const struct step *s = &a->steps->step[i];
		if (s->op == STEP_CGROUP_WRITE &&
			!strncmp(steps_str(a->steps, s, 0), prefix, strlen(prefix)))
			return apply_from(a, s);
	}
	return -1;
}

/* The directory that the task is born in: v2, also on hybrids. */
static int v2_cgroup(const struct apply *a)
{
	for (uint32_t i = 0; i < a->steps->header->n_steps; i++)
		if (a->steps->step[i].op == STEP_CLONE)
			return apply_from(a, &a->steps->step[i]);
	return -1;
}

int usage_stats_fd(const struct apply *a, enum ctl_stats_fd which)
{
	static const char *const prefix[N_STATS_FDS] = {
		[STATS_FD_MEMORY] = "memory.",
		[STATS_FD_CPU] = "cpu.",
		[STATS_FD_PIDS] = "pids.",
	};
	int v2 = v2_cgroup(a), fd = prefix[which] ? written_with(a, prefix[which]) : v2;

	return prefix[which] && fd == v2 ? -1 : fd; /* v2 has one for all */
}

void usage_read(const struct apply *a, struct ctl_report *report)
{
	char text[TEXT_ROOM];
	int dir = written_with(a, "memory.");

	if (dir < 0)
		return;
	if (fd_get(dir, "memory.oom_control", text, sizeof(text)) > 0) {
		report->oom_kills = (uint32_t)value_of(text, "oom_kill");
		report->mem_peak_bytes = number_in(dir, "memory.max_usage_in_bytes");
	} else if (fd_get(dir, "memory.events", text, sizeof(text)) > 0) {
		/* memory.oom.group: the kernel counts the process that it chose twice, alone and
		 * as one of the group (mm/oom_kill.c, oom_kill_process) */
		report->oom_kills =
			(uint32_t)(value_of(text, "oom_kill") - value_of(text, "oom_group_kill"));
		report->mem_peak_bytes = number_in(dir, "memory.peak");
	}
}

/* Any leaf of the task serves: all its processes are in each. The last one: v2 where there is one,
 * else the freezer's. */
static int any_cgroup(const struct apply *a)
{
	for (uint32_t i = a->steps->header->n_steps; i-- > 0;)
		if (a->steps->step[i].op == STEP_CGROUP_MAKE)
			return a->slot[a->steps->step[i].to];
	return -1;
}

/* One round over the list; false when it was empty. A pid is made a descriptor and looked up again
 * before it is killed: it may be somebody else's by now. */
static bool kill_listed(int dir)
{
	char text[PIDS_ROOM], again[PIDS_ROOM], needle[32];
	uint64_t pid;

	if (fd_get(dir, "cgroup.procs", text, sizeof(text)) <= 0)
		return false;
	for (const char *at = text; num_u64_at(&at, &pid); at += *at == '\n') {
		own_fd pidfd = sys_pidfd_open((pid_t)pid, 0);
		ssize_t n = pidfd < 0 ? -1 : fd_get(dir, "cgroup.procs", again, sizeof(again));
		int len = snprintf(needle, sizeof(needle), "%llu\n", (unsigned long long)pid);
		const char *hit = n > 0 && len > 0 ? strstr(again, needle) : NULL;
		if (hit && (hit == again || hit[-1] == '\n'))
			(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	}
	return text[0] >= '0' && text[0] <= '9';
}

static bool put_word(int dir, const char *file, const char *word)
{
	return !fd_put(dir, file, word, strlen(word));
}

static bool is_frozen(int dir, bool v2)
{
	char text[TEXT_ROOM];

	if (fd_get(dir, v2 ? "cgroup.events" : "freezer.state", text, sizeof(text)) <= 0)
		return false;
	return v2 ? value_of(text, "frozen") == 1 : !strncmp(text, "FROZEN", 6);
}

bool usage_freeze(const struct apply *a)
{
	int dir = any_cgroup(a);
	bool v2 = put_word(dir, "cgroup.freeze", "1");

	if (!v2 && !put_word(dir, "freezer.state", "FROZEN"))
		return false;
	for (unsigned round = 0; round < FREEZE_ROUNDS; round++) {
		const struct timespec wait = {.tv_nsec = FREEZE_WAIT_NS};
		if (is_frozen(dir, v2))
			return true;
		(void)sys_ppoll(NULL, 0, &wait); /* v1 tells nobody when it is done */
	}
	return false;
}

void usage_thaw(const struct apply *a)
{
	int dir = any_cgroup(a);

	/* twice: a task that stays frozen never gets its signal */
	for (unsigned tries = 0; tries < 2; tries++)
		if (put_word(dir, "cgroup.freeze", "0") || put_word(dir, "freezer.state", "THAWED"))
			return;
}

void usage_kill_cgroup(const struct apply *a)
{
	int dir = any_cgroup(a);

	if (dir < 0)
		return;
	/* v2: all at once. v1: frozen, so that nothing forks faster than it is killed. Either way
	 * the list is emptied below. */
	if (!put_word(dir, "cgroup.kill", "1") && put_word(dir, "freezer.state", "FROZEN")) {
		(void)kill_listed(dir);
		(void)put_word(dir, "freezer.state", "THAWED");
	}
	for (unsigned round = 0; round < KILL_ROUNDS && kill_listed(dir); round++) {
		const struct timespec wait = {.tv_nsec = KILL_WAIT_NS};
		(void)sys_ppoll(NULL, 0, &wait);
	}
}

bool usage_has_run(int pid)
{
	char path[64], text[TEXT_ROOM];

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return fd_get(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, USAGE_NAME "\n") != 0;
}
