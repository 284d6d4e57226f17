#!/usr/bin/env python3
"""fault.py BUILD [-stride N]: each kernel call of a supervisor and its children fails once, in each way that it can, over a start, a
stop and a session; and its caller is killed there. After every round nothing may be left, and what was told must be true.

The order goes to the supervisor by the file PROGRAM.fault (src/base/sys_call_fault.c), which also says what was hit.
"""
import argparse
import errno
import mmap
import multiprocessing
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drive"))
import drive as d  # noqa: E402

KILL = 0
ERRORS = {errno.EPERM: "Operation not permitted", errno.ENOMEM: "Out of memory", errno.EIO: "I/O error",
          errno.EINTR: "Interrupted system call", errno.ENOSPC: "No space left on device"}  # as musl says it
CODE = 41  # of stop-probe's handler


class Order:
    """struct order of sys_call_fault.c"""

    def __init__(self, lab):
        path = lab.program("isoexec-supervise.fault")
        with open(path, "wb") as f:
            f.write(b"\0" * 4096)
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 4096)

    def arm(self, at, error):
        self.map[0:24] = struct.pack("IIIIiI", 0, error, 0, 0, 0, 0)
        self.map[0:4] = struct.pack("I", at)

    def disarm(self):
        self.map[0:4] = struct.pack("I", 0)

    def count(self):
        return struct.unpack("I", self.map[8:12])[0]

    def hit(self):
        """Number of the call that was hit and by whom, None = nothing was."""
        hit, pid, nr = struct.unpack("IiI", self.map[12:24])
        return (nr, pid) if hit else None


class Round:
    def __init__(self, lab, order, drive, at, error):
        self.lab, self.order, self.drive, self.at, self.error = lab, order, drive, at, error
        self.told = []

    def next(self, *names):
        self.told += self.drive.until(*names)
        return self.told[-1]

    def check_failed(self, event):
        """The error says which step, or whose call it was, and why."""
        assert event.text, "a failure without a word"
        if self.error != KILL:
            assert ERRORS[self.error] in event.text, f"'{event.text}' does not say '{ERRORS[self.error]}'"

    def check_exited(self, event, codes):
        """What it ended with; unknown only where the supervisor was killed and nobody held the task."""
        if event.number("unknown"):
            held = any(e.kind == "event" and e.name in ("started", "adopted") for e in self.told[:-1])
            assert self.error == KILL and not held, "the exit status is unknown"
            return
        assert event.number("code") in codes, f"exit code {event.number('code')}, expected one of {codes}"

    def clean(self):
        """What the next command does: adopt what nobody supervises, remove what is over."""
        self.order.disarm()
        for directory in self.lab.records():
            answer = self.drive.ask("adopt", directory)
            assert answer.kind in ("ok", "event"), f"adopt: {answer}"
            self.told.append(answer)
            assert answer.kind != "event" or answer.name != "adopted", "it still runs"


def start(r, argv, more):
    r.order.arm(r.at, r.error)
    r.lab.configure(r.drive, *argv, **more)
    first = r.drive.ask("start", *(["console"] if more else []))
    if first.kind == "error":
        raise AssertionError(f"start: {first}")
    event = r.next("exited", "failed")
    assert event.kind == "event", f"next: {event}"
    if event.name == "failed":
        r.check_failed(event)
    else:
        # process 1 of ours cannot tell whether the command was killed before its execve or after; and it may be killed itself
        hit = r.order.hit()
        codes = {2: [7, 137], 1: [7, 132]} if more.get("init") else {2: [7, 137]}
        r.check_exited(event, codes.get(hit[1], [7]) if r.error == KILL and hit else [7])
    event = r.next("gone")
    assert event.kind == "event", f"next: {event}"


def start_plain(r):
    start(r, ["/bin/sh", "-c", "exit 7"], {})


def start_rich(r):
    start(r, ["/bin/sh", "-c", "exit 7"], {"profile": "compatible", "init": "true", "writable_root": "true", "cores": "0"})


def running(r, way="handler"):
    """Return: pids of supervisor and task."""
    r.order.disarm()
    r.lab.drain_ready()
    r.lab.configure(r.drive, "/v/stop-probe", way, kill_timeout_ms="60000")
    supervisor = int(r.drive.ok("start").text)
    event = r.next("started", "failed")
    assert event.name == "started", event
    r.lab.wait_ready()
    return supervisor, event.number("pid")


def stop(r):
    running(r)
    r.order.arm(r.at, r.error)
    answer = r.drive.ask("stop", "default")
    r.told.append(answer)
    # whoever does not get the answer learns that it has ended
    assert answer.kind == "ok" or (r.error and answer.sys == errno.ESRCH), f"stop: {answer}"
    event = r.next("exited", "failed")
    assert event.kind == "event" and event.name == "exited", f"next: {event}"
    # a signal of which nobody can tell whether it came is followed by SIGKILL
    r.check_exited(event, [CODE, 137])
    assert event.number("code") == CODE or r.error, f"killed although it has a handler: {event}"
    assert event.number("stop") == 1, f"nobody remembers that it was stopped: {event}"
    assert not event.number("forced"), f"it was waited for: {event}"
    event = r.next("gone")
    assert event.kind == "event", f"next: {event}"


def session(r, word):
    running(r)
    r.order.arm(r.at, r.error)
    answer = r.drive.ask(word, "/bin/sh", "-c", "exit 5")
    r.told.append(answer)
    if answer.kind == "ok":
        answer = r.drive.ask("session-wait")
        r.told.append(answer)
    else:
        r.drive.ok("session-free")
    if answer.kind == "ok":
        # killed at a call of its own, it says so
        assert int(answer.text) == 5 or (r.error == KILL and int(answer.text) in (137, 132)), f"session: {answer}"
    r.order.disarm()
    # the task does not notice
    answer = r.drive.ask("stop", "default")
    r.told.append(answer)
    assert answer.kind == "ok", f"stop: {answer}"
    ended(r, [CODE])


