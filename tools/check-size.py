#!/usr/bin/env python3
"""check-size.py ROOT: no function over 70 lines, no file over 700, in src/. clang-format puts a function's braces in column 0."""
import os
import sys

MOST_FUNCTION, MOST_FILE = 70, 700
GENERATED = {"src/plan/seccomp_calls.h"}
bad = []
for folder, _, names in os.walk(os.path.join(sys.argv[1], "src")):
    for name in names:
        path = os.path.join(folder, name)
        shown = os.path.relpath(path, sys.argv[1])
        if not name.endswith((".c", ".h")) or shown in GENERATED:
            continue
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        if len(lines) > MOST_FILE:
            bad.append(f"{shown}: {len(lines)} lines, at most {MOST_FILE}")
        start = None
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start > MOST_FUNCTION:
                    bad.append(f"{shown}:{start}: function of {number - start} lines, at most {MOST_FUNCTION}")
                start = None
print("\n".join(bad))
sys.exit(1 if bad else 0)
