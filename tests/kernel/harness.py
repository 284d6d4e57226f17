"""What the kernel tests share: running isoexec with directories of their own, and TAP."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

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
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, env=env,
                              check=False, **more)

    def start(self, *args, **more):
        return subprocess.Popen([ISOEXEC, "run", *self.options(), *args], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def cli(self, command, *args, options=(), stdin=None, timeout=60, text=True, **more):
        """A command that looks at or acts on the tasks of this place."""
        return subprocess.run([ISOEXEC, command, "-state-dir", self.state, *options, *args], stdin=stdin or subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text, timeout=timeout, check=False, **more)

    def gc(self, *args):
        return self.cli("gc", *args, options=["-data-dir", self.data, "-cgroup-parent", self.parent])

    def left(self):
        """What is left of allocs, state and cgroups. `run` ends with the task; its supervisor cleans up behind it."""
        deadline = time.monotonic() + 10
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


class Suite:
    def __init__(self):
        self.tests = []

    def __call__(self, function):
        self.tests.append(function)
        return function

    def main(self):
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
