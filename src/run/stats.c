/* Reading a task's counters, by the asker, from directories that the supervisor hands out: it does
 * no work for statistics and nobody can make it do some. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/num.h"
#include "base/own.h"
#include "run/internal.h"

enum {
	TEXT_ROOM = 8 * 1024,
	NS_PER_US = 1000,
	NS_PER_TICK = 10000000, /* USER_HZ is 100 in every kernel interface */
};
#define UNLIMITED 0x7fffffffffff0000ULL /* v1 says its largest number, rounded to pages */

enum unit {
	PLAIN,
	MICROSECONDS,
	TICKS
};

/* One number: a line "name value" of a file, or with no name all of it. */
struct counter {
	enum ctl_stats_fd where;
	const char *file, *name;
	size_t at; /* offset of a uint64_t in struct iso_stats */
	enum unit unit;
};

#define AT(field) offsetof(struct iso_stats, field)
static const struct counter v2[] = {
	{STATS_FD_V2, "cpu.stat", "usage_usec", AT(cpu_total_ns), MICROSECONDS},
	{STATS_FD_V2, "cpu.stat", "user_usec", AT(cpu_user_ns), MICROSECONDS},
	{STATS_FD_V2, "cpu.stat", "system_usec", AT(cpu_system_ns), MICROSECONDS},
	{STATS_FD_V2, "cpu.stat", "nr_throttled", AT(cpu_throttled_periods), PLAIN},
	{STATS_FD_V2, "cpu.stat", "throttled_usec", AT(cpu_throttled_ns), MICROSECONDS},
	{STATS_FD_V2, "memory.current", NULL, AT(mem_usage_bytes), PLAIN},
	{STATS_FD_V2, "memory.peak", NULL, AT(mem_peak_bytes), PLAIN},
	{STATS_FD_V2, "memory.stat", "anon", AT(mem_rss_bytes), PLAIN},
	{STATS_FD_V2, "memory.stat", "file", AT(mem_cache_bytes), PLAIN},
	{STATS_FD_V2, "memory.swap.current", NULL, AT(mem_swap_bytes), PLAIN},
	{STATS_FD_V2, "memory.max", NULL, AT(mem_limit_bytes), PLAIN},
	{STATS_FD_V2, "pids.current", NULL, AT(n_pids), PLAIN},
};
static const struct counter v1[] = {
	{STATS_FD_CPU, "cpuacct.usage", NULL, AT(cpu_total_ns), PLAIN},
	{STATS_FD_CPU, "cpuacct.stat", "user", AT(cpu_user_ns), TICKS},
	{STATS_FD_CPU, "cpuacct.stat", "system", AT(cpu_system_ns), TICKS},
	{STATS_FD_CPU, "cpu.stat", "nr_throttled", AT(cpu_throttled_periods), PLAIN},
	{STATS_FD_CPU, "cpu.stat", "throttled_time", AT(cpu_throttled_ns), PLAIN},
	{STATS_FD_MEMORY, "memory.usage_in_bytes", NULL, AT(mem_usage_bytes), PLAIN},
	{STATS_FD_MEMORY, "memory.max_usage_in_bytes", NULL, AT(mem_peak_bytes), PLAIN},
	{STATS_FD_MEMORY, "memory.stat", "total_rss", AT(mem_rss_bytes), PLAIN},
	{STATS_FD_MEMORY, "memory.stat", "total_cache", AT(mem_cache_bytes), PLAIN},
	{STATS_FD_MEMORY, "memory.stat", "total_swap", AT(mem_swap_bytes), PLAIN},
	{STATS_FD_MEMORY, "memory.limit_in_bytes", NULL, AT(mem_limit_bytes), PLAIN},
	{STATS_FD_PIDS, "pids.current", NULL, AT(n_pids), PLAIN},
};

static uint64_t find(const char *text, const char *name)
{
	size_t len = name ? strlen(name) : 0;
	uint64_t value = 0;

	if (!name) {
		(void)num_u64_at(&text, &value); /* "max" stays 0 */
		return value;
	}
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) || line[len] != ' ')
			continue;
		const char *at = line + len + 1;
		(void)num_u64_at(&at, &value);
		return value;
	}
	return 0;
}

static void count(const struct counter *list, size_t n, const int *fd, struct iso_stats *ret)
{
	static const uint64_t factor[] = {
		[PLAIN] = 1, [MICROSECONDS] = NS_PER_US, [TICKS] = NS_PER_TICK};
	char text[TEXT_ROOM];
	const char *read_file = "";

	for (size_t i = 0; i < n; i++) {
		const struct counter *c = &list[i];
		if (fd[c->where] < 0)
			continue;
		if (strcmp(read_file, c->file) != 0 &&
			fd_get(fd[c->where], c->file, text, sizeof(text)) < 0)
			text[0] = '\0';
		read_file = c->file;
		uint64_t value = find(text, c->name) * factor[c->unit];
		if (value)
			memcpy((unsigned char *)ret + c->at, &value, sizeof(value));
	}
}

int iso_stats(struct iso_task *task, struct iso_stats *ret, struct iso_err *err)
{
	const struct ctl_ask ask = {.version = CTL_VERSION, .kind = ASK_STATS};
	struct ctl_report report;
	own_ctl_fds fds = CTL_FDS_INIT;
	int fd[N_STATS_FDS];
	struct timespec now;

	if (run_ask(task, &ask, REPORT_STATS, &report, &fds, err))
		return -1;
	for (unsigned i = 0, k = 0; i < N_STATS_FDS; i++)
		fd[i] = report.stats_fds >> i & 1 && k < fds.n ? fds.fd[k++] : -1;
	*ret = (struct iso_stats){0};
	count(v2, iso_len(v2), fd, ret);
	count(v1, iso_len(v1), fd, ret);
	if (ret->mem_limit_bytes >= UNLIMITED)
		ret->mem_limit_bytes = 0;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	ret->stamp_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return 0;
}
