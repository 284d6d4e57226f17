#!/bin/sh
# check.sh BUILD: all tests, between two looks at the machine. The last line counts.
set -eu
build=$1
state=$(mktemp -d /tmp/isoexec-check-XXXXXX)
trap 'rm -rf "$state"' EXIT
python3 tests/suite/leftovers.py snapshot "$state/before"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs || status=$?
python3 tests/suite/leftovers.py compare "$state/before" || status=1
python3 tests/suite/count.py "$build/meson-logs/testlog.json" "$status"
exit "$status"
