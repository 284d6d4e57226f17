"""What the kernel tests share: running isoexec with directories of their own, and TAP."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import machine

# a slow machine (the guest of tests/guest) has this much more time for everything
PATIENCE = int(os.environ.get("ISO_PATIENCE", "1"))
BUILD = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "build"
ISOEXEC = os.path.join(BUILD, "isoexec")


class Place:
    """Data, state and cgroup parent of one test."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="isoexec-test-")
        self.data = os.path.join(self.dir, "data")
        self.state = os.path.join(self.dir, "state")
        self.parent = "/isoexec-test-" + os.path.basename(self.dir).rsplit("-", 1)[1]

    def options(self):
        return ["-data-dir", self.data, "-state-dir", self.state, "-cgroup-parent", self.parent]

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def run(self, *args, command="run", stdin=None, timeout=60, env=None, **more):
        return subprocess.run([ISOEXEC, command, *self.options(), *args], stdin=stdin or subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout * PATIENCE, env=env,
                              check=False, **more)

    def start(self, *args, **more):
        return subprocess.Popen([ISOEXEC, "run", *self.options(), *args], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def cli(self, command, *args, options=(), stdin=None, timeout=60, text=True, **more):
        """A command that looks at or acts on the tasks of this place."""
        return subprocess.run([ISOEXEC, command, "-state-dir", self.state, *options, *args], stdin=stdin or subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text, timeout=timeout * PATIENCE, check=False, **more)

    def gc(self, *args):
        return self.cli("gc", *args, options=["-data-dir", self.data, "-cgroup-parent", self.parent])

    def left(self):
        """What is left of allocs, state and cgroups. `run` ends with the task; its supervisor cleans up behind it."""
        deadline = time.monotonic() + 10 * PATIENCE
        while (found := self.look()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    def look(self):
        found = []
        for base, keep in ((os.path.join(self.data, "alloc"), ()), (self.state, ("mask",))):
            if os.path.isdir(base):
                found += [os.path.join(base, name) for name in os.listdir(base) if name not in keep]
        for root, dirs, _ in os.walk("/sys/fs/cgroup"):
            found += [os.path.join(root, d) for d in dirs if d == self.parent[1:]]
        return found

    def remove(self):
        shutil.rmtree(self.dir)


class Running:
    """A task that has said "ready" and waits; `with Running(place, options..., script=...) as task`. A test ends it by `end`; whatever
    it did not end is killed."""

    WAIT = "trap 'exit 0' INT; echo ready; sleep 1000 & wait"

    def __init__(self, place, *options, script=WAIT):
        self.place = place
        self.process = place.start(*options, "--", "sh", "-c", script)

    def __enter__(self):
        told = self.process.stdout.readline()
        assert told == "ready\n", (told, self.process.communicate())
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.send_signal(signal.SIGTERM)  # two different ones: of the same only one would be pending
            self.process.communicate(timeout=30 * PATIENCE)

    def dirs(self):
        """The task's cgroup directories by hierarchy: "" is v2."""
        pid = self.pids()[0]
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as f:
            return {line.split(":")[1]: line.strip().split(":", 2)[2] for line in f}

    def leaf(self):
        """Its directory on v2."""
        return machine.CGROUPS + self.dirs()[""]

    def file(self, name):
        with open(os.path.join(self.leaf(), name), encoding="utf-8") as f:
            return f.read().strip()

    def write(self, name, text):
        with open(os.path.join(self.leaf(), name), "w", encoding="utf-8") as f:
            f.write(text)

    def wait_for(self, name, text):
        """Until @text is in the file."""
        wait_until(lambda: text in self.file(name), lambda: f"{name} has no '{text}': {self.file(name)}")

    def supervisor(self):
        (pid,) = children(self.process.pid)
        return pid

    def pids(self):
        """Its first process, and what that has started. Orphans of a task in the host's pids come to the supervisor, later."""
        main = children(self.supervisor())[0]
        return [main, *descendants(main)]

    def task_dir(self):
        base = os.path.join(self.place.data, "alloc")
        return os.path.join(base, os.listdir(base)[0], "main")

    def end(self, *signals):
        for number in signals or (signal.SIGINT,):
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30 * PATIENCE)
        return self.process.returncode, out, err


def children(pid):
    """Not from /proc/PID/task/PID/children: a kernel may be built without."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.append(int(name))
    return sorted(found)


def descendants(pid):
    found = children(pid)
    return found + [below for child in found for below in descendants(child)]


def wait_until(true, tell):
    deadline = time.monotonic() + 10 * PATIENCE
    while not true():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.01)


class Suite:
    def __init__(self):
        self.tests = []

    def __call__(self, function):
        self.tests.append(function)
        return function

    def main(self, needs=None):
        """@needs: what the whole program needs and this machine lacks; None: nothing."""
        if needs:
            print(f"1..0 # SKIP {needs}", flush=True)
            sys.exit(1 if os.environ.get("ISO_MUST_WORK") == "1" else 0)
        failed = 0
        print(f"1..{len(self.tests)}", flush=True)
        for number, test in enumerate(self.tests, 1):
            place = Place()
            name = test.__name__.removeprefix("test_")
            try:
                test(place)
                left = place.left()
                assert not left, f"left behind: {left}"
                print(f"ok {number} - {name}", flush=True)
            except Exception as error:  # a broken test is a failed test
                failed += 1
                for line in f"{type(error).__name__}: {error}".split("\n"):
                    print("#", line)
                print(f"not ok {number} - {name}", flush=True)
            finally:
                place.remove()
        sys.exit(1 if failed else 0)


def check(result, code, stdout=None, stderr=None):
    """Status, and texts that must be in the output."""
    told = f"status {result.returncode}\nstdout: {result.stdout}\nstderr: {result.stderr}"
    assert result.returncode == code, f"expected status {code}, got {told}"
    if stdout is not None:
        assert stdout in result.stdout, f"expected '{stdout}' on stdout, got {told}"
    if stderr is not None:
        assert stderr in result.stderr, f"expected '{stderr}' on stderr, got {told}"
