/*
 * pieces DIR STATE SUPERVISE: the kernel's part of one start, written as plainly as can be, so that
 * the sum of the pieces can be told beside the whole. What isoexec decides, checks, records and
 * undoes is left out. A client (client.h); its marks are enum piece.
 *
 * The payload is counted with its own process, and so is the sandbox: the product has one of the
 * two (about 0.1 ms that the sum has too much). DIR is on a disk, as the data
 * directory, STATE in memory, as /run.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

enum piece {
	SUM,        /* of a start: all but REMOVED */
	PAYLOAD,    /* a bare posix_spawn of /usr/bin/true */
	SUPERVISOR, /* the supervisor's program started; it ends at once */
	CGROUPS,    /* made, limited, entered */
	NAMESPACES, /* a process in new mount, pid, ipc, uts namespaces; their end */
	MOUNTS,     /* the task's root, inside */
	RIGHTS,     /* ids, bounding set, system call filter, inside */
	FILES,      /* directories, FIFOs, record */
	REMOVED,    /* cgroups and files */
	SUM_ALL
};

enum {
	PATH_BYTES = 256,
	FILTER_LENGTH = 252, /* of profile hardened */
	FILTER_STRIDE = 20,
	LAST_CAPABILITY = 40,
	NOBODY = 65534,
	RECORD_BYTES = 16384
};

static const char *dir, *state_dir;
static char *supervise[] = {NULL, NULL};
static bool v2;
static int self;           /* the child is number 1 */
static int64_t *inside_ns; /* shared with the child: CLIENT_MARKS of them */

static const char *at(const char *name)
{
	static char path[PATH_BYTES];
	const char *in = strncmp(name, "state", 5) != 0 ? dir : state_dir;
	(void)snprintf(path, sizeof(path), "%s/%s", in, name);
	return path;
}

/* ---- programs ---- */

static int spawn(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;

	(void)posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd <= 2; fd++)
		(void)posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	int e = posix_spawn(&pid, argv[0], &actions, NULL, argv, NULL);
	while (!e && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

/* ---- cgroups ---- */

static const struct limit {
	const char *hierarchy, *file, *value;
} limits[] = {
	{"memory", "memory.limit_in_bytes", "314572800"},
	{"memory", "memory.memsw.limit_in_bytes", "314572800"},
	{"memory", "memory.swappiness", "0"},
	{"cpu", "cpu.shares", "100"},
	{"pids", "pids.max", "4096"},
	{"devices", "devices.deny", "a"},
	{"devices", "devices.allow", "c 1:3 rw"},
	{"devices", "devices.allow", "c 1:5 rw"},
	{"devices", "devices.allow", "c 1:7 rw"},
	{"devices", "devices.allow", "c 1:8 rw"},
	{"devices", "devices.allow", "c 1:9 rw"},
	{"devices", "devices.allow", "c 5:0 rw"},
	{"devices", "devices.allow", "c 5:2 rw"},
	{"devices", "devices.allow", "c 136:* rw"},
	{"unified", "memory.max", "314572800"},
	{"unified", "memory.swap.max", "0"},
	{"unified", "cpu.weight", "10"},
	{"unified", "pids.max", "4096"},
};
static const char *const hierarchies[] = {"memory", "cpu", "pids", "devices", "unified"};
enum {
	N_LIMITS = sizeof(limits) / sizeof(limits[0]),
	N_HIERARCHIES = sizeof(hierarchies) / sizeof(hierarchies[0]),
	UNIFIED = N_HIERARCHIES - 1
};

static const char *cgroup(const char *hierarchy, const char *file)
{
	static char path[PATH_BYTES];
	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%sisoexec-bench-piece-%d/%s",
		v2 ? "" : hierarchy, v2 ? "" : "/", self, file);
	return path;
}

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int bad = fd < 0 || write(fd, value, strlen(value)) < 0;
	if (fd >= 0)
		(void)close(fd);
	return bad;
}

static int make_cgroups(void)
{
	for (int i = v2 ? UNIFIED : 0; i < N_HIERARCHIES; i++)
		if (mkdir(cgroup(hierarchies[i], ""), 0755))
			return 1;
	for (int i = 0; i < N_LIMITS; i++)
		if (!strcmp(limits[i].hierarchy, "unified") == v2)
			(void)put(cgroup(limits[i].hierarchy, limits[i].file), limits[i].value);
	return 0;
}

static int remove_cgroups(void)
{
	int bad = 0;
	for (int i = v2 ? UNIFIED : 0; i < N_HIERARCHIES; i++)
		bad |= rmdir(cgroup(hierarchies[i], ""));
	return bad;
}

/* ---- mounts ---- */

