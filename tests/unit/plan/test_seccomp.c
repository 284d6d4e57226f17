/*
 * The seccomp filter: run by an interpreter over every number, and by libseccomp's names: the calls
 * of the public list are refused, what programs need is allowed, and no high bits or foreign ABI
 * get around it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/seccomp.h"
#include "plan/seccomp_calls.h"
#include "plan/seccomp_table.h"

enum {
	MAX_STEPS = 4096,
	NO_CAPS = 0
};
#define ERRNO(e) (SECCOMP_RET_ERRNO | (uint32_t)(e))

struct filter {
	struct sock_filter *code;
	size_t n;
};

static struct filter make(struct arena *arena, enum task_profile profile, uint64_t caps)
{
	struct filter f;
	struct iso_err err = ISO_ERR_INIT;

	assert_int_equal(seccomp_program(arena, profile, caps, &f.code, &f.n, &err), 0);
	return f;
}

/* Classic BPF as the kernel runs it for seccomp (seccomp(2)): the operations that the generator
 * uses. */
static uint32_t run(const struct filter *f, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0, steps = 0; steps < MAX_STEPS; steps++) {
		assert_true(pc < f->n);
		const struct sock_filter *i = &f->code[pc++];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k + 4 <= sizeof(*data) && i->k % 4 == 0);
			memcpy(&a, (const char *)data + i->k, 4);
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("operation %u is not one of ours", i->code);
		}
	}
	fail_msg("the filter does not end");
	return 0;
}

static uint32_t ask(const struct filter *f, uint32_t arch, int nr, uint64_t a0, uint64_t a1)
{
	const struct seccomp_data data = {.nr = nr, .arch = arch, .args = {a0, a1}};
	return run(f, &data);
}

static uint32_t ask_name(const struct filter *f, const char *name, uint64_t a0, uint64_t a1)
{
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
	if (nr < 0)
		fail_msg("libseccomp does not know '%s'", name);
	return ask(f, AUDIT_ARCH_X86_64, nr, a0, a1);
}

/* Docker's profile without extra capabilities denies these; so do we, always when nothing is held.
 */
static const char *const denied[] = {"acct", "add_key", "bpf", "clock_settime", "chroot",
	"create_module", "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount",
	"fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup",
	"ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie",
	"migrate_pages", "mount", "mount_setattr", "move_mount", "move_pages", "open_by_handle_at",
	"open_tree", "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise", "quotactl",
	"reboot", "request_key", "setdomainname", "sethostname", "setns", "settimeofday", "swapoff",
	"swapon", "syslog", "umount2", "unshare", "uselib", "userfaultfd", "ustat", "vhangup"};

static const char *const allowed[] = {"accept4", "brk", "capget", "capset", "chdir", "clone",
	"close_range", "connect", "dup3", "epoll_wait", "execve", "execveat", "exit_group",
	"faccessat2", "fork", "futex", "getrandom", "landlock_restrict_self", "memfd_create",
	"mmap", "openat", "openat2", "pidfd_open", "prctl", "prlimit64", "ptrace", "read", "rseq",
	"seccomp", "setgroups", "setresuid", "statx", "vfork", "wait4", "write"};

static void test_lists(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	const enum task_profile profiles[] = {TASK_HARDENED, TASK_COMPATIBLE};

	for (size_t p = 0; p < iso_len(profiles); p++) {
		struct filter f = make(arena, profiles[p], NO_CAPS);
		for (size_t i = 0; i < iso_len(denied); i++)
			if (ask_name(&f, denied[i], 0, 0) != ERRNO(EPERM))
				fail_msg("%s is not refused", denied[i]);
		for (size_t i = 0; i < iso_len(allowed); i++)
			if (ask_name(&f, allowed[i], 0, 0) != SECCOMP_RET_ALLOW)
				fail_msg("%s is not allowed", allowed[i]);
		assert_int_equal(ask_name(&f, "clone3", 0, 0), ERRNO(ENOSYS));
	}
}

