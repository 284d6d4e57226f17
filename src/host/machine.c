/*
 * Facts of the machine that no task changes. On the way of every start: a dozen calls, nothing is
 * read that is not used.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/own.h"
#include "host/cgroups.h"
#include "host/facts.h"
#include "host/file.h"

enum {
	LAST_CAP_KNOWN = 40,
	DEFAULT_MHZ = 1000,
	KHZ_PER_MHZ = 1000
};

/* Highest capability: the kernel refuses to talk about the next one. */
static unsigned last_cap(void)
{
	unsigned cap = LAST_CAP_KNOWN;

	while (cap < 63 && prctl(PR_CAPBSET_READ, cap + 1, 0, 0, 0) >= 0)
		cap++;
	while (cap > 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
		cap--;
	return cap;
}

static uint64_t status_mask(const char *status, const char *name)
{
	const char *at = strstr(status, name);
	uint64_t mask = 0;

	if (!at)
		return 0;
	for (at += strlen(name); *at == '\t' || *at == ' '; at++)
		;
	for (; *at && *at != '\n'; at++) {
		unsigned digit = (unsigned)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
		mask = mask << 4 | digit;
	}
	return mask;
}

static int landlock_abi(void)
{
	enum {
		VERSION = 1
	}; /* LANDLOCK_CREATE_RULESET_VERSION */
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION);
	return abi > 0 ? (int)abi : 0;
}

static bool has_openat2(void)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	own_fd fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));
	return fd >= 0;
}

/* uname -r "6.18.44-x": is it at least this? For features that have no cheaper probe. */
static bool at_least(const char *release, unsigned major, unsigned minor)
{
	unsigned have[2] = {0, 0};
	int part = 0;

	for (; *release && part < 2; release++) {
		if (*release >= '0' && *release <= '9')
			have[part] = have[part] * 10 + (unsigned)(*release - '0');
		else if (*release == '.')
			part++;
		else
			break;
	}
	return have[0] > major || (have[0] == major && have[1] >= minor);
}

/* The node's compute as Nomad counts it: processors times their highest frequency. */
static uint64_t total_mhz(struct arena *arena, unsigned n_cpus)
{
	struct iso_err ignored;
	const char *text = NULL;
	uint64_t khz = 0;

	if (!file_read(arena, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", &text,
		    &ignored))
		for (; *text >= '0' && *text <= '9'; text++)
			khz = khz * 10 + (uint64_t)(*text - '0');
	return n_cpus * (khz ? khz / KHZ_PER_MHZ : DEFAULT_MHZ);
}

static int read_mounts(struct arena *arena, struct host_facts *facts, struct iso_err *err)
{
	struct host_cgroups *ret = &facts->cgroups;
	const char *text;

	if (file_read(arena, "/proc/self/mountinfo", &text, err))
		return -1;
	cgroups_from_mountinfo(arena, text, ret);
	mount_points_from_mountinfo(arena, text, &facts->mount_points, &facts->n_mount_points);
	if (!ret->v2)
		return 0;
	if (!file_read(arena, arena_printf(arena, "%s/cgroup.controllers", ret->v2), &text, err))
		cgroups_add_v2_controllers(text, ret);
	return 0;
}

static const char *read_line(struct arena *arena, const char *path, const char *fallback)
{
	struct iso_err ignored;
	const char *text;

	if (file_read(arena, path, &text, &ignored) || !*text)
		return fallback;
	return arena_strndup(arena, text, strcspn(text, "\n"));
}

int host_facts_machine(struct arena *arena, struct host_facts *ret, struct iso_err *err)
{
	struct utsname names;
	struct rlimit nofile;
	const char *status, *filesystems;

	*ret = (struct host_facts){0};
	if (uname(&names) || getrlimit(RLIMIT_NOFILE, &nofile))
		return iso_err_sys(err, "ask the kernel for its name");
	if (file_read(arena, "/proc/self/status", &status, err) ||
		file_read(arena, "/proc/filesystems", &filesystems, err) ||
		read_mounts(arena, ret, err))
		return -1;
	ret->release = arena_strdup(arena, names.release);
	ret->machine = arena_strdup(arena, names.machine);
	ret->last_cap = last_cap();
	ret->bounding_set = status_mask(status, "CapBnd:");
	ret->permitted = status_mask(status, "CapPrm:");
	ret->landlock_abi = landlock_abi();
	ret->has_overlay = strstr(filesystems, "\toverlay\n") != NULL;
	ret->has_seccomp_filter = strstr(status, "Seccomp:") != NULL;
	ret->has_openat2 = has_openat2();
	ret->has_mount_setattr = at_least(names.release, 5, 12);
	ret->tmpfs_noswap = at_least(names.release, 6, 4);
	ret->cgroups.v2_kill = ret->cgroups.v2 && at_least(names.release, 5, 14);
	ret->is_root = geteuid() == 0;
	ret->nofile_soft = nofile.rlim_cur;
	ret->nofile_hard = nofile.rlim_max;
	ret->cpuset_cpus = read_line(arena, "/sys/devices/system/cpu/online", "0");
	ret->cpuset_mems = read_line(arena, "/sys/devices/system/node/online", "0");
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	ret->n_cpus = n > 0 ? (unsigned)n : 1;
	ret->total_mhz = total_mhz(arena, ret->n_cpus);
	return 0;
}
