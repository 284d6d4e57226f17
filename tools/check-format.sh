#!/bin/sh
# Every C file is what clang-format prints. The table of operations is a table, not code.
set -eu
cd "$1"
find src tests bench -name '*.[ch]' ! -path src/steps/ops.h ! -path src/plan/seccomp_calls.h ! -path 'tests/escape/*' -print0 |
	xargs -0 clang-format --dry-run -Werror
