/* Which system calls a task may make: the table that seccomp_bpf.c turns into a filter. */
#ifndef PLAN_SECCOMP_TABLE_H
#define PLAN_SECCOMP_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* What decides about a call. */
enum call_rule {
	CALL_ALLOW,       /* always */
	CALL_CAP,         /* when the task holds the capability `cap`, else EPERM */
	CALL_ENOSYS,      /* callers have a fallback for it */
	CALL_CLONE,       /* flags without new namespaces */
	CALL_PERSONALITY, /* the five values that Docker allows */
	CALL_SOCKET, /* families: unix, inet, inet6, netlink; packet and raw by capability of the
			kernel itself */
	CALL_IOCTL,  /* not TIOCSTI, TIOCLINUX */
};

struct call {
	uint16_t nr;
	uint8_t rule; /* enum call_rule */
	uint8_t cap;  /* CALL_CAP: number of the capability */
};

struct call_table {
	uint32_t arch; /* AUDIT_ARCH_* */
	const struct call *calls;
	size_t n;
	unsigned
		highest; /* numbers above it are unknown to us: ENOSYS, so that callers fall back */
};

/** seccomp_native_table() - NULL on machines without a table */
const struct call_table *seccomp_native_table(void);
/** seccomp_compat_table() - 32-bit ABI of the machine, NULL = none */
const struct call_table *seccomp_compat_table(void);

#endif
