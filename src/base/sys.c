/*
 * The kernel calls (sys.h). One function does every one of them, which is where a test build puts
 * faults in (sys_call.h). 64-bit machines only: offsets and sizes fit one register.
 */
#include "base/sys.h"

#include <asm/unistd.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/own.h"
#include "base/sys_call.h"

static_assert(sizeof(struct sys_stat) == 256, "struct statx of the kernel has 256 bytes");

#define P(pointer) ((long)(uintptr_t)(pointer))

enum {
	SIGSET_BYTES = 8, /* the kernel's sigset_t, not the C library's */
};

#define call0(nr)                sys_call(nr, 0, 0, 0, 0, 0, 0)
#define call1(nr, a)             sys_call(nr, a, 0, 0, 0, 0, 0)
#define call2(nr, a, b)          sys_call(nr, a, b, 0, 0, 0, 0)
#define call3(nr, a, b, c)       sys_call(nr, a, b, c, 0, 0, 0)
#define call4(nr, a, b, c, d)    sys_call(nr, a, b, c, d, 0, 0)
#define call5(nr, a, b, c, d, e) sys_call(nr, a, b, c, d, e, 0)

int sys_openat(int dir_fd, const char *path, int flags, unsigned mode)
{
	return (int)call4(__NR_openat, dir_fd, P(path), flags, (long)mode);
}
int sys_openat2(int dir_fd, const char *path, const struct open_how *how)
{
	return (int)call4(__NR_openat2, dir_fd, P(path), P(how), sizeof(*how));
}
int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)call3(__NR_close_range, (long)first, (long)last, (long)flags);
}
int sys_dup3(int old_fd, int new_fd, int flags)
{
	return (int)call3(__NR_dup3, old_fd, new_fd, flags);
}
int sys_pipe2(int fd[2], int flags)
{
	return (int)call2(__NR_pipe2, P(fd), flags);
}
ssize_t sys_read(int fd, void *data, size_t len)
{
	return call3(__NR_read, fd, P(data), (long)len);
}
ssize_t sys_write(int fd, const void *data, size_t len)
{
	return call3(__NR_write, fd, P(data), (long)len);
}
ssize_t sys_pread(int fd, void *data, size_t len, uint64_t at)
{
	return call4(__NR_pread64, fd, P(data), (long)len, (long)at);
}
ssize_t sys_pwrite(int fd, const void *data, size_t len, uint64_t at)
{
	return call4(__NR_pwrite64, fd, P(data), (long)len, (long)at);
}
int sys_flock_free(int fd)
{
	return (int)call2(__NR_flock, fd, LOCK_UN);
}
int sys_flock_now(int fd)
{
	return (int)call2(__NR_flock, fd, LOCK_EX | LOCK_NB);
}
int sys_fcntl(int fd, int command, int argument)
{
	return (int)call3(__NR_fcntl, fd, command, argument);
}
ssize_t sys_tee(int in, int out, size_t len, unsigned flags)
{
	return call4(__NR_tee, in, out, (long)len, (long)flags);
}
ssize_t sys_splice(int in, int out, uint64_t at, size_t len, unsigned flags)
{
	return sys_call(__NR_splice, in, 0, out, P(&at), (long)len, (long)flags);
}
int sys_fsync(int fd)
{
	return (int)call1(__NR_fsync, fd);
}
int sys_statx(int dir_fd, const char *path, int flags, unsigned mask, struct sys_stat *ret)
{
	return (int)call5(__NR_statx, dir_fd, P(path), flags, (long)mask, P(ret));
}
static int is_type(int fd, unsigned long magic)
{
	struct statfs fs;
	if (call2(__NR_fstatfs, fd, P(&fs)))
		return -1;
	return (unsigned long)fs.f_type == magic;
}
int sys_fd_is_cgroup2(int fd)
{
	return is_type(fd, SYS_CGROUP2_MAGIC);
}
int sys_fd_is_devpts(int fd)
{
	return is_type(fd, SYS_DEVPTS_MAGIC);
}
int sys_fd_is_pidfs(int fd)
{
	return is_type(fd, SYS_PIDFS_MAGIC);
}
int sys_mkdirat(int dir_fd, const char *path, unsigned mode)
{
	return (int)call3(__NR_mkdirat, dir_fd, P(path), (long)mode);
}
int sys_mknodat(int dir_fd, const char *path, unsigned mode, unsigned major, unsigned minor)
{
	return (int)call4(__NR_mknodat, dir_fd, P(path), (long)mode, (long)makedev(major, minor));
}
int sys_symlinkat(const char *target, int dir_fd, const char *path)
{
	return (int)call3(__NR_symlinkat, P(target), dir_fd, P(path));
}
int sys_unlinkat(int dir_fd, const char *path, int flags)
{
	return (int)call3(__NR_unlinkat, dir_fd, P(path), flags);
}
int sys_renameat(int old_dir, const char *old_path, int new_dir, const char *new_path)
{
	return (int)call5(__NR_renameat2, old_dir, P(old_path), new_dir, P(new_path), 0);
}
ssize_t sys_readlinkat(int dir_fd, const char *path, char *ret, size_t room)
{
	return call4(__NR_readlinkat, dir_fd, P(path), P(ret), (long)room);
}
int sys_fchown(int fd, unsigned uid, unsigned gid)
{
	return (int)call3(__NR_fchown, fd, (long)uid, (long)gid);
}
int sys_fchmod(int fd, unsigned mode)
{
	return (int)call2(__NR_fchmod, fd, (long)mode);
}
int sys_ftruncate(int fd, uint64_t len)
{
	return (int)call2(__NR_ftruncate, fd, (long)len);
}
int sys_fchdir(int fd)
{
	return (int)call1(__NR_fchdir, fd);
}
int sys_chdir(const char *path)
{
	return (int)call1(__NR_chdir, P(path));
}
int sys_chroot(const char *path)
{
	return (int)call1(__NR_chroot, P(path));
}
ssize_t sys_getcwd(char *ret, size_t room)
{
	return call2(__NR_getcwd, P(ret), (long)room);
}
ssize_t sys_getdents64(int fd, void *ret, size_t room)
{
	return call3(__NR_getdents64, fd, P(ret), (long)room);
}

