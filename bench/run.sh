#!/bin/sh
# run.sh BUILD [ROUNDS]: start-to-exit of /usr/bin/true, bare and through isoexec, with the pieces, in one interleaved run. As root.
set -eu
build=$(realpath "$1")
rounds=${2:-200}
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d /tmp/isoexec-bench-XXXXXX)
trap 'rm -rf "$work"' EXIT
options="-data-dir $work/data -state-dir $work/state -cgroup-parent /isoexec-bench"
printf '%s\t%s\n' \
	'bare posix_spawn of true' '/usr/bin/true' \
	'isoexec run -- true (hardened)' "$build/isoexec run $options -- /usr/bin/true" \
	'isoexec run -- true (compatible)' "$build/isoexec run $options -profile compatible -- /usr/bin/true" \
	'piece: a dynamic program that does nothing' "$build/pieces dynamic" \
	'piece: five cgroups' "$build/pieces cgroups" \
	'piece: four namespaces' "$build/pieces namespaces" \
	'piece: directories of an alloc' "$build/pieces dirs" >"$work/rows"
"$build/bench" "$work/rows" "$rounds" 20000 'bare posix_spawn of true' 3>"$build/bench.json"
