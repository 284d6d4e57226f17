#!/usr/bin/env python3
"""stress.py BUILD [-rounds N] [-seed N]: starts and stops while a supervisor, its starter (a program with the library, `isoexec run`,
the runner of `run -detach`) or all of them are killed at any moment. At the end nothing may be left, no stranger signalled, and no exit status other than the true one told; `unknown` only where nobody held the task.
"""
import argparse
import collections
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drive"))
import drive as d  # noqa: E402

MOMENT_S = 0.02  # a start and an end take less: a kill comes anywhere in them, or after
STOPPED = 41     # of stop-probe's handler
ENDED_DEAD = ("dead", "failed")


class Worker:
    """Tasks one after the other, each in a lab that the worker keeps."""

    def __init__(self, build, seed):
        self.random = random.Random(seed)
        self.lab = d.Lab(build)
        self.drive = d.Drive(self.lab)
        self.count = collections.Counter()

    def moment(self):
        time.sleep(self.random.uniform(0, MOMENT_S))  # not to wait for anything: to be anywhere

    def started(self):
        event = self.drive.until("started", "failed")[-1]
        assert event.kind == "event" and event.name == "started", event
        return event.number("pid")

    def told(self, code, may_be_unknown=False, may_fail=False):
        """The task's end, as its starter hears it."""
        seen = self.drive.until("exited", "failed")
        event = seen[-1]
        assert event.kind == "event", seen
        if event.name == "failed":
            assert may_fail, event
            self.count["never started"] += 1
        elif event.number("unknown"):
            assert may_be_unknown and not any(e.name in ("started", "adopted") for e in seen), seen
            self.count["unknown"] += 1
        else:
            assert event.number("code") == code, f"{event}, expected {code}"
            self.count["exact"] += 1
        gone = self.drive.until("gone")[-1]
        assert gone.kind == "event", gone
        self.drive.ask("remove")
        self.drive.ok("free")

    def short(self):
        code = self.random.randrange(1, 120)
        self.dir = self.lab.configure(self.drive, "/bin/sh", "-c", f"exit {code}")
        return code, int(self.drive.ok("start").text)

    def long(self):
        self.lab.drain_ready()
        self.dir = self.lab.configure(self.drive, "/v/stop-probe", "handler", kill_timeout_ms="60000")
        supervisor = int(self.drive.ok("start").text)
        task = self.started()
        self.lab.wait_ready()
        return task, supervisor

    # ---- the rounds ----

    def nobody_is_killed(self):
        code, _ = self.short()
        self.told(code)

    def supervisor_anywhere(self):
        code, supervisor = self.short()
        self.moment()
        d.kill(supervisor)
        self.told(code, may_be_unknown=True, may_fail=True)

    def supervisor_over_a_stop(self):
        _, supervisor = self.long()
        self.drive.send("stop", "default")
        self.moment()
        d.kill(supervisor)
        answer = self.drive.hear()
        assert answer.kind == "ok" or answer.text == "the task has ended", answer
        self.told(STOPPED)

    def starter_anywhere(self):
        code, supervisor = self.short()
        self.moment()
        self.drive.kill()
        d.wait_gone(supervisor)
        self.drive = d.Drive(self.lab)
        self.recorded(code)

    def both_while_it_runs(self):
        _, supervisor = self.long()
        self.drive.kill()
        d.kill(supervisor)
        d.wait_gone(supervisor)
        self.drive = d.Drive(self.lab)
        self.drive.ok("attach", self.lab.state, os.path.basename(os.path.dirname(self.dir)), "main")
        self.drive.ok("stop", "default")
        self.told(STOPPED)

    def starter_over_its_start(self):
        code = self.random.randrange(1, 120)
        self.dir = self.lab.configure(self.drive, "/bin/sh", "-c", f"exit {code}")
        self.drive.send("start")
        self.moment()
        self.drive.kill()
        self.drive = d.Drive(self.lab)
        self.settled(code, may_be_unknown=False)

    def foreground(self):
        code, run, killed = self.run_something()
        said = run.communicate(timeout=d.GUARD_S)[1]
        for pid, _ in self.ours():  # supervisors that clean up behind it
            d.wait_gone(pid)
        # a record is there only if somebody was killed
        self.settled(code, may_be_unknown="isoexec-supervise" in killed)
        if run.returncode == -d.signal.SIGKILL:
            self.count["starter killed"] += 1
        elif run.returncode == code:
            self.count["exact"] += 1
        else:
            why = "unknown" if "unknown" in said else "never started"
            assert run.returncode == 125 and killed and (why == "unknown" or why in said or "set up" in said), \
                f"{run.returncode}, expected {code}, killed {killed}: {said}"
            self.count[why] += 1

    def detached(self):
        code, run, killed = self.run_something("-detach")
        run.communicate(timeout=d.GUARD_S)
        for pid, name in self.ours():
            if name == "isoexec":  # the runner goes on alone until the task is started
                d.wait_gone(pid)
        self.settled(code, may_be_unknown="isoexec-supervise" in killed)

    def run_something(self, *more):
        """Return: its exit code, `isoexec run`, names of who was killed at some moment of it."""
        code = self.random.randrange(1, 120)
        run = subprocess.Popen([self.lab.program("isoexec"), "run", *self.lab.options(), "-memory", "64", *more, "--", "/bin/sh", "-c",
                                f"exit {code}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.moment()
        victims = self.ours()
        if victims and self.random.random() < 0.7:
            victims = [self.random.choice(victims)]
        for pid, _ in victims:
            d.kill(pid)
        return code, run, [name for _, name in victims]

    def ours(self):
        """Processes of ours. One in a pid namespace is the task's: it may be its command when the signal comes."""
        found = []
        for pid, name in self.lab.processes():
            try:
                with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                    inside = any(line.startswith("NSpid") and len(line.split()) > 2 for line in f)
            except OSError:
                continue
            if name != "isoexec-drive" and not inside:
                found.append((pid, name))
        return found

    def settled(self, code, may_be_unknown):
        """Nobody is left who was told: what there is of it is adopted, and gone then."""
        for directory in self.lab.records():
            event = self.drive.ask("adopt", directory)
            while event.kind == "ok" or (event.kind == "event" and event.name == "adopted"):
                # a supervisor is there: it ends with the task
                for pid, name in self.ours():
                    if name == "isoexec-supervise":
                        d.wait_gone(pid)
                event = self.drive.ask("adopt", directory)
            assert event.kind == "event", event
            if event.name == "failed":
                self.count["never started"] += 1
            elif event.number("unknown"):
                assert may_be_unknown, event
                self.count["unknown"] += 1
            else:
                assert event.number("code") == code, f"{event}, expected {code}"
                self.count["by its record"] += 1
        for base in (self.lab.state, os.path.join(self.lab.data, "alloc")):
            for alloc in os.listdir(base) if os.path.isdir(base) else ():
                if alloc != "mask":
                    shutil.rmtree(os.path.join(base, alloc))

    def recorded(self, code):
        """Nobody heard of its end: the file has it."""
        record = self.drive.ok("record", self.dir).values
        assert record["phase"] in ENDED_DEAD, record
        if record["phase"] == "dead":
            assert int(record["code"]) == code, f"{record}, expected {code}"
        self.count["by its record" if record["phase"] == "dead" else "never started"] += 1
        alloc = os.path.basename(os.path.dirname(self.dir))
        shutil.rmtree(os.path.join(self.lab.state, alloc))
        shutil.rmtree(os.path.join(self.lab.data, "alloc", alloc), ignore_errors=True)

    def run(self, rounds):
        ways = [self.nobody_is_killed, self.supervisor_anywhere, self.supervisor_over_a_stop, self.starter_anywhere,
                self.starter_over_its_start, self.both_while_it_runs, self.foreground, self.detached]
        for at in range(rounds):
            way = self.random.choice(ways)
            try:
                way()
            except (AssertionError, subprocess.TimeoutExpired) as problem:
                return f"round {at}, {way.__name__}: {problem}"
        self.lab.wait_left([self.drive])
        self.drive.close()
        self.lab.close()
        return None


def work(plan):
    build, seed, rounds = plan
    worker = Worker(build, seed)
    try:
        problem = worker.run(rounds)
    except AssertionError as left:
        problem = str(left)
    if problem:
        worker.lab.end_all()
        shutil.rmtree(worker.lab.dir, ignore_errors=True)
    return problem, worker.count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("-rounds", type=int, default=10000)
    parser.add_argument("-seed", type=int, default=1)
    parser.add_argument("-jobs", type=int, default=4)
    a = parser.parse_args()
    print(f"1..{a.jobs}", flush=True)
    total, bad = collections.Counter(), 0
    with multiprocessing.Pool(a.jobs) as pool:
        plans = [(a.build, a.seed + i, a.rounds // a.jobs) for i in range(a.jobs)]
        for number, (problem, count) in enumerate(pool.imap(work, plans), 1):
            total += count
            bad += problem is not None
            if problem:
                print(f"# {problem}")
            print(f"{'not ok' if problem else 'ok'} {number} - worker with seed {a.seed + number - 1}", flush=True)
    print("# " + ", ".join(f"{n} {what}" for what, n in sorted(total.items())))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