static const struct mounting {
	const char *source, *target, *type;
	unsigned long flags;
	const char *data;
} mountings[] = {
	{"main", "main", NULL, 0, NULL},
	{"/etc", "main/etc", "overlay", MS_RDONLY, "mask"}, /* what hides keys and password files */
	{"/usr", "main/usr", NULL, MS_RDONLY, NULL},
	{"alloc", "main/alloc", NULL, 0, NULL},
	{"alloc/logs", "main/alloc/logs", NULL, MS_RDONLY, NULL},
	{"tmpfs", "main/secrets", "tmpfs", 0, "size=1m,mode=700,uid=65534"},
	{"proc", "main/proc", "proc", 0, NULL},
	{"sysfs", "main/sys", "sysfs", MS_RDONLY, NULL},
	{"tmpfs", "main/dev", "tmpfs", 0, "size=64k,mode=755"},
	{"devpts", "main/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620"},
	{"tmpfs", "main/dev/shm", "tmpfs", 0, "size=64m,mode=1777"},
	{"mqueue", "main/dev/mqueue", "mqueue", 0, NULL},
	{"main/proc/bus", "main/proc/bus", NULL, MS_RDONLY, NULL},
	{"main/proc/fs", "main/proc/fs", NULL, MS_RDONLY, NULL},
	{"main/proc/irq", "main/proc/irq", NULL, MS_RDONLY, NULL},
	{"main/proc/sys", "main/proc/sys", NULL, MS_RDONLY, NULL},
	{"main/proc/driver", "main/proc/driver", NULL, MS_RDONLY, NULL},
	{"main/proc/tty", "main/proc/tty", NULL, MS_RDONLY, NULL},
	{"/dev/null", "main/proc/keys", NULL, 0, NULL},
	{"/dev/null", "main/proc/key-users", NULL, 0, NULL},
	{"/dev/null", "main/proc/interrupts", NULL, 0, NULL},
	{"tmpfs", "main/proc/acpi", "tmpfs", MS_RDONLY, "size=4k,nr_inodes=2"},
	{"tmpfs", "main/proc/scsi", "tmpfs", MS_RDONLY, "size=4k,nr_inodes=2"},
	{"tmpfs", "main/sys/firmware", "tmpfs", MS_RDONLY, "size=4k,nr_inodes=2"},
	{"tmpfs", "main/sys/kernel", "tmpfs", MS_RDONLY, "size=4k,nr_inodes=2"},
	{"tmpfs", "main/sys/module", "tmpfs", MS_RDONLY, "size=4k,nr_inodes=2"},
};
enum {
	N_MOUNTINGS = sizeof(mountings) / sizeof(mountings[0])
};
static const struct node {
	const char *name;
	unsigned major, minor;
} nodes[] = {{"main/dev/null", 1, 3}, {"main/dev/zero", 1, 5}, {"main/dev/full", 1, 7},
	{"main/dev/random", 1, 8}, {"main/dev/urandom", 1, 9}, {"main/dev/tty", 5, 0}};

/* A machine may lack a file that is masked: not a failure. */
static void mount_one(const struct mounting *m)
{
	char target[PATH_BYTES], source[PATH_BYTES], data[2 * PATH_BYTES];
	const unsigned long safe = MS_NOSUID | MS_NODEV * (strcmp(m->target, "main/dev") != 0);

	(void)snprintf(target, sizeof(target), "%s", at(m->target));
	(void)snprintf(source, sizeof(source), "%s",
		m->type || m->source[0] == '/' ? m->source : at(m->source));
	(void)snprintf(data, sizeof(data), "lowerdir=%s:/etc", at("mask"));
	if (m->type) {
		const char *options = !strcmp(m->type, "overlay") ? data : m->data;
		(void)mount(source, target, m->type, m->flags | safe, options);
		return;
	}
	if (!mount(source, target, NULL, MS_BIND, NULL))
		(void)mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | m->flags | safe, NULL);
}

static int mounts(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 1;
	for (int i = 0; i < N_MOUNTINGS; i++) {
		mount_one(&mountings[i]);
		if (strcmp(mountings[i].target, "main/dev") != 0)
			continue;
		for (size_t k = 0; k < sizeof(nodes) / sizeof(nodes[0]); k++)
			(void)mknod(at(nodes[k].name), S_IFCHR | 0666,
				makedev(nodes[k].major, nodes[k].minor));
		(void)mkdir(at("main/dev/pts"), 0755);
		(void)mkdir(at("main/dev/shm"), 0755);
		(void)mkdir(at("main/dev/mqueue"), 0755);
	}
	return chdir(at("main")) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH);
}

/* ---- rights ---- */

static int rights(void)
{
	static struct sock_filter filter[FILTER_LENGTH];
	const struct sock_fprog program = {.len = FILTER_LENGTH, .filter = filter};

	/* the way of each call is short, as by binary search: the kernel walks it for every number
	 */
	for (int i = 0; i < FILTER_LENGTH - 1; i++)
		filter[i] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
			i + FILTER_STRIDE < FILTER_LENGTH ? FILTER_STRIDE - 1 : 0);
	filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	filter[FILTER_LENGTH - 1] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	for (unsigned long c = 0; c <= LAST_CAPABILITY; c++)
		(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	return syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
	       syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) ||
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* ---- the sandbox's process ---- */

