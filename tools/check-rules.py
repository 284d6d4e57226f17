#!/usr/bin/env python3
"""check-rules.py ROOT: calls that are forbidden in src/, descriptors tested wrongly, opens without close-on-exec."""
import os
import re
import sys

RULES = [
    (r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|strtol|strtoul|gets|system|alloca|setjmp|longjmp|usleep|basename|dirname)\s*\(",
     "forbidden function"),
    (r"[^_]\bdup\s*\(", "dup: use F_DUPFD_CLOEXEC"),
    (r"\bfd\s*>\s*0", "0 is a descriptor: test fd >= 0"),
    (r"!\s*fd\b(?!_)", "0 is a descriptor: test fd < 0"),
]
OPENS = re.compile(r"\b(?:open|openat|sys_openat|pipe2|socketpair|signalfd|sys_signalfd|epoll_create1)\s*\(")
bad = []
for folder, _, names in os.walk(os.path.join(sys.argv[1], "src")):
    for name in names:
        if not name.endswith((".c", ".h")):
            continue
        path = os.path.join(folder, name)
        shown = os.path.relpath(path, sys.argv[1])
        with open(path, encoding="utf-8") as f:
            text = f.read()
        code = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
        for number, line in enumerate(code.split("\n"), 1):
            for pattern, why in RULES:
                if re.search(pattern, line):
                    bad.append(f"{shown}:{number}: {why}")
        for found in OPENS.finditer(code):
            call = code[found.start():code.find(";", found.start())]
            if "CLOEXEC" not in call and "src/base/sys" not in shown and "=" != code[found.end():found.end() + 1]:
                number = code.count("\n", 0, found.start()) + 1
                bad.append(f"{shown}:{number}: opened without close-on-exec")
print("\n".join(bad))
sys.exit(1 if bad else 0)
