#!/bin/sh
# check.sh BUILD: all tests that this machine can run, between two looks at it. The last line counts.
set -eu
build=$1
state=$(mktemp -d /tmp/isoexec-check-XXXXXX)
trap 'rm -rf "$state"' EXIT
# not here: what is of the guest, and cgroup v2 where the machine has v1. make check-guest runs both, and there a skip is a failure.
elsewhere='--no-suite guest'
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
	elsewhere="$elsewhere --no-suite cgroup2"
	echo "check: this machine has cgroup v1: 'make check-guest' runs the tests of v2"
fi
python3 tests/suite/leftovers.py snapshot "$state/before"
status=0
# shellcheck disable=SC2086 # a list of words
meson test -C "$build" --no-rebuild --print-errorlogs $elsewhere || status=$?
python3 tests/suite/leftovers.py compare "$state/before" || status=1
python3 tests/suite/count.py "$build/meson-logs/testlog.json" "$status"
exit "$status"
