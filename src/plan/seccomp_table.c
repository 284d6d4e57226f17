/* The tables of seccomp_table.h, made from the lists in seccomp_calls.h. */
#include "plan/seccomp_table.h"

#include <linux/audit.h>
#include <linux/capability.h>

#include "base/attr.h"
#include "plan/seccomp_calls.h"

/* newer than the 6.1 headers, same numbers since Linux 5.8 and 5.9 */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

/* file_setattr (Linux 6.17) is the highest number that this table was written against. */
enum {
	HIGHEST_KNOWN = 469
};

#define CALL_ROW(number, name, rule_, cap_) {.nr = number, .rule = rule_, .cap = cap_},

#if defined(__x86_64__) /* one machine so far; another one brings its own list */
static const struct call x86_64[] = {SECCOMP_CALLS_X86_64(CALL_ROW)};
static const struct call i386[] = {SECCOMP_CALLS_I386(CALL_ROW)};
static const struct call_table native = {AUDIT_ARCH_X86_64, x86_64, iso_len(x86_64), HIGHEST_KNOWN};
static const struct call_table compat = {AUDIT_ARCH_I386, i386, iso_len(i386), HIGHEST_KNOWN};

const struct call_table *seccomp_native_table(void)
{
	return &native;
}

const struct call_table *seccomp_compat_table(void)
{
	return &compat;
}
#else
const struct call_table *seccomp_native_table(void)
{
	return NULL;
}

const struct call_table *seccomp_compat_table(void)
{
	return NULL;
}
#endif