def ended(r, codes):
    event = r.next("exited", "failed")
    assert event.kind == "event" and event.name == "exited", f"next: {event}"
    r.check_exited(event, codes)
    event = r.next("gone")
    assert event.kind == "event", f"next: {event}"


def adopt(r):
    """Its supervisor is killed; the next one meets the fault."""
    supervisor, _ = running(r)
    d.kill(supervisor)
    r.order.arm(r.at, r.error)
    event = r.next("adopted", "exited", "failed")
    assert event.kind == "event" and event.name == "adopted", f"next: {event}"
    r.order.disarm()
    answer = r.drive.ask("stop", "default")
    r.told.append(answer)
    assert answer.kind == "ok", f"stop: {answer}"
    ended(r, [CODE])


def adopt_ended(r):
    """The same, and the task has ended before: how, its pidfd tells, which the driver holds."""
    supervisor, task = running(r)
    d.kill(supervisor)
    d.wait_gone(supervisor)
    d.kill(task, d.signal.SIGINT)
    d.wait_gone(task)
    r.order.arm(r.at, r.error)
    ended(r, [CODE])


SCENES = {
    "start": start_plain,
    "start-rich": start_rich,
    "stop": stop,
    "exec": lambda r: session(r, "exec"),
    "exec-tty": lambda r: session(r, "exec-tty"),
    "adopt": adopt,
    "adopt-ended": adopt_ended,
}


def one(lab, order, scene, at, error):
    """Return: was there such a call."""
    d.shutil.rmtree(os.path.join(lab.state, "mask"), ignore_errors=True)  # made anew each time
    drive = d.Drive(lab)
    r = Round(lab, order, drive, at, error)
    try:
        SCENES[scene](r)
        hit = order.hit()
        r.clean()
        answer = drive.ask("remove")
        assert answer.kind == "ok", f"remove: {answer}"
        drive.ok("free")
        left = lab.left([drive])
        assert not left, f"left behind: {left}"
        return hit is not None
    except AssertionError as problem:
        raise AssertionError(f"{problem}\nhit: {order.hit()}\ntold: " + "\n      ".join(map(str, r.told))) from None
    finally:
        order.disarm()
        drive.kill()


def sweep(lab, drive_type=d.Drive):
    """After a failed round: end what there is, so that the next one begins clean."""
    drive = drive_type(lab)
    for directory in lab.records():
        answer = drive.ask("adopt", directory)
        if answer.kind == "event" and answer.name == "adopted":
            alloc = os.path.basename(os.path.dirname(directory))
            drive.ask("attach", lab.state, alloc, "main")
            drive.ask("stop", 0)
            drive.until("gone")
            drive.ask("free")
    drive.close()
    for pid, _ in lab.processes():
        d.kill(pid)
        d.wait_gone(pid)
    d.shutil.rmtree(lab.state, ignore_errors=True)
    d.shutil.rmtree(os.path.join(lab.data, "alloc"), ignore_errors=True)
    for path in sorted(lab.cgroups(), key=len, reverse=True):
        with open(os.path.join(path, "cgroup.procs"), encoding="utf-8") as f:
            for pid in f.read().split():
                d.kill(int(pid))
                d.wait_gone(int(pid))
        os.rmdir(path)


def run_all(lab, scene, error, stride, first):
    """Every n-th call from @first on. Return: (rounds, problems)."""
    order = Order(lab)
    problems, rounds, at = [], 0, first
    while True:
        rounds += 1
        try:
            if not one(lab, order, scene, at, error):
                return rounds, problems
        except AssertionError as problem:
            problems.append(f"call {at}: {problem}")
            sweep(lab)
            if len(problems) > 20:
                return rounds, problems
        at += stride


def one_plan(plan):
    """Return: (name, rounds, problems)"""
    number, build, scene, error, stride, first = plan
    lab = d.Lab(build, fault=True)
    try:
        # with a stride each pair takes other calls; which ones does not depend on chance
        rounds, problems = run_all(lab, scene, error, stride, first or 1 + number % stride)
    finally:
        lab.close()
    return f"{scene}-{errno.errorcode[error].lower() if error else 'kill'}", rounds, problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("-stride", type=int, default=1)
    parser.add_argument("-scene")
    parser.add_argument("-error")
    parser.add_argument("-first", type=int)
    parser.add_argument("-jobs", type=int, default=4, help="most of a round is waiting for the kernel")
    a = parser.parse_args()
    pairs = [(s, e) for s in (a.scene.split(",") if a.scene else SCENES)
             for e in ([KILL, *ERRORS] if not a.error else [getattr(errno, a.error, KILL)])]
    plans = [(i, a.build, s, e, a.stride, a.first) for i, (s, e) in enumerate(pairs)]
    total = bad = 0
    print(f"1..{len(plans)}", flush=True)
    with multiprocessing.Pool(a.jobs) as pool:
        for number, (name, rounds, problems) in enumerate(pool.imap(one_plan, plans, chunksize=1), 1):
            total += rounds
            bad += bool(problems)
            for problem in problems[:5]:
                print("\n".join("# " + line for line in problem.split("\n")))
            print(f"{'not ok' if problems else 'ok'} {number} - {name}: {rounds} rounds", flush=True)
    print(f"# {total} rounds")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
