#!/usr/bin/env python3
"""count.py TESTLOG STATUS: the closing line of a run: how many tests passed, failed, were skipped."""
import json
import sys

counts = {"OK": 0, "FAIL": 0, "SKIP": 0}
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        result = json.loads(line)["result"]
        counts[result if result in ("OK", "SKIP") else "FAIL"] += 1
if sys.argv[2] != "0" and counts["FAIL"] == 0:
    counts["FAIL"] = 1  # the machine was not left as it was found
tail = f", {counts['SKIP']} skipped" if counts["SKIP"] else ""
print(f"{counts['OK']} passed, {counts['FAIL']} failed{tail}")