int sys_open_tree(int dir_fd, const char *path, unsigned flags)
{
	return (int)call3(__NR_open_tree, dir_fd, P(path), (long)flags);
}
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)call5(__NR_move_mount, from_fd, P(from), to_fd, P(to), (long)flags);
}
int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, const struct mount_attr *attr)
{
	return (int)call5(__NR_mount_setattr, dir_fd, P(path), (long)flags, P(attr), sizeof(*attr));
}
int sys_fsopen(const char *type, unsigned flags)
{
	return (int)call2(__NR_fsopen, P(type), (long)flags);
}
int sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux)
{
	return (int)call5(__NR_fsconfig, fd, (long)command, P(key), P(value), aux);
}
int sys_fsmount(int fd, unsigned flags, unsigned attr)
{
	return (int)call3(__NR_fsmount, fd, (long)flags, (long)attr);
}
int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	const void *data)
{
	return (int)call5(__NR_mount, P(source), P(target), P(type), (long)flags, P(data));
}
int sys_umount2(const char *target, int flags)
{
	return (int)call2(__NR_umount2, P(target), flags);
}
int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)call2(__NR_pivot_root, P(new_root), P(put_old));
}

long sys_clone3(struct clone_args *args)
{
	return call2(__NR_clone3, P(args), sizeof(*args));
}
long sys_fork(void)
{
	return call5(__NR_clone, SIGCHLD, 0, 0, 0, 0);
}
int sys_setns(int fd, int type)
{
	return (int)call2(__NR_setns, fd, type);
}
int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)call2(__NR_pidfd_open, pid, (long)flags);
}
int sys_pidfd_send_signal(int pidfd, int signal)
{
	return (int)call4(__NR_pidfd_send_signal, pidfd, signal, 0, 0);
}
int sys_kill(pid_t pid, int signal)
{
	return (int)call2(__NR_kill, pid, signal);
}
int sys_pidfd_exit_status(int pidfd, int *ret_status)
{
	/* include/uapi/linux/pidfd.h of 6.15, struct pidfd_info: the 6.1 headers lack it */
	struct {
		uint64_t mask, cgroup_id;
		uint32_t ids[11];
		int32_t exit_code;
		uint64_t room[4];
	} info = {.mask = 1U << 3}; /* PIDFD_INFO_EXIT */
	enum {
		GET_INFO = 11 /* PIDFD_GET_INFO, type 0xff */
	};

	if (call3(__NR_ioctl, pidfd, (long)_IOWR(0xff, GET_INFO, info), P(&info)))
		return -1;
	if (!(info.mask & 1U << 3)) {
		errno = ENODATA;
		return -1;
	}
	*ret_status = info.exit_code;
	return 0;
}
int sys_waitid(int type, int id, siginfo_t *ret, int options)
{
	return (int)call5(__NR_waitid, type, id, P(ret), options, 0);
}
int sys_execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)call3(__NR_execve, P(path), P(argv), P(envp));
}
void sys_exit(int status)
{
	_exit(status);
}
int sys_getpid(void)
{
	return (int)call0(__NR_getpid);
}
int sys_setsid(void)
{
	return (int)call0(__NR_setsid);
}
int sys_ppoll(struct pollfd *fds, size_t n, const struct timespec *timeout)
{
	struct timespec left = {0}; /* the kernel writes the rest back */
	if (timeout)
		left = *timeout;
	return (int)call5(__NR_ppoll, P(fds), (long)n, timeout ? P(&left) : 0, 0, SIGSET_BYTES);
}
int sys_ioctl(int fd, unsigned request, void *argument)
{
	return (int)call3(__NR_ioctl, fd, (long)request, P(argument));
}
static int unix_address(const char *path, struct sockaddr_un *ret)
{
	size_t len = strlen(path);
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len >= sizeof(ret->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(ret->sun_path, path, len + 1);
	return (int)call3(__NR_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}
int sys_unix_listen(const char *path)
{
	enum {
		BACKLOG = 16
	};
	struct sockaddr_un address;
	int fd = unix_address(path, &address);
	if (fd >= 0 && !call3(__NR_bind, fd, P(&address), sizeof(address)) &&
		!call2(__NR_listen, fd, BACKLOG))
		return fd;
	return fd < 0 ? -1 : fd_close(fd);
}
int sys_unix_connect(const char *path)
{
	struct sockaddr_un address;
	int fd = unix_address(path, &address);
	if (fd >= 0 && !call3(__NR_connect, fd, P(&address), sizeof(address)))
		return fd;
	return fd < 0 ? -1 : fd_close(fd);
}
int sys_accept(int fd, int flags)
{
	return (int)call4(__NR_accept4, fd, 0, 0, flags);
}
int sys_peer_uid(int fd, unsigned *ret)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (call5(__NR_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, P(&peer), P(&len)))
		return -1;
	*ret = peer.uid;
	return 0;
}
ssize_t sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return call3(__NR_sendmsg, fd, P(message), flags);
}
ssize_t sys_recvmsg(int fd, struct msghdr *message, int flags)
{
	return call3(__NR_recvmsg, fd, P(message), flags);
}
int sys_signalfd(const uint64_t *mask, int flags)
{
	return (int)call4(__NR_signalfd4, -1, P(mask), SIGSET_BYTES, flags);
}
int sys_sigmask(int how, const uint64_t *mask)
{
	return (int)call4(__NR_rt_sigprocmask, how, P(mask), 0, SIGSET_BYTES);
}
int sys_sigwait(const uint64_t *mask)
{
	return (int)call4(__NR_rt_sigtimedwait, P(mask), 0, 0, SIGSET_BYTES);
}
int sys_sigdefault(int signal)
{
	/* the kernel's struct sigaction, all zero: SIG_DFL, no flags, no restorer, empty mask */
	static const uint64_t none[8];
	return (int)call4(__NR_rt_sigaction, signal, P(none), 0, SIGSET_BYTES);
}
uint64_t sys_now_ms(void)
{
	struct timespec now = {0};
	(void)call2(__NR_clock_gettime, CLOCK_MONOTONIC, P(&now));
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
uint64_t sys_unix_now_ms(void)
{
	struct timespec now = {0};
	(void)call2(__NR_clock_gettime, CLOCK_REALTIME, P(&now));
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c)
{
	return (int)call5(__NR_prctl, option, (long)a, (long)b, (long)c, 0);
}
int sys_capset(const struct __user_cap_header_struct *h, const struct __user_cap_data_struct *d)
{
	return (int)call2(__NR_capset, P(h), P(d));
}
int sys_capget(struct __user_cap_header_struct *h, struct __user_cap_data_struct *d)
{
	return (int)call2(__NR_capget, P(h), P(d));
}
int sys_setresuid(unsigned r, unsigned e, unsigned s)
{
	return (int)call3(__NR_setresuid, (long)r, (long)e, (long)s);
}
int sys_setresgid(unsigned r, unsigned e, unsigned s)
{
	return (int)call3(__NR_setresgid, (long)r, (long)e, (long)s);
}
int sys_getresuid(unsigned ret[3])
{
	return (int)call3(__NR_getresuid, P(&ret[0]), P(&ret[1]), P(&ret[2]));
}
int sys_getresgid(unsigned ret[3])
{
	return (int)call3(__NR_getresgid, P(&ret[0]), P(&ret[1]), P(&ret[2]));
}
int sys_setgroups(size_t n, const unsigned *groups)
{
	return (int)call2(__NR_setgroups, (long)n, P(groups));
}
int sys_getgroups(size_t n, unsigned *groups)
{
	return (int)call2(__NR_getgroups, (long)n, P(groups));
}
int sys_seccomp(unsigned op, unsigned flags, const struct sock_fprog *program)
{
	return (int)call3(__NR_seccomp, (long)op, (long)flags, P(program));
}
int sys_keyctl_join_anonymous(void)
{
	enum {
		JOIN_SESSION_KEYRING = 1 /* include/uapi/linux/keyctl.h */
	};
	return (int)call2(__NR_keyctl, JOIN_SESSION_KEYRING, 0);
}
int sys_prlimit(unsigned resource, const uint64_t set[2], uint64_t ret_old[2])
{
	return (int)call4(__NR_prlimit64, 0, (long)resource, P(set), P(ret_old));
}
int sys_sched_setaffinity_all(void)
{
	uint64_t all[128]; /* 8,192 processors: the kernel's own limit */
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		all[i] = ~(uint64_t)0;
	return (int)call3(__NR_sched_setaffinity, 0, sizeof(all), P(all));
}
int sys_umask(unsigned mask)
{
	return (int)call1(__NR_umask, (long)mask);
}
int sys_landlock_scope(uint64_t scoped)
{
	const struct sys_landlock_ruleset_attr attr = {.scoped = scoped};
	int fd = (int)call3(__NR_landlock_create_ruleset, P(&attr), sizeof(attr), 0);
	if (fd < 0)
		return -1;
	int r = (int)call2(__NR_landlock_restrict_self, fd, 0);
	(void)close(fd);
	return r;
}
int sys_bpf(unsigned command, union bpf_attr *attr)
{
	return (int)call3(__NR_bpf, (long)command, P(attr), sizeof(*attr));
}
void *sys_map_at(size_t len, int protection, int flags, int fd, uint64_t at)
{
	long data = sys_call(__NR_mmap, 0, (long)len, protection, flags, fd, (long)at);
	return data == -1 ? NULL : (void *)(uintptr_t)data;
}
void *sys_map(size_t len, int protection, int flags, int fd)
{
	return sys_map_at(len, protection, flags, fd, 0);
}
int sys_unmap(void *data, size_t len)
{
	return (int)call2(__NR_munmap, P(data), (long)len);
}
int sys_madvise(void *data, size_t len, int advice)
{
	return (int)call3(__NR_madvise, P(data), (long)len, advice);
}
