/*
 * A table of calls as a BPF program: architecture first, then a binary search over ranges of
 * numbers with the same verdict (a linear list of 330 rules costs the kernel 0.8 ms to load), then
 * the few calls whose arguments count. Arguments that the kernel takes as 32 bits are compared as
 * 32 bits: high bits must not hide anything (K6).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "plan/seccomp.h"
#include "plan/seccomp_table.h"

enum {
	MAX_PROGRAM = 2048, /* the kernel's limit is 4096 */
	X32_BIT = 0x40000000,
	MAX_ANSWERS = 16,
	NEW_NAMESPACES = 0x7e020000, /* CLONE_NEW* of clone(2) */
	IOCTL_TIOCSTI = 0x5412,
	IOCTL_TIOCLINUX = 0x541c,
};

/* What becomes of a call: an action, or a check of its arguments. */
struct answer {
	uint8_t rule; /* enum call_rule; CALL_CAP never gets here */
	uint32_t action;
};

/* Numbers from `first` up to the next range get this answer. */
struct range {
	unsigned first;
	struct answer answer;
};

struct program {
	struct sock_filter *code;
	size_t n;
	struct range *ranges;
	size_t n_ranges;
	bool failed;
};

#define ERRNO(e) (SECCOMP_RET_ERRNO | (uint32_t)(e))

static size_t emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n == MAX_PROGRAM) {
		p->failed = true;
		return p->n - 1;
	}
	p->code[p->n] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
	return p->n++;
}

static void emit_return(struct program *p, uint32_t action)
{
	(void)emit(p, BPF_RET | BPF_K, action, 0, 0);
}

