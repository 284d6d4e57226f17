/* The filter of the worker, asked of the kernel: each call in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "fetch/filter.h"

enum answer {
	ANSWER_OTHER, /* the kernel looked at it */
	ANSWER_ENOSYS,
	ANSWER_DEATH
};

static void enter(void)
{
	struct iso_err err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || filter_enter(&err))
		_exit(2);
}

static enum answer answer_of(pid_t pid)
{
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return ANSWER_DEATH;
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 1);
	return WEXITSTATUS(status) ? ANSWER_ENOSYS : ANSWER_OTHER;
}

static enum answer ask(long nr, const long a[6])
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		pid_t self = getpid();
		enter();
		long r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		bool refused = r < 0 && errno == ENOSYS;
		syscall(__NR_exit_group, getpid() == self && refused ? 1 : 0);
	}
	return answer_of(pid);
}

static void test_table(void **state)
{
	(void)state;
	enum {
		PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS,
		PAGE = 4096
	};
	static const struct {
		const char *what;
		long nr, a[6];
		enum answer want;
	} rows[] = {
		{"TIOCSTI", __NR_ioctl, {2, TIOCSTI}, ANSWER_ENOSYS},
		{"TIOCLINUX", __NR_ioctl, {2, TIOCLINUX}, ANSWER_ENOSYS},
		{"TIOCSTI, high bits", __NR_ioctl, {2, TIOCSTI | 1L << 32}, ANSWER_ENOSYS},
		{"FIONREAD", __NR_ioctl, {-1, FIONREAD}, ANSWER_OTHER},
		{"FIONBIO", __NR_ioctl, {-1, FIONBIO}, ANSWER_OTHER},
		{"execve", __NR_execve, {0}, ANSWER_ENOSYS},
		{"execveat", __NR_execveat, {0}, ANSWER_ENOSYS},
		{"fork", __NR_clone, {SIGCHLD}, ANSWER_ENOSYS},
		{"clone3", __NR_clone3, {0}, ANSWER_ENOSYS},
		{"thread in a namespace", __NR_clone, {CLONE_THREAD | CLONE_NEWUSER},
			ANSWER_ENOSYS},
		{"thread", __NR_clone, {CLONE_THREAD}, ANSWER_OTHER}, /* EINVAL: no CLONE_VM */
		{"kill", __NR_kill, {1, 0}, ANSWER_ENOSYS},
		{"tgkill", __NR_tgkill, {1, 1, 0}, ANSWER_ENOSYS},
		{"pidfd_open", __NR_pidfd_open, {1, 0}, ANSWER_ENOSYS},
		{"F_SETOWN", __NR_fcntl, {-1, F_SETOWN, 1}, ANSWER_ENOSYS},
		{"F_SETSIG", __NR_fcntl, {-1, 10, 1}, ANSWER_ENOSYS},
		{"F_GETFL", __NR_fcntl, {-1, F_GETFL}, ANSWER_OTHER},
		{"AF_UNIX", __NR_socket, {AF_UNIX, SOCK_STREAM, 0}, ANSWER_ENOSYS},
		{"AF_NETLINK", __NR_socket, {AF_NETLINK, SOCK_RAW, 0}, ANSWER_ENOSYS},
		{"AF_PACKET", __NR_socket, {AF_PACKET, SOCK_RAW, 0}, ANSWER_ENOSYS},
		{"AF_INET6", __NR_socket, {AF_INET6, SOCK_STREAM, 0}, ANSWER_OTHER},
		{"listen", __NR_listen, {-1, 1}, ANSWER_ENOSYS},
		{"accept4", __NR_accept4, {-1}, ANSWER_ENOSYS},
		{"write and execute", __NR_mmap,
			{0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, PRIVATE, -1}, ANSWER_ENOSYS},
		{"become executable", __NR_mprotect, {0, 0, PROT_READ | PROT_EXEC}, ANSWER_ENOSYS},
		{"memory", __NR_mmap, {0, PAGE, PROT_READ | PROT_WRITE, PRIVATE, -1}, ANSWER_OTHER},
		{"fchmodat", __NR_fchmodat, {-1}, ANSWER_ENOSYS},
		{"fchownat", __NR_fchownat, {-1}, ANSWER_ENOSYS},
		{"mknodat", __NR_mknodat, {-1}, ANSWER_ENOSYS},
		{"ptrace", __NR_ptrace, {0}, ANSWER_ENOSYS},
		{"process_vm_readv", __NR_process_vm_readv, {0}, ANSWER_ENOSYS},
		{"setresuid", __NR_setresuid, {-1, -1, -1}, ANSWER_ENOSYS},
		{"unshare", __NR_unshare, {0}, ANSWER_ENOSYS},
		{"keyctl", __NR_keyctl, {0}, ANSWER_ENOSYS},
		{"bpf", __NR_bpf, {-1}, ANSWER_ENOSYS},
		{"io_uring_setup", __NR_io_uring_setup, {0}, ANSWER_ENOSYS},
		{"prctl", __NR_prctl, {PR_GET_DUMPABLE}, ANSWER_ENOSYS},
		{"unknown", 9999, {0}, ANSWER_ENOSYS},
		{"read", __NR_read, {-1}, ANSWER_OTHER},
		{"openat2", __NR_openat2, {-1}, ANSWER_OTHER},
	};
	for (size_t i = 0; i < iso_len(rows); i++) {
		enum answer got = ask(rows[i].nr, rows[i].a);
		if (got != rows[i].want)
			fail_msg("%s: expected %d, got %d", rows[i].what, (int)rows[i].want,
				(int)got);
	}
}

static void test_other_abis(void **state)
{
	(void)state;
#if defined(__x86_64__) /* where there are any */
	const long none[6] = {0};
	assert_int_equal(ask(0x40000000 | __NR_getpid, none), ANSWER_DEATH);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		long r = 20; /* getpid of i386 */
		enter();
		__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
		_exit(0);
	}
	assert_int_equal(answer_of(pid), ANSWER_DEATH);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_other_abis),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
