#!/bin/sh
# run.sh BUILD [ROUNDS]: all of `make bench` (docs/PERFORMANCE.md says what and how). Writes BUILD/bench.json, prints ratios. As root.
# What it makes is below isoexec-bench-* in /tmp, /dev/shm and the cgroups, and is removed; its mounts end with its processes.
set -eu
export PYTHONDONTWRITEBYTECODE=1
build=$(realpath "$1")
rounds=${2:-200}
here=$(dirname "$(realpath "$0")")
if [ "$(id -u)" != 0 ]; then
	echo "bench: isolating a task needs root: sudo make bench" >&2
	exit 1
fi
work=$(mktemp -d /tmp/isoexec-bench-XXXXXX)
state=$(mktemp -d /dev/shm/isoexec-bench-XXXXXX) # a tmpfs, as /run is where systemd is process 1
looks=$(mktemp -d /tmp/isoexec-look-XXXXXX)
clean() {
	rm -rf "$work" "$state"
	find /sys/fs/cgroup -depth -type d -path "*/${work##*/}*" -exec rmdir {} + 2>/dev/null || :
}
trap 'clean; rm -rf "$looks"' EXIT
trap 'exit 130' INT TERM
python3 "$here/../tests/suite/leftovers.py" snapshot "$looks/before"
python3 "$here/measure.py" "$build" "$rounds" "$work" "$state" "$build/bench.json"
clean
if ! python3 "$here/../tests/suite/leftovers.py" compare "$looks/before"; then
	echo "bench: the machine is not as it was before (others' work on it shows here too)" >&2
fi
python3 "$here/report.py" --terminal "$build/bench.json"
