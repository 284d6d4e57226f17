"""Tasks that run while something else is done with them: what the tests of commands share."""
import contextlib
import json
import os
import select
import signal
import time

from harness import PATIENCE, check

READY = "echo ready; exec sleep 1000"


def until(true, what):
    """For what happens in another process; never instead of an event that can be read."""
    deadline = time.monotonic() + 20 * PATIENCE
    while not (result := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.005)
    return result


def has_become(place, name):
    """The shell's handlers are gone from here on: signals do what they do to process 1 of a namespace."""
    def comm(one):
        try:
            with open(f"/proc/{one['pid']}/comm", encoding="ascii") as f:
                return f.read().strip()
        except OSError:
            return None
    return all(comm(one) == name for one in tasks(place))


@contextlib.contextmanager
def running(place, script=READY, options=(), name="sh"):
    """A task in a foreground run; it is over afterwards, whatever has become of its runner."""
    p = place.start(*options, "--", name, "-c", script)
    line = p.stdout.readline()
    assert line == "ready\n", (line, p.stderr.read() if not line else "")
    try:
        if script.endswith("exec sleep 1000"):
            until(lambda: has_become(place, "sleep"), "it does not sleep")
        yield p
    finally:
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            p.send_signal(signal.SIGTERM)
        p.communicate(timeout=30 * PATIENCE)


def tasks(place, *options):
    r = place.cli("ps", "-json", *options)
    check(r, 0)
    return json.loads(r.stdout)


def inspect(place, word="sh"):
    r = place.cli("inspect", word)
    check(r, 0)
    return json.loads(r.stdout)


def kill_runner(p):
    p.kill()
    p.wait()


def kill_supervisor(place, word="sh"):
    """And wait until it is gone: its lock is free."""
    pid = inspect(place, word)[0]["record"]["supervisor_pid"]
    fd = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([fd], [], [], 20)
    os.close(fd)


def sweep(place):
    """Nothing is left: what the end of each test wants."""
    check(place.gc(), 0, stdout="removed alloc")