static int inside(void)
{
	int64_t start = client_now_ns();
	for (int i = 0; i < UNIFIED && !v2; i++)
		(void)put(cgroup(hierarchies[i], "tasks"), "0");
	int64_t entered = client_now_ns();
	if (mounts())
		return 1;
	int64_t mounted = client_now_ns();
	if (rights())
		return 2;
	inside_ns[CGROUPS] = entered - start;
	inside_ns[MOUNTS] = mounted - entered;
	inside_ns[RIGHTS] = client_now_ns() - mounted;
	return 0;
}

static int sandbox(void)
{
	int status = -1;
	int fd = open(cgroup("unified", ""), O_PATH | O_CLOEXEC);
	struct clone_args args = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD};
	if (fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)fd;
	}
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(inside());
	if (fd >= 0)
		(void)close(fd);
	while (pid > 0 && waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* ---- files ---- */

static const char *const directories[] = {"state", "state/alloc", "state/alloc/task", "data",
	"data/alloc", "data/alloc/data", "data/alloc/logs", "data/alloc/tmp", "data/task",
	"data/task/local", "data/task/tmp"};
static const char *const files[] = {"state/alloc/task/stdout", "state/alloc/task/stderr",
	"state/alloc/task/record", "data/alloc/logs/stdout.0", "data/alloc/logs/stderr.0"};
enum {
	N_DIRECTORIES = sizeof(directories) / sizeof(directories[0]),
	N_FILES = sizeof(files) / sizeof(files[0]),
	N_FIFOS = 2
};

static int make_files(void)
{
	static const char record[RECORD_BYTES];

	for (int i = 0; i < N_DIRECTORIES; i++)
		if (mkdir(at(directories[i]), 0755))
			return 1;
	for (int i = 0; i < N_FILES; i++) {
		if (mknod(at(files[i]), i < N_FIFOS ? S_IFIFO | 0600 : S_IFREG | 0600, 0))
			return 1;
	}
	int fd = open(at(files[N_FIFOS]), O_WRONLY | O_CLOEXEC);
	int bad = fd < 0 || write(fd, record, sizeof(record)) < 0;
	if (fd >= 0)
		(void)close(fd);
	return bad;
}

static int remove_files(void)
{
	int bad = 0;
	for (int i = N_FILES; i-- > 0;)
		bad |= unlink(at(files[i]));
	for (int i = N_DIRECTORIES; i-- > 0;)
		bad |= rmdir(at(directories[i]));
	return bad;
}

/* ---- the place of the mounts: made once, as the product's directories are in `files` ---- */

static const char *const place[] = {"", "mask", "alloc", "alloc/logs", "main", "main/etc",
	"main/usr", "main/alloc", "main/secrets", "main/proc", "main/sys", "main/dev"};
enum {
	N_PLACE = sizeof(place) / sizeof(place[0])
};

static int make_place(void)
{
	for (int i = 0; i < N_PLACE; i++)
		if (mkdir(at(place[i]), 0755) && errno != EEXIST)
			return 1;
	return 0;
}

static void remove_place(void)
{
	for (int i = N_PLACE; i-- > 0;)
		(void)rmdir(at(place[i]));
}

/* ---- one round ---- */

static int run_one(int64_t marks[CLIENT_MARKS])
{
	static char program[] = "/usr/bin/true";
	static char *const payload[] = {program, NULL};
	int64_t t[8];

	t[0] = client_now_ns();
	int bad = make_files();
	t[1] = client_now_ns();
	bad |= spawn(supervise);
	t[2] = client_now_ns();
	bad |= make_cgroups();
	t[3] = client_now_ns();
	bad |= sandbox();
	t[4] = client_now_ns();
	bad |= spawn(payload);
	t[5] = client_now_ns();
	bad |= remove_cgroups();
	bad |= remove_files();
	t[7] = client_now_ns();
	marks[SUM] += t[5] - t[0];
	marks[SUM_ALL] += t[7] - t[0];
	marks[REMOVED] += t[7] - t[5];
	marks[PAYLOAD] += t[5] - t[4];
	marks[SUPERVISOR] += t[2] - t[1];
	marks[CGROUPS] += t[3] - t[2] + inside_ns[CGROUPS];
	marks[NAMESPACES] +=
		t[4] - t[3] - inside_ns[CGROUPS] - inside_ns[MOUNTS] - inside_ns[RIGHTS];
	marks[MOUNTS] += inside_ns[MOUNTS];
	marks[RIGHTS] += inside_ns[RIGHTS];
	marks[FILES] += t[1] - t[0];
	return bad;
}

int main(int argc, char **argv)
{
	static const struct client_verbs verbs = {.run = run_one};

	if (argc != 4) {
		(void)fprintf(stderr, "usage: pieces DIR STATE SUPERVISE\n");
		return 2;
	}
	dir = argv[1];
	self = getpid();
	state_dir = argv[2];
	supervise[0] = argv[3];
	v2 = !access("/sys/fs/cgroup/cgroup.controllers", F_OK);
	inside_ns = mmap(NULL, sizeof(*inside_ns) * CLIENT_MARKS, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (inside_ns == MAP_FAILED || make_place())
		return 1;
	int r = client_main(&verbs);
	remove_place();
	return r;
}
