#!/usr/bin/env python3
"""What the guest's output is counted as (tally.py): above all, what did not come."""
import sys

from tally import Tally

OVER = "# over"
GOOD = ["# begin a", "1..2", "ok 1 - x", "ok 2 - y", "# end a 0"]
CASES = {
    # name: (lines, passed, failed)
    "all is well": ([*GOOD, OVER], 2, 0),
    "nothing at all": ([], 0, 2),
    "no program": ([OVER], 0, 1),
    "a failed point": (["# begin a", "1..2", "ok 1 - x", "not ok 2 - y", "# end a 1", OVER], 1, 1),
    "a failed point and status 0": (["# begin a", "1..1", "not ok 1", "# end a 0", OVER], 0, 1),
    "points that did not come": (["# begin a", "1..3", "ok 1 - x", "# end a 0", OVER], 1, 2),
    "points that nobody planned": (["# begin a", "1..1", "ok 1", "ok 2", "# end a 0", OVER], 2, 1),
    "no plan": (["# begin a", "# end a 0", OVER], 0, 1),
    "an empty plan": (["# begin a", "1..0", "# end a 0", OVER], 0, 1),
    "a skipped program": (["# begin a", "1..0 # SKIP no v2", "# end a 1", OVER], 0, 1),
    "a skipped point": (["# begin a", "1..1", "ok 1 - x # SKIP not here", "# end a 0", OVER], 0, 1),
    "good points, bad status": (["# begin a", "1..1", "ok 1", "# end a 1", OVER], 1, 1),
    "out of time": (["# begin a", "1..2", "ok 1", "# end a none within 3 s", OVER], 1, 1),
    "a program without its end": (["# begin a", "1..1", "ok 1"], 1, 2),
    "cut off after its end": (GOOD, 2, 1),
    "words that are no results": (["# begin a", "1..1", "okay", "is ok 3", "# ok 4", "ok 1 - x", "# end a 0", OVER], 1, 0),
    "another program's lines between": (["ok 1 - x", *GOOD, "ok 7 - z", OVER], 2, 0),
}


def main():
    bad = 0
    print(f"1..{len(CASES)}")
    for number, (name, (lines, passed, failed)) in enumerate(CASES.items(), 1):
        tally = Tally(["a"])
        for line in lines:
            tally.line(line + "\r\n")
        text, good = tally.close()
        right = (tally.passed, tally.failed) == (passed, failed) and good == (failed == 0) and text == f"{passed} passed, {failed} failed"
        bad += not right
        print(f"{'ok' if right else 'not ok'} {number} - {name}" + ("" if right else f": {text}, {tally.reasons}"))
    sys.exit(1 if bad else 0)


main()
