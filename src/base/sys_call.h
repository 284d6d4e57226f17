/* The one way into the kernel: src/base/sys.c makes every call of ours through it. A test build has
 * another body for it, which makes the n-th call fail (sys_call_fault.c). */
#ifndef BASE_SYS_CALL_H
#define BASE_SYS_CALL_H

/** sys_call() - Return: the kernel's answer; -1 with errno on failure */
long sys_call(long nr, long a, long b, long c, long d, long e, long f);

#endif
