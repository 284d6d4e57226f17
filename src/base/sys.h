/*
 * Every kernel call of ours goes through this module: for both C libraries (musl has no wrappers
 * for the newer ones) and so that a test build can make any one of them fail. All are raw system
 * calls: they return what the kernel says, -1 with errno on failure, and do nothing else. Names and
 * arguments are those of the manual pages.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include <sys/socket.h>
#include <sys/stat.h>

/* Constants that the 6.1 kernel headers or one of the C libraries lack. */
#ifndef MNT_DETACH
#define MNT_DETACH 2 /* include/linux/fs.h */
#endif
#define SYS_CGROUP2_MAGIC 0x63677270 /* include/uapi/linux/magic.h, CGROUP2_SUPER_MAGIC */
#define SYS_DEVPTS_MAGIC  0x1cd1     /* the same, DEVPTS_SUPER_MAGIC */
#define SYS_PIDFS_MAGIC   0x50494446 /* the same, PID_FS_MAGIC, Linux 6.9 */

/* include/uapi/linux/landlock.h of ABI 6: the structure grows with the ABI, hence our own. */
struct sys_landlock_ruleset_attr {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

/* include/uapi/linux/stat.h, struct statx: musl has none, and linux/stat.h clashes with it. */
struct sys_stat {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare0;
	uint64_t ino, size, blocks, attributes_mask;
	uint64_t times[8];
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint64_t spare[13];
};
#define SYS_STAT_BASIC  0x000007ffU /* STATX_BASIC_STATS */
#define SYS_STAT_MNT_ID 0x00001000U /* STATX_MNT_ID, Linux 5.8 */

int sys_openat(int dir_fd, const char *path, int flags, unsigned mode);
int sys_openat2(int dir_fd, const char *path, const struct open_how *how);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
int sys_dup3(int old_fd, int new_fd, int flags);
int sys_pipe2(int fd[2], int flags);
ssize_t sys_read(int fd, void *data, size_t len);
ssize_t sys_write(int fd, const void *data, size_t len);
ssize_t sys_pread(int fd, void *data, size_t len, uint64_t at);
ssize_t sys_pwrite(int fd, const void *data, size_t len, uint64_t at);
int sys_flock_now(int fd);  /* LOCK_EX | LOCK_NB */
int sys_flock_free(int fd); /* LOCK_UN */
int sys_fcntl(int fd, int command, int argument);
ssize_t sys_tee(int in, int out, size_t len, unsigned flags);
/* from a pipe to a file's offset @at */
ssize_t sys_splice(int in, int out, uint64_t at, size_t len, unsigned flags);
int sys_fsync(int fd);
int sys_statx(int dir_fd, const char *path, int flags, unsigned mask, struct sys_stat *ret);
int sys_fd_is_cgroup2(int fd); /* 1, 0, -1 */
int sys_fd_is_devpts(int fd);  /* 1, 0, -1 */
int sys_fd_is_pidfs(int fd);   /* 1, 0, -1 */
int sys_mkdirat(int dir_fd, const char *path, unsigned mode);
int sys_mknodat(int dir_fd, const char *path, unsigned mode, unsigned major, unsigned minor);
int sys_symlinkat(const char *target, int dir_fd, const char *path);
int sys_unlinkat(int dir_fd, const char *path, int flags);
int sys_renameat(int old_dir, const char *old_path, int new_dir, const char *new_path);
ssize_t sys_readlinkat(int dir_fd, const char *path, char *ret, size_t room);
int sys_fchown(int fd, unsigned uid, unsigned gid);
int sys_fchmod(int fd, unsigned mode);
int sys_ftruncate(int fd, uint64_t len);
int sys_fchdir(int fd);
int sys_chdir(const char *path);
int sys_chroot(const char *path);
ssize_t sys_getcwd(char *ret, size_t room);
ssize_t sys_getdents64(int fd, void *ret, size_t room);

int sys_open_tree(int dir_fd, const char *path, unsigned flags);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, const struct mount_attr *attr);
int sys_fsopen(const char *type, unsigned flags);
int sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux);
int sys_fsmount(int fd, unsigned flags, unsigned attr);
int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	const void *data);
int sys_umount2(const char *target, int flags);
int sys_pivot_root(const char *new_root, const char *put_old);

long sys_clone3(struct clone_args *args);
long sys_fork(void); /* clone(2) with SIGCHLD: behind a filter that does not know clone3 */
int sys_setns(int fd, int type);
int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int signal);
int sys_kill(pid_t pid, int signal); /* only for children that are not reaped, and their groups */
/* PIDFD_GET_INFO with PIDFD_INFO_EXIT (Linux 6.15): wait status of a process that somebody else has
 * reaped. -1: not there (yet), or an older kernel. */
int sys_pidfd_exit_status(int pidfd, int *ret_status);
int sys_waitid(int type, int id, siginfo_t *ret, int options);
int sys_execve(const char *path, char *const argv[], char *const envp[]);
_Noreturn void sys_exit(int status);
int sys_setsid(void);
int sys_getpid(void);
int sys_ppoll(struct pollfd *fds, size_t n, const struct timespec *timeout);
int sys_ioctl(int fd, unsigned request, void *argument);
/* AF_UNIX, SOCK_SEQPACKET, close-on-exec; the path is short: a name below /proc/self/fd/N */
int sys_unix_listen(const char *path);
int sys_unix_connect(const char *path);
int sys_accept(int fd, int flags);
int sys_peer_uid(int fd, unsigned *ret); /* SO_PEERCRED */
ssize_t sys_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t sys_recvmsg(int fd, struct msghdr *message, int flags);
int sys_signalfd(const uint64_t *mask, int flags);
int sys_sigmask(int how, const uint64_t *mask);
int sys_sigdefault(int signal);
int sys_sigwait(const uint64_t *mask); /* the signal's number */
uint64_t sys_now_ms(void);             /* CLOCK_MONOTONIC */
uint64_t sys_unix_now_ms(void);        /* CLOCK_REALTIME */

int sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c);
int sys_capset(const struct __user_cap_header_struct *h, const struct __user_cap_data_struct *d);
int sys_capget(struct __user_cap_header_struct *h, struct __user_cap_data_struct *d);
int sys_setresuid(unsigned r, unsigned e, unsigned s);
int sys_setresgid(unsigned r, unsigned e, unsigned s);
int sys_getresuid(unsigned ret[3]);
int sys_getresgid(unsigned ret[3]);
int sys_setgroups(size_t n, const unsigned *groups);
int sys_getgroups(size_t n, unsigned *groups);
int sys_seccomp(unsigned op, unsigned flags, const struct sock_fprog *program);
int sys_keyctl_join_anonymous(void);
int sys_prlimit(unsigned resource, const uint64_t set[2], uint64_t ret_old[2]);
int sys_sched_setaffinity_all(void);
int sys_umask(unsigned mask);
int sys_landlock_scope(uint64_t scoped); /* create a ruleset with scopes only and enter it */
int sys_bpf(unsigned command, union bpf_attr *attr);
void *sys_map(size_t len, int protection, int flags, int fd); /* NULL on failure */
void *sys_map_at(size_t len, int protection, int flags, int fd, uint64_t at);
int sys_unmap(void *data, size_t len);
int sys_madvise(void *data, size_t len, int advice);

#endif
