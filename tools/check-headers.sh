#!/bin/sh
# Each header compiles alone, with both compilers.
set -eu
cd "$1"
for cc in gcc clang; do
	for h in $(find src -name '*.h'); do
		printf '#include "%s"\n' "${h#src/}" |
			$cc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Isrc -fsyntax-only -x c - || {
			echo "$cc: $h does not compile alone" >&2
			exit 1
		}
	done
done
