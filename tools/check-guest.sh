#!/bin/sh
# check-guest.sh BUILD [NAME...]: the kernel suite on cgroup v2 and Linux 6.1, in a guest. The last line counts.
set -eu
build=$1
shift
kernel=${GUEST_KERNEL:-$build/guest/kernel}
[ -n "${GUEST_KERNEL:-}" ] || tools/guest-kernel.sh "$kernel"
PYTHONDONTWRITEBYTECODE=1 exec python3 tests/guest/check.py "$build" "$kernel" "$@"
