"""Counting what comes out of the guest: TAP of several programs between lines "# begin NAME" and "# end NAME STATUS". Whatever was
promised and did not come is a failure: a point, a program, the end."""
import re

POINT = re.compile(r"(not )?ok\b(?:\s+\d+)?[^#]*(#\s*skip\b.*)?", re.IGNORECASE)
PLAN = re.compile(r"1\.\.(\d+)")


class Tally:
    def __init__(self, programs, must_work=True):
        self.waiting = list(programs)
        self.must_work = must_work
        self.passed = self.failed = self.skipped = 0
        self.reasons = []
        self.name = None
        self.over = False

    def fail(self, reason, n=1):
        if n > 0:
            self.failed += n
            self.reasons.append(f"{self.name or 'guest'}: {reason}")

    def line(self, text):
        text = text.rstrip("\r\n")
        if text.startswith("# begin "):
            self.begin(text.split()[2])
        elif text.startswith("# end ") and self.name:
            self.end(text.split(maxsplit=3)[3])
        elif text == "# over":
            self.over = True
        elif self.name:
            self.result(text)

    def begin(self, name):
        if self.name:
            self.end("none")
        self.name, self.plan, self.points, self.bad = name, None, 0, 0

    def result(self, text):
        if plan := PLAN.match(text):
            self.plan = int(plan.group(1))
        elif point := POINT.fullmatch(text):
            self.points += 1
            if point.group(2):
                self.skip(text)
            elif point.group(1):
                self.bad += 1
                self.fail(text)
            else:
                self.passed += 1

    def skip(self, text):
        if self.must_work:
            self.bad += 1
            self.fail(text)
        else:
            self.skipped += 1

    def end(self, status):
        if self.plan is None:
            self.fail("said no plan")
        elif self.plan != self.points:
            self.fail(f"planned {self.plan} tests, ran {self.points}", abs(self.plan - self.points))
        elif self.plan == 0:
            self.fail("ran no test")
        elif status != "0" and not self.bad:
            self.fail(f"ended with status {status}")
        if self.name in self.waiting:
            self.waiting.remove(self.name)
        self.name = None

    def close(self):
        """Call at the end of the output. Return: the closing line, and whether all is well."""
        if self.name:
            self.end("none")
        for name in self.waiting:
            self.fail(f"{name} did not run")
        if not self.over:
            self.fail("ended before its end")
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}", self.failed == 0 and self.passed > 0
