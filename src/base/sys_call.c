/* The plain way into the kernel (sys_call.h). */
#include "base/sys_call.h"

#include <unistd.h>

long sys_call(long nr, long a, long b, long c, long d, long e, long f)
{
	return syscall(nr, a, b, c, d, e, f);
}