static void emit_load(struct program *p, size_t offset)
{
	(void)emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Low word of an argument: little-endian machines only, as the tables are. */
static void load_argument(struct program *p, unsigned i)
{
	emit_load(p, offsetof(struct seccomp_data, args) + i * sizeof(uint64_t));
}

static void one_of(
	struct program *p, const uint32_t *values, size_t n, uint32_t if_equal, uint32_t otherwise)
{
	for (size_t i = 0; i < n; i++) {
		(void)emit(p, BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1);
		emit_return(p, if_equal);
	}
	emit_return(p, otherwise);
}

static void emit_answer(struct program *p, const struct answer *a)
{
	static const uint32_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
	static const uint32_t families[] = {
		1 /* unix */, 2 /* inet */, 10 /* inet6 */, 16 /* netlink */, 17 /* packet */};
	static const uint32_t terminal[] = {IOCTL_TIOCSTI, IOCTL_TIOCLINUX};

	switch ((enum call_rule)a->rule) {
	case CALL_CLONE:
		load_argument(p, 0);
		(void)emit(p, BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
		emit_return(p, ERRNO(EPERM));
		emit_return(p, SECCOMP_RET_ALLOW);
		break;
	case CALL_PERSONALITY:
		load_argument(p, 0);
		one_of(p, personalities, iso_len(personalities), SECCOMP_RET_ALLOW, ERRNO(EPERM));
		break;
	case CALL_SOCKET:
		load_argument(p, 0);
		one_of(p, families, iso_len(families), SECCOMP_RET_ALLOW, ERRNO(EAFNOSUPPORT));
		break;
	case CALL_IOCTL:
		load_argument(p, 1);
		one_of(p, terminal, iso_len(terminal), ERRNO(EPERM), SECCOMP_RET_ALLOW);
		break;
	case CALL_ALLOW:
	case CALL_CAP:
	case CALL_ENOSYS:
		emit_return(p, a->action);
		break;
	}
}

static struct answer answer_of(const struct call *c, uint64_t caps, bool namespaces)
{
	struct answer a = {.rule = c->rule, .action = SECCOMP_RET_ALLOW};

	if (c->rule == CALL_CAP) {
		a.rule = CALL_ALLOW;
		a.action = caps >> c->cap & 1 ? SECCOMP_RET_ALLOW : ERRNO(EPERM);
	} else if (c->rule == CALL_ENOSYS) {
		a.action = ERRNO(ENOSYS);
	} else if (c->rule == CALL_CLONE && namespaces) {
		a.rule = CALL_ALLOW;
	}
	return a;
}

static void add_range(struct program *p, unsigned first, struct answer a)
{
	struct range *last = p->n_ranges ? &p->ranges[p->n_ranges - 1] : NULL;

	if (last && last->answer.rule == a.rule && last->answer.action == a.action)
		return;
	p->ranges[p->n_ranges++] = (struct range){first, a};
}

/* The table, with the holes in it (refused) and the numbers beyond it (unknown). */
static void make_ranges(struct program *p, const struct call_table *t, uint64_t caps)
{
	enum {
		SYS_ADMIN = 21
	};
	const struct answer refused = {CALL_ALLOW, ERRNO(EPERM)},
			    unknown = {CALL_ALLOW, ERRNO(ENOSYS)};
	unsigned next = 0;

	p->n_ranges = 0;
	for (size_t i = 0; i < t->n; i++) {
		const struct call *c = &t->calls[i];
		if (c->nr > next)
			add_range(p, next, refused);
		add_range(p, c->nr, answer_of(c, caps, caps >> SYS_ADMIN & 1));
		next = c->nr + 1U;
	}
	if (next <= t->highest)
		add_range(p, next, refused);
	add_range(p, t->highest + 1, unknown);
}

/* Ranges [from, to) by halves. The left half comes first; jumps over it are long ones, which know
 * no limit. */
static void emit_search(struct program *p, size_t from, size_t to)
{
	if (to - from == 1) {
		emit_answer(p, &p->ranges[from].answer);
		return;
	}
	size_t middle = from + (to - from) / 2;
	(void)emit(p, BPF_JMP | BPF_JGE | BPF_K, p->ranges[middle].first, 0, 1);
	size_t jump = emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_search(p, from, middle);
	p->code[jump].k = (uint32_t)(p->n - jump - 1);
	emit_search(p, middle, to);
}

static void emit_table(struct program *p, const struct call_table *t, uint64_t caps)
{
	emit_load(p, offsetof(struct seccomp_data, nr));
	make_ranges(p, t, caps);
	emit_search(p, 0, p->n_ranges);
}

int seccomp_program(struct arena *arena, enum task_profile profile, uint64_t caps,
	struct sock_filter **ret, size_t *ret_n, struct iso_err *err)
{
	const struct call_table *native = seccomp_native_table();
	const struct call_table *compat =
		profile == TASK_COMPATIBLE ? seccomp_compat_table() : NULL;

	if (!native)
		return iso_err_set(err, ISO_FAULT_SYSTEM, ENOTSUP,
			"no seccomp table for this machine: only x86-64 has one");
	struct program p = {
		.code = arena_array(arena, MAX_PROGRAM, sizeof(*p.code)),
		.ranges = arena_array(
			arena, 2 * native->n + 2 * (compat ? compat->n : 0) + 2, sizeof(*p.ranges)),
	};
	emit_load(&p, offsetof(struct seccomp_data, arch));
	(void)emit(&p, BPF_JMP | BPF_JEQ | BPF_K, native->arch, 1, 0);
	size_t other = emit(&p, BPF_JMP | BPF_JA, 0, 0, 0);
	/* x32 calls come under the native architecture with this bit: above every known number, so
	 * ENOSYS */
	_Static_assert(X32_BIT > 0xffff, "x32 numbers are beyond every table");
	emit_table(&p, native, caps);
	p.code[other].k = (uint32_t)(p.n - other - 1);
	if (compat) {
		(void)emit(&p, BPF_JMP | BPF_JEQ | BPF_K, compat->arch, 1, 0);
		emit_return(&p, ERRNO(ENOSYS));
		emit_table(&p, compat, caps);
	} else {
		emit_return(&p, ERRNO(ENOSYS));
	}
	if (p.failed)
		return iso_err_set(err, ISO_FAULT_LIMIT, 0,
			"seccomp filter is over %d instructions", MAX_PROGRAM);
	*ret = p.code;
	*ret_n = p.n;
	return 0;
}
