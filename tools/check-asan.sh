#!/bin/sh
# check-asan.sh ROOT BUILD: everything once more under ASan and UBSan, unit and golden tests run. clang: gcc's sanitizers make it warn
# about code that is right.
set -eu
cd "$1"
dir=$2/asan
[ -f "$dir/build.ninja" ] || CC=clang meson setup "$dir" -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C "$dir" >"$dir/log" 2>&1 || { grep -A6 'error' "$dir/log" | head -60; exit 1; }
ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 meson test -C "$dir" --no-rebuild --suite unit --suite golden >"$dir/log" 2>&1 ||
	{ tail -60 "$dir/log"; exit 1; }