static void test_capabilities_unlock(void **state)
{
	(void)state;
	static const struct {
		const char *call;
		unsigned cap;
	} cases[] = {{"chroot", 18}, {"reboot", 22}, {"acct", 20}, {"settimeofday", 25},
		{"mount", 21}, {"unshare", 21}, {"setns", 21}, {"bpf", 39}, {"perf_event_open", 38},
		{"kcmp", 19}, {"syslog", 34}, {"open_by_handle_at", 2}, {"init_module", 16},
		{"iopl", 17}, {"mbind", 23}, {"get_mempolicy", 23}, {"set_mempolicy", 23}};
	own_arena arena = arena_new(0);

	for (size_t i = 0; i < iso_len(cases); i++) {
		struct filter with = make(arena, TASK_HARDENED, 1ULL << cases[i].cap);
		struct filter without = make(arena, TASK_HARDENED, ~(1ULL << cases[i].cap));
		assert_int_equal(ask_name(&with, cases[i].call, 0, 0), SECCOMP_RET_ALLOW);
		assert_int_equal(ask_name(&without, cases[i].call, 0, 0), ERRNO(EPERM));
	}
	/* not even all capabilities give the keys or io_uring */
	struct filter all = make(arena, TASK_COMPATIBLE, ~0ULL);
	assert_int_equal(ask_name(&all, "keyctl", 0, 0), ERRNO(EPERM));
	assert_int_equal(ask_name(&all, "io_uring_setup", 0, 0), ERRNO(EPERM));
}

static void test_arguments(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct filter f = make(arena, TASK_HARDENED, NO_CAPS);
	const uint64_t high = 1ULL << 32; /* must not hide anything: the kernel takes 32 bits */

	assert_int_equal(ask_name(&f, "ioctl", 0, 0x5412), ERRNO(EPERM)); /* TIOCSTI */
	assert_int_equal(ask_name(&f, "ioctl", 0, high | 0x5412), ERRNO(EPERM));
	assert_int_equal(ask_name(&f, "ioctl", 0, 0x541c), ERRNO(EPERM)); /* TIOCLINUX */
	assert_int_equal(ask_name(&f, "ioctl", 0, 0x5413), SECCOMP_RET_ALLOW);
	static const uint64_t good[] = {1, 2, 10, 16, 17}, bad[] = {3, 15, 38, 40, 44, 1000};
	for (size_t i = 0; i < iso_len(good); i++)
		assert_int_equal(ask_name(&f, "socket", good[i], 0), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < iso_len(bad); i++)
		assert_int_equal(ask_name(&f, "socket", high | bad[i], 0), ERRNO(EAFNOSUPPORT));
	static const uint64_t namespaces[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID,
		CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};
	for (size_t i = 0; i < iso_len(namespaces); i++)
		assert_int_equal(ask_name(&f, "clone", high | namespaces[i] | 17, 0), ERRNO(EPERM));
	assert_int_equal(ask_name(&f, "clone", CLONE_VM | CLONE_VFORK | 17, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask_name(&f, "personality", 0x0040000, 0), ERRNO(EPERM));
	assert_int_equal(ask_name(&f, "personality", 0xffffffff, 0), SECCOMP_RET_ALLOW);
}

static void test_unknown_numbers(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct filter f = make(arena, TASK_HARDENED, ~0ULL);

	for (int nr = 470; nr < 600; nr++)
		assert_int_equal(ask(&f, AUDIT_ARCH_X86_64, nr, 0, 0), ERRNO(ENOSYS));
	for (int nr = 0; nr < 600; nr++) /* x32 */
		assert_int_equal(ask(&f, AUDIT_ARCH_X86_64, 0x40000000 | nr, 0, 0), ERRNO(ENOSYS));
	assert_int_equal(ask(&f, AUDIT_ARCH_X86_64, -1, 0, 0), ERRNO(ENOSYS));
}

static void test_foreign_abi(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct filter hardened = make(arena, TASK_HARDENED, ~0ULL),
		      compatible = make(arena, TASK_COMPATIBLE, NO_CAPS);

	for (int nr = 0; nr < 600; nr++) {
		assert_int_equal(ask(&hardened, AUDIT_ARCH_I386, nr, 0, 0), ERRNO(ENOSYS));
		assert_int_equal(ask(&compatible, AUDIT_ARCH_AARCH64, nr, 0, 0), ERRNO(ENOSYS));
	}
	static const struct {
		const char *name;
		uint32_t want;
	} cases[] = {{"socketcall", ERRNO(ENOSYS)}, {"ipc", ERRNO(ENOSYS)},
		{"keyctl", ERRNO(EPERM)}, {"mount", ERRNO(EPERM)}, {"umount", ERRNO(EPERM)},
		{"read", SECCOMP_RET_ALLOW}, {"mmap2", SECCOMP_RET_ALLOW},
		{"clone3", ERRNO(ENOSYS)}};
	for (size_t i = 0; i < iso_len(cases); i++) {
		int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, cases[i].name);
		assert_true(nr >= 0);
		assert_int_equal(ask(&compatible, AUDIT_ARCH_I386, nr, 1, 0), cases[i].want);
	}
	/* libseccomp has a number of its own for the direct call, which is 359 (syscall_32.tbl) */
	assert_int_equal(ask(&compatible, AUDIT_ARCH_I386, 359, 1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&compatible, AUDIT_ARCH_I386, 359, 38, 0), ERRNO(EAFNOSUPPORT));
}

