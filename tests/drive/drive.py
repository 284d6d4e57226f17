"""The other end of isoexec-drive (drive.c), and what the tests that kill and break things share: a directory with copies of our
programs, one of state and data, canaries, and the look for what is left behind."""
import errno
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

GUARD_S = 60  # a test that hangs fails; nothing is judged by it
CGROUPS = "/sys/fs/cgroup"
NEVER_CHANGED = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/resolv.conf", "/etc/hosts", "/proc/sys/kernel/core_pattern"]


class Answer:
    """One line of the driver."""

    def __init__(self, line):
        words = line.rstrip("\n").split("\t")
        self.line, self.kind = line.rstrip("\n"), words[0]
        self.values = dict(w.split("=", 1) for w in words[1:] if "=" in w)
        if self.kind == "event":
            self.name, self.text = words[1], words[-1]
        elif self.kind == "error":
            self.fault, self.sys, self.text = int(words[1]), int(words[2]), "\t".join(words[3:])
        else:
            self.text = words[1] if len(words) > 1 else ""

    def number(self, name):
        return int(self.values[name])

    def __repr__(self):
        return self.line


class Drive:
    """One process with the library in it. Its task and session are its own."""

    def __init__(self, lab):
        self.lab = lab
        self.reaper = subprocess.Popen([lab.program("isoexec-drive")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       start_new_session=True)
        lab.reapers = [r for r in lab.reapers if r.poll() is None] + [self.reaper]
        self.pid = int(self.hear().text)

    def send(self, *words):
        self.reaper.stdin.write(("\t".join(str(w) for w in words) + "\n").encode())
        self.reaper.stdin.flush()

    def hear(self):
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.reaper.stdout], [], [], GUARD_S)[0]:
                raise AssertionError(f"no answer within {GUARD_S} s")
            part = os.read(self.reaper.stdout.fileno(), 65536)
            if not part:
                raise AssertionError("the driver has ended")
            line += part
        return Answer(line.decode())

    def ask(self, *words):
        self.send(*words)
        return self.hear()

    def ok(self, *words):
        answer = self.ask(*words)
        assert answer.kind == "ok", f"{words}: {answer}"
        return answer

    def until(self, *names):
        """Events up to one of these."""
        seen = []
        while True:
            seen.append(self.ask("next"))
            if seen[-1].kind == "error" or seen[-1].name in names:
                return seen

    def kill(self):
        """As a user's kill -9 would."""
        kill(self.pid)
        self.close()

    def close(self):
        """At its end of file the driver ends; what it has started goes on."""
        self.reaper.stdin.close()
        self.reaper.stdout.close()
        wait_gone(self.pid)


