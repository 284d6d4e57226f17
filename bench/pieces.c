/*
 * pieces WHAT: one piece of a start, alone, so that the sum of the pieces can be told beside the
 * whole (bench/run.sh). dynamic     a dynamic program that does nothing cgroups     five
 * directories made and limited, entered, removed namespaces  a process with new mount, pid, ipc and
 * uts namespaces that ends at once dirs        the directories of an alloc made and removed
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const hierarchies[] = {"memory", "cpu", "pids", "devices", "unified"};
enum {
	N_HIERARCHIES = sizeof(hierarchies) / sizeof(hierarchies[0]),
	N_DIRS = 12
};

static int put(const char *dir, const char *file, const char *value)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int bad = fd < 0 || write(fd, value, strlen(value)) < 0;
	if (fd >= 0)
		(void)close(fd);
	return bad;
}

static int cgroups(void)
{
	char dir[128];

	for (int i = 0; i < N_HIERARCHIES; i++) {
		(void)snprintf(dir, sizeof(dir), "/sys/fs/cgroup/%s/isoexec-bench-%d",
			hierarchies[i], getpid());
		if (mkdir(dir, 0755))
			return 1;
		int bad = i == 0   ? put(dir, "memory.limit_in_bytes", "314572800")
			  : i == 1 ? put(dir, "cpu.shares", "100")
			  : i == 2 ? put(dir, "pids.max", "4096")
			  : i == 3 ? put(dir, "devices.deny", "a") ||
					     put(dir, "devices.allow", "c 1:3 rw")
				   : 0;
		if (bad)
			return 1;
	}
	for (int i = 0; i < N_HIERARCHIES; i++) {
		(void)snprintf(dir, sizeof(dir), "/sys/fs/cgroup/%s/isoexec-bench-%d",
			hierarchies[i], getpid());
		if (rmdir(dir))
			return 1;
	}
	return 0;
}

static int namespaces(void)
{
	struct clone_args args = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) < 0;
}

static int dirs(void)
{
	char name[N_DIRS][64];

	for (int i = 0; i < N_DIRS; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "/tmp/isoexec-bench-%d-%d", getpid(), i);
		if (mkdir(name[i], 0755))
			return 1;
	}
	for (int i = 0; i < N_DIRS; i++)
		if (rmdir(name[i]))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "cgroups"))
		return cgroups();
	if (!strcmp(what, "namespaces"))
		return namespaces();
	if (!strcmp(what, "dirs"))
		return dirs();
	return strcmp(what, "dynamic") != 0;
}
