/*
 * A list of calls as a BPF program (filter.h). What the list rests on: strace over every kind of
 * archive, http, https and name resolution, and what glibc and libcurl fall back to. Nothing on it
 * starts a program or a process, signals, changes modes or owners, makes memory executable that
 * was ever writable, or speaks to a terminal or to a local daemon.
 */
#include "fetch/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/attr.h"

enum {
	X32_BIT = 0x40000000,
	NEW_NAMESPACES = 0x7e020000, /* CLONE_NEW* of clone(2) */
	RULE_CODE = 6                /* instructions of a rule with a condition */
};

/* Allowed if (argument & mask) == value; mask 0: always. Rules of one call are alternatives. */
struct rule {
	uint16_t nr;
	uint8_t argument;
	uint32_t mask, value;
};

#define ANY(name)                                                                                  \
	{                                                                                          \
		__NR_##name, 0, 0, 0                                                               \
	}
#define IF(name, argument, mask, value)                                                            \
	{                                                                                          \
		__NR_##name, argument, mask, value                                                 \
	}
#define EQ(name, argument, value) IF(name, argument, UINT32_MAX, value)

/* A machine is its ABI and the calls that newer ones do without. */
#if defined(__x86_64__)
#define MACHINE   AUDIT_ARCH_X86_64
#define OLD_CALLS ANY(poll), ANY(stat), ANY(lstat), ANY(access),
#else
#define MACHINE AUDIT_ARCH_AARCH64
#define OLD_CALLS
#endif

/* clang-format off */
static const struct rule rules[] = {
	/* files */
	ANY(read), ANY(write), ANY(readv), ANY(writev), ANY(pread64), ANY(pwrite64), ANY(lseek),
	ANY(openat), ANY(openat2), ANY(close), ANY(fstat), ANY(newfstatat), ANY(statx),
	ANY(faccessat), ANY(faccessat2), ANY(getdents64), ANY(ftruncate), ANY(mkdirat),
	ANY(unlinkat), ANY(renameat), ANY(renameat2), ANY(symlinkat), ANY(linkat), ANY(readlinkat),
	/* F_SETOWN and F_SETSIG would signal others */
	EQ(fcntl, 1, F_DUPFD), EQ(fcntl, 1, F_DUPFD_CLOEXEC), EQ(fcntl, 1, F_GETFD),
	EQ(fcntl, 1, F_SETFD), EQ(fcntl, 1, F_GETFL), EQ(fcntl, 1, F_SETFL),
	EQ(ioctl, 1, FIONREAD), EQ(ioctl, 1, FIONBIO),
	/* network; a socket pair reaches nobody else */
	EQ(socket, 0, AF_INET), EQ(socket, 0, AF_INET6), ANY(socketpair), ANY(connect),
	ANY(shutdown), ANY(getsockname), ANY(getpeername), ANY(getsockopt), ANY(setsockopt),
	ANY(sendto), ANY(sendmsg), ANY(sendmmsg), ANY(recvfrom), ANY(recvmsg),
	ANY(ppoll), ANY(pselect6), ANY(pipe2), ANY(eventfd2),
	/* memory; shared objects are mapped executable and never writable */
	ANY(brk), ANY(munmap), ANY(mremap), ANY(madvise),
	IF(mmap, 2, PROT_EXEC, 0), IF(mmap, 2, PROT_WRITE, 0), IF(mprotect, 2, PROT_EXEC, 0),
	/* threads: getaddrinfo runs in one. clone3 is refused: its flags cannot be seen */
	IF(clone, 0, CLONE_THREAD | NEW_NAMESPACES, CLONE_THREAD), ANY(set_robust_list), ANY(rseq),
	ANY(futex), ANY(sched_yield), ANY(sched_getaffinity), ANY(exit), ANY(exit_group),
	ANY(rt_sigaction), ANY(rt_sigprocmask), ANY(rt_sigreturn), ANY(sigaltstack),
	ANY(restart_syscall),
	/* questions */
	ANY(getpid), ANY(gettid), ANY(getuid), ANY(geteuid), ANY(getgid), ANY(getegid), ANY(uname),
	ANY(getrandom), ANY(gettimeofday), ANY(clock_gettime), ANY(clock_nanosleep),
	ANY(nanosleep),
	OLD_CALLS
};
/* clang-format on */

struct program {
	struct sock_filter code[RULE_CODE * iso_len(rules) + 8];
	unsigned short n;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	p->code[p->n++] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

static void emit_rule(struct program *p, const struct rule *r)
{
	size_t low = offsetof(struct seccomp_data, args) + r->argument * sizeof(uint64_t);

	if (!r->mask) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, 1);
		emit(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		return;
	}
	/* The low word: the kernel, too, takes no more of these (little-endian machines). */
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, RULE_CODE - 1);
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)low, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, r->mask, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

int filter_enter(struct iso_err *err)
{
	struct program p = {.n = 0};

	emit(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	emit(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit(&p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	for (size_t i = 0; i < iso_len(rules); i++)
		emit_rule(&p, &rules[i]);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	const struct sock_fprog program = {.len = p.n, .filter = p.code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)
		       ? iso_err_sys(err, "load the seccomp filter")
		       : 0;
}