class Lab:
    """Copies of our programs beside each other, so that they find each other, and directories of a test."""

    def __init__(self, build, fault=False):
        self.reapers = []
        self.dir = tempfile.mkdtemp(prefix="isoexec-test-")
        self.state, self.data = os.path.join(self.dir, "state"), os.path.join(self.dir, "data")
        self.parent = "/isoexec-test-" + os.path.basename(self.dir).rsplit("-", 1)[1]
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.bin)
        for name in ("isoexec", "isoexec-job.so", "isoexec-supervise", "tests/drive/isoexec-drive"):
            shutil.copy(os.path.join(build, name), self.bin)
        if fault:
            shutil.copy(os.path.join(build, "tests/fault/isoexec-supervise"), self.bin)
        # /v of the tasks: a program of ours, and a FIFO by which it says that it is ready
        self.volume = os.path.join(self.dir, "volume")
        os.mkdir(self.volume)
        shutil.copy(os.path.join(build, "tests/drive/stop-probe"), self.volume)
        os.mkfifo(os.path.join(self.volume, "ready"))
        os.chmod(os.path.join(self.volume, "ready"), 0o666)
        os.chmod(self.volume, 0o755)
        self.ready = os.open(os.path.join(self.volume, "ready"), os.O_RDWR | os.O_NONBLOCK)
        self.canary = subprocess.Popen(["sleep", "infinity"], start_new_session=True)
        self.before = self.machine()

    def program(self, name):
        return os.path.join(self.bin, name)

    def options(self):
        return ["-data-dir", self.data, "-state-dir", self.state, "-cgroup-parent", self.parent]

    def configure(self, drive, *argv, **more):
        """A task of its own alloc. Return: its state directory."""
        alloc = str(uuid.uuid4())
        drive.ok("new")
        for name, value in {"state_dir": self.state, "data_dir": self.data, "cgroup_parent": self.parent, "alloc_id": alloc,
                            "task": "main", "command": argv[0], "memory_mb": "64", **more}.items():
            drive.ok("set", name, value)
        drive.ok("add", "volume", self.volume + ":/v:ro")
        for arg in argv[1:]:
            drive.ok("add", "arg", arg)
        return os.path.join(self.state, alloc, "main")

    def wait_ready(self):
        """What the task wrote to /v/ready."""
        assert select.select([self.ready], [], [], GUARD_S)[0], "the task does not become ready"
        return os.read(self.ready, 4096).decode()

    def drain_ready(self):
        try:
            os.read(self.ready, 65536)
        except BlockingIOError:
            pass

    # ---- what is there ----

    def machine(self):
        """What must be the same after every round."""
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as f:
            mounts = f.read()
        files = {}
        for name in NEVER_CHANGED:
            st = os.stat(name)
            with open(name, "rb") as f:
                files[name] = (st.st_mode, st.st_uid, st.st_gid, f.read())
        return {"mounts": mounts, "host files": files}

    def processes(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                exe = os.readlink(f"/proc/{pid}/exe")
            except OSError:
                continue
            if exe.startswith(self.dir + "/"):
                found.append((int(pid), os.path.basename(exe)))
        return found

    def cgroups(self):
        found = []
        for name in os.listdir(CGROUPS):
            path = os.path.join(CGROUPS, name) + self.parent
            found += [root for root, _, _ in os.walk(path)]
        return found

    def records(self):
        found = []
        for root, _, files in os.walk(self.state):
            if "task" in files:
                found.append(root)
        return found

    def files(self):
        """Of state and data; the layers of whiteouts are shared and stay."""
        found = []
        for base in (self.state, os.path.join(self.data, "alloc")):
            for root, dirs, files in os.walk(base):
                if root == os.path.join(self.state, "mask"):
                    found += [os.path.join(root, d) for d in dirs if "." in d]
                    dirs[:] = []
                    continue
                found += [os.path.join(root, name) for name in dirs + files if (root, name) != (self.state, "mask")]
        return found

    def left(self, drives=()):
        """Everything that should not be there. @drives: may live."""
        found = []
        now = self.machine()
        found += [f"{name} changed" for name, value in now.items() if value != self.before[name]]
        mine = {d.pid for d in drives} | {r.pid for r in self.reapers}
        found += [f"process {pid} {name}" for pid, name in self.processes() if pid not in mine]
        for drive in drives:
            with open(f"/proc/{drive.pid}/task/{drive.pid}/children", encoding="utf-8") as f:
                found += [f"child {pid} of the driver" for pid in f.read().split()]
        found += [f"cgroup {path}" for path in self.cgroups()]
        found += [f"file {path}" for path in self.files()]
        if self.canary.poll() is not None:
            found.append("the canary process was signalled")
        return found

    def wait_left(self, drives=()):
        """`isoexec run` ends with the task; supervisors that clean up behind it end by themselves."""
        for pid, name in self.processes():
            if name == "isoexec-supervise":
                wait_gone(pid)
        left = self.left(drives)
        assert not left, f"left behind: {left}"

    def end_all(self):
        """After a failed test: the machine is shared."""
        for pid, name in self.processes():
            if not name.startswith("isoexec-drive"):
                kill(pid)
        for path in sorted(self.cgroups(), key=len, reverse=True):
            with open(os.path.join(path, "cgroup.procs"), encoding="utf-8") as f:
                for pid in f.read().split():
                    kill(int(pid))
                    wait_gone(int(pid))
        for path in sorted(self.cgroups(), key=len, reverse=True):
            try:
                os.rmdir(path)
            except OSError:
                pass

    def close(self):
        for reaper in self.reapers:
            reaper.wait(GUARD_S)
        self.canary.kill()
        self.canary.wait()
        os.close(self.ready)
        shutil.rmtree(self.dir)


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_gone(pid):
    """Until a process that is no child of ours has ended, told by the kernel."""
    try:
        fd = os.pidfd_open(pid)
    except OSError as error:
        assert error.errno == errno.ESRCH, error
        return
    try:
        assert select.select([fd], [], [], GUARD_S)[0], f"process {pid} does not end"
    finally:
        os.close(fd)


def wait_reaped(pid):
    """The same, and its parent has asked how: nobody else can, from now on."""
    wait_gone(pid)
    end = time.monotonic() + GUARD_S
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < end, f"nobody reaps process {pid}"
        os.sched_yield()