/* The search against the table itself, number by number: no range is off by one. */
static void test_search_equals_table(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	struct filter f = make(arena, TASK_HARDENED, NO_CAPS);
	const struct call_table *t = seccomp_native_table();
	size_t next = 0;

	for (unsigned nr = 0; nr <= t->highest; nr++) {
		uint32_t got = ask(&f, t->arch, (int)nr, 1, 0), want = ERRNO(EPERM);
		if (next < t->n && t->calls[next].nr == nr) {
			uint8_t rule = t->calls[next++].rule;
			want = rule == CALL_CAP      ? ERRNO(EPERM)
			       : rule == CALL_ENOSYS ? ERRNO(ENOSYS)
						     : SECCOMP_RET_ALLOW;
			if (rule == CALL_PERSONALITY)
				want = ERRNO(EPERM); /* 1 is none of its five values */
		}
		if (got != want)
			fail_msg("number %u: %x, expected %x", nr, got, want);
	}
	assert_int_equal(next, t->n); /* the list is sorted and holds no number twice */
}

/* The table's numbers are those of the names, as libseccomp knows them. */
static void test_numbers_are_the_names(void **state)
{
	(void)state;
#define X(number, name, rule, cap) {number, #name},
	static const struct {
		int nr;
		const char *name;
	} x86_64[] =
		{

			SECCOMP_CALLS_X86_64(X)},
	  i386[] = {SECCOMP_CALLS_I386(X)};
#undef X
	size_t known = 0;

	for (size_t i = 0; i < iso_len(x86_64); i++) {
		int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, x86_64[i].name);
		if (nr >= 0)
			assert_int_equal(nr, x86_64[i].nr);
		known += nr >= 0;
	}
	for (size_t i = 0; i < iso_len(i386); i++) {
		int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, i386[i].name);
		if (nr >= 0)
			assert_int_equal(nr, i386[i].nr);
		known += nr >= 0;
	}
	assert_true(known > 650);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_capabilities_unlock),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_unknown_numbers),
		cmocka_unit_test(test_foreign_abi),
		cmocka_unit_test(test_search_equals_table),
		cmocka_unit_test(test_numbers_are_the_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
