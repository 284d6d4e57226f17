/*
 * The way into the kernel of the test build (sys_call.h): the n-th call of a supervisor and all its
 * forked children fails with an errno, or its caller is killed there. The order stands in the file
 * PROGRAM.fault, mapped shared by all of them, where it is also told what was hit. Without that
 * file nothing fails. Only tests/fault builds this; the program that is shipped has sys_call.c.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys_call.h"

/* tests/fault/fault.py has the same list. */
struct order {
	uint32_t at;    /* which call, from 1 on; 0 = none */
	uint32_t error; /* errno, 0 = SIGKILL */
	uint32_t count; /* calls so far, of those that can fail so */
	uint32_t hit;   /* 1: it has happened */
	int32_t hit_pid;
	uint32_t hit_nr; /* number of the call */
};

enum {
	PATH_ROOM = 4096
};

static struct order *open_order(void)
{
	char path[PATH_ROOM];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(".fault"));

	if (n < 0)
		return NULL;
	(void)snprintf(path + n, sizeof(".fault"), ".fault");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *data = fd < 0 ? MAP_FAILED
			    : mmap(NULL, sizeof(struct order), PROT_READ | PROT_WRITE, MAP_SHARED,
				      fd, 0);
	if (fd >= 0)
		(void)close(fd);
	return data == MAP_FAILED ? NULL : data;
}

static bool is_among(long nr, const short *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == nr)
			return true;
	return false;
}

/* EINTR and ENOSPC only where the manual page has them; nothing where the kernel never fails. */
static bool can_fail(long nr, uint32_t error)
{
	static const short never[] = {__NR_clock_gettime, __NR_getpid, __NR_umask, __NR_getresuid,
		__NR_getresgid, __NR_fcntl, __NR_waitid};
	static const short blocks[] = {__NR_read, __NR_write, __NR_openat, __NR_ppoll, __NR_waitid,
		__NR_sendmsg, __NR_recvmsg, __NR_accept4, __NR_flock};
	static const short writes[] = {__NR_write, __NR_pwrite64, __NR_mkdirat, __NR_mknodat,
		__NR_symlinkat, __NR_openat, __NR_renameat2, __NR_bind};

	if (error == EINTR) /* before the list above: waitid(2) knows it */
		return is_among(nr, blocks, sizeof(blocks) / sizeof(blocks[0]));
	if (error == ENOSPC)
		return is_among(nr, writes, sizeof(writes) / sizeof(writes[0]));
	return error == 0 || !is_among(nr, never, sizeof(never) / sizeof(never[0]));
}

/* Process 1 of a namespace is spared by its own signals, but not by its own faults. */
static _Noreturn void die(void)
{
	(void)syscall(__NR_kill, getpid(), SIGKILL);
	__builtin_trap();
}

long sys_call(long nr, long a, long b, long c, long d, long e, long f)
{
	static struct order *order;
	static bool is_open;

	if (!is_open)
		order = open_order();
	is_open = true;
	if (order && order->at && can_fail(nr, order->error) &&
		__atomic_add_fetch(&order->count, 1, __ATOMIC_SEQ_CST) == order->at) {
		order->hit_pid = (int32_t)getpid();
		order->hit_nr = (uint32_t)nr;
		__atomic_store_n(&order->hit, 1, __ATOMIC_SEQ_CST);
		if (!order->error)
			die();
		errno = (int)order->error;
		return -1;
	}
	return syscall(nr, a, b, c, d, e, f);
}
