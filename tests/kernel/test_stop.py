#!/usr/bin/env python3
"""Stopping: a process 1 that gets the signal ends as it likes, one that the kernel spares it is killed at once, one that ignores it
after kill_timeout. No wall-clock is judged: a kill_timeout of an hour tells "at once" from "not at once"."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drive"))
import drive as d  # noqa: E402
from harness import BUILD, Suite  # noqa: E402

test = Suite()
HOUR_MS = "3600000"
CODES = {name: 40 + i for i, name in enumerate(
    ("default", "handler", "ignored", "sigwait", "sigtimedwait", "signalfd", "thread", "blocked", "forkbomb"))}


class Task:
    """One that is ready for its signal, in a lab of its own."""

    def __init__(self, way, **more):
        self.lab = d.Lab(BUILD)
        self.drive = d.Drive(self.lab)
        self.lab.configure(self.drive, "/v/stop-probe", way, **more)
        self.drive.ok("start")
        started = self.drive.until("started", "failed")[-1]
        assert started.name == "started", started
        self.pid = started.number("pid")
        self.lab.wait_ready()

    def end(self):
        """Return: how it ended; nothing may be left."""
        event = self.drive.until("exited", "failed")[-1]
        assert event.kind == "event" and event.name == "exited", event
        assert self.drive.until("gone")[-1].kind == "event"
        self.drive.ok("remove")
        self.drive.ok("free")
        left = self.lab.left([self.drive])
        assert not left, f"left behind: {left}"
        self.drive.close()
        self.lab.close()
        return event


def check(event, code=None, signal=0, forced=False):
    assert (event.number("code"), event.number("signal"), bool(event.number("forced"))) == \
        (128 + signal if signal else code, signal, forced), event
    assert event.number("stop") == 1, event


def stopped(way, grace="default", signal=None, **more):
    task = Task(way, **more)
    task.drive.ok("stop", grace, *([signal] if signal else []))
    return task.end()


@test
def test_default_action_is_killed_at_once(place):
    check(stopped("default", kill_timeout_ms=HOUR_MS), signal=9)


@test
def test_who_takes_the_signal_ends_as_it_likes(place):
    for way in ("handler", "sigwait", "sigtimedwait", "signalfd", "thread"):
        check(stopped(way, kill_timeout_ms=HOUR_MS), CODES[way])


@test
def test_ignored_is_waited_for(place):
    check(stopped("ignored", kill_timeout_ms="50"), signal=9, forced=True)


@test
def test_blocked_is_waited_for(place):
    check(stopped("blocked", kill_timeout_ms="50"), signal=9, forced=True)


@test
def test_without_a_grace_period_nobody_is_asked(place):
    for way in ("handler", "ignored", "default"):
        check(stopped(way, grace=0, kill_timeout_ms=HOUR_MS), signal=9)


@test
def test_grace_of_the_asker_wins(place):
    check(stopped("ignored", grace=50, kill_timeout_ms=HOUR_MS), signal=9, forced=True)


@test
def test_another_signal(place):
    # a handler for SIGINT does not take SIGUSR1; its default action is dropped by the kernel
    check(stopped("handler", signal=10, kill_timeout_ms=HOUR_MS), signal=9)
    check(stopped("handler", kill_signal="SIGUSR1", kill_timeout_ms=HOUR_MS), signal=9)
    check(stopped("default", signal=9, kill_timeout_ms=HOUR_MS), signal=9)


@test
def test_second_stop_kills(place):
    task = Task("ignored", kill_timeout_ms=HOUR_MS)
    task.drive.ok("stop", "default")
    task.drive.ok("stop", 0)
    check(task.end(), signal=9)


@test
def test_second_stop_with_grace_does_not_lengthen(place):
    task = Task("ignored", kill_timeout_ms="50")
    task.drive.ok("stop", "default")
    task.drive.ok("stop", HOUR_MS)
    check(task.end(), signal=9, forced=True)


@test
def test_init_forwards(place):
    for way in ("handler", "sigwait", "signalfd"):
        check(stopped(way, init="true", kill_timeout_ms=HOUR_MS), CODES[way])
    # the command is no process 1: its default action ends it, and init ends as it did
    check(stopped("default", init="true", kill_timeout_ms=HOUR_MS), 130)
    check(stopped("ignored", init="true", kill_timeout_ms="50"), signal=9, forced=True)


@test
def test_host_pids(place):
    more = {"allow_host_pid": "true", "pid_mode": "host", "kill_timeout_ms": HOUR_MS}
    check(stopped("default", **more), signal=2)
    check(stopped("handler", **more), CODES["handler"])


@test
def test_fork_bomb_empties_the_cgroup(place):
    for more in ({}, {"allow_host_pid": "true", "pid_mode": "host"}):
        check(stopped("forkbomb", grace=0, pids_max="200", memory_mb="256", **more), signal=9)


@test
def test_signal_alone_is_no_stop(place):
    task = Task("handler", kill_timeout_ms=HOUR_MS)
    task.drive.ok("signal", 2)
    event = task.end()
    assert event.number("code") == CODES["handler"] and event.number("stop") == 0, event


@test
def test_foreground_run_passes_ctrl_c_on(place):
    lab = d.Lab(BUILD)
    run = subprocess.Popen([lab.program("isoexec"), "run", *lab.options(), "-volume", lab.volume + ":/v:ro", "--", "/v/stop-probe",
                            "handler"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lab.wait_ready()
    run.send_signal(2)
    assert run.wait(d.GUARD_S) == CODES["handler"], run.stderr.read()
    run.stdout.close()
    run.stderr.close()
    lab.wait_left()
    lab.close()


test.main()
