#!/bin/sh
# The second compiler: the whole tree with clang's warnings as errors, compiled only.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$1"
CC=clang meson setup "$dir" -Dsupervise_libc=auto >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log"; exit 1; }
ninja -C "$dir" >"$dir/log" 2>&1 || { grep -A6 'error' "$dir/log" | head -60; exit 1; }
