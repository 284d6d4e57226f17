#!/usr/bin/env python3
"""`isoexec exec`: streams, terminals, exit statuses, the same sandbox as the task's, and what adoption does to all of it."""
import fcntl
import hashlib
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import machine
from background import READY, inspect, kill_runner, kill_supervisor, running, sweep, tasks, until
from harness import ISOEXEC, PATIENCE, Suite, check

test = Suite()


def command(place, *words):
    return [ISOEXEC, "exec", "-state-dir", place.state, *words]


@test
def test_exit_status(place):
    with running(place):
        check(place.cli("exec", "sh", "true"), 0)
        check(place.cli("exec", "sh", "sh", "-c", "exit 43"), 43)
        check(place.cli("exec", "sh", "--", "sh", "-c", "exit 255"), 255)
        check(place.cli("exec", "sh", "sh", "-c", "kill -TERM $$"), 143)
        check(place.cli("exec", "sh", "sh", "-c", "kill -KILL $$"), 137)
        check(place.cli("exec", "sh", "/etc/passwd"), 126, stderr="command '/etc/passwd' cannot be executed in the task")
        check(place.cli("exec", "sh", "/etc"), 126)
        check(place.cli("exec", "sh", "no-such"), 127, stderr="command 'no-such' not found in the task: looked in its PATH")
        check(place.cli("exec", "sh", "/no/such"), 127)
        check(place.cli("exec", "-t", "sh", "no-such"), 127)
        check(place.cli("exec", "-t", "sh", "/etc/passwd"), 126)
        check(place.cli("exec", "-t", "sh", "sh", "-c", "exit 44"), 44)
        check(place.cli("exec", "-e", "=x", "sh", "true"), 125, stderr="takes NAME=VALUE")
        check(place.cli("exec", "-x", "sh", "true"), 125, stderr="unknown option '-x'")
        check(place.cli("exec", "sh"), 125, stderr="missing command")
        check(place.cli("exec", "--", "sh"), 125, stderr="missing alloc")
        check(place.cli("exec", "nope", "true"), 125, stderr="no alloc or job 'nope'")
    with running(place) as p:
        kill_runner(p)
        check(place.cli("stop", "sh"), 0)
        check(place.cli("exec", "sh", "true"), 125, stderr="has ended")
    sweep(place)


@test
def test_streams(place):
    with running(place):
        r = place.cli("exec", "sh", "sh", "-c", "echo out; echo err >&2; readlink /proc/self/fd/0; cat")
        check(r, 0)
        assert (r.stdout, r.stderr) == ("out\n/dev/null\n", "err\n"), (r.stdout, r.stderr)
        with open(place.write("in", "from a file\n"), encoding="ascii") as f:
            check(place.cli("exec", "-i", "sh", "cat", stdin=f), 0, stdout="from a file\n")
        # dashes of the command are the command's
        check(place.cli("exec", "sh", "echo", "-i", "-t", "--", "-e"), 0, stdout="-i -t -- -e\n")


@test
def test_environment(place):
    with running(place, READY, ["-env", "MINE=task"]):
        r = place.cli("exec", "-e", "A=1", "-e", "A=2", "-e", "USER=me", "sh", "sh", "-c", "echo $MINE $A $USER $NOMAD_TASK_NAME ${TERM-none}", env={"TERM": "foo"})
        check(r, 0, stdout="task 2 me main none\n")
        for options, want in (([], "foo"), (["-e", "TERM=bar"], "bar")):
            r = place.cli("exec", "-t", *options, "sh", "sh", "-c", "echo $TERM", env={"TERM": "foo"})
            check(r, 0, stdout=want + "\n")
    with running(place, READY, ["-env", "TERM=own"]):
        check(place.cli("exec", "-t", "sh", "sh", "-c", "echo $TERM", env={"TERM": "foo"}), 0, stdout="own\n")


SANDBOX = "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Shd|Sig(Blk|Ign|Cgt)|Cpus_allowed|Mems_allowed|THP|CoreDump)' /proc/%s/status; cat /proc/%s/cgroup; " \
    "for n in /proc/%s/ns/*; do readlink $n; done; cat /proc/%s/limits; cat /proc/%s/oom_score_adj /proc/%s/coredump_filter; umask"


def assert_same_sandbox(place):
    """Read by the task of itself and by a session of itself: the same bytes."""
    task = place.cli("logs", "sh").stdout.partition("--\n")[2].partition("--\n")[0]
    assert len(task.splitlines()) > 40, task
    r = place.cli("exec", "sh", "sh", "-c", SANDBOX.replace("%s", "self"))
    check(r, 0)
    assert r.stdout == task, "\n".join(f"{a}  |  {b}" for a, b in zip(task.splitlines(), r.stdout.splitlines()) if a != b)


@test
def test_same_sandbox_byte_for_byte(place):
    script = "echo --; %s; echo --; %s" % (SANDBOX.replace("%s", "self"), READY)
    for options in ([], ["-profile", "compatible"], ["-profile", "compatible", "-user", "root"], ["-cap-add", "net_bind_service", "-cores", "0"],
                    ["-profile", "compatible", "-pid-mode", "host", "-ipc-mode", "host"]):
        p = place.start(*options, "--", "sh", "-c", script)
        while (line := p.stdout.readline()) != "ready\n":
            assert line, p.stderr.read()
        until(lambda: place.cli("logs", "sh").stdout.endswith("ready\n"), "no log")
        assert_same_sandbox(place)
        pid = tasks(place)[0]["pid"]
        kill_supervisor(place)
        assert os.path.exists(f"/proc/{pid}"), f"{options}: it died with its supervisor"
        assert_same_sandbox(place)  # of a session whose supervisor has adopted the task
        check(place.cli("stop", "sh"), 0)
        p.communicate(timeout=30 * PATIENCE)


@test
def test_processes_see_each_other(place):
    with running(place):
        check(place.cli("exec", "sh", "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline"), 0, stdout="sleep 1000")
        check(place.cli("exec", "sh", "kill", "-0", "1"), 0)
        r = place.cli("exec", "sh", "sh", "-c", "ls -d /proc/[0-9]* | wc -l; cat /proc/self/sessionid; ps -o ppid= -p $$ 2>/dev/null || true")
        check(r, 0)
        assert r.stdout.splitlines()[0] in ("3", "4"), r.stdout  # the task, the shell, ls, maybe wc


@test
def test_hundred_megabytes_of_input(place):
    block, n = os.urandom(1_000_000), 100
    with running(place):
        p = subprocess.Popen(command(place, "-i", "sh", "sh", "-c", "cat; echo end >&2"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        got = []

        def read():
            digest, size = hashlib.sha256(), 0
            while data := p.stdout.read1(1 << 20):
                digest.update(data)
                size += len(data)
            got.append((size, digest.hexdigest()))

        reader = threading.Thread(target=read)
        reader.start()
        digest = hashlib.sha256()
        for _ in range(n):
            digest.update(block)
            p.stdin.write(block)
        p.stdin.close()
        reader.join()
        assert p.stderr.read() == b"end\n" and p.wait(timeout=30 * PATIENCE) == 0
        assert got == [(n * len(block), digest.hexdigest())], got


class Terminal:
    """An operator at a terminal of 33 lines and 101 columns, and isoexec exec on it."""

    def __init__(self, place, *words, env=None):
        self.master, slave = pty.openpty()
        self.resize(33, 101)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(command(place, *words), stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.seen = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern):
        deadline = time.monotonic() + 20 * PATIENCE
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            assert ready, (pattern, self.seen)
            self.seen += os.read(self.master, 65536)
        self.seen = self.seen[found.end():]
        return found

    def end(self):
        status = self.process.wait(timeout=30 * PATIENCE)
        after = termios.tcgetattr(self.slave)
        assert after == self.before, "the terminal's modes are not what they were"
        os.close(self.master)
        os.close(self.slave)
        return status


def pts_of_the_task(place):
    r = place.cli("exec", "sh", "sh", "-c", "ls /dev/pts")
    check(r, 0)
    return r.stdout.split()


@test
def test_terminal(place):
    with running(place):
        t = Terminal(place, "-it", "sh", "sh", env={"TERM": "vt100"})
        t.expect(rb"\$ $")
        assert not termios.tcgetattr(t.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG), "it is not raw"
        t.type("echo size=$(stty size) tty=$(tty) term=$TERM\n")
        t.expect(rb"term=\$TERM\r\n")  # echoed by the session's terminal
        t.expect(rb"size=33 101 tty=/dev/pts/0 term=vt100\r\n")
        assert pts_of_the_task(place) == ["0", "ptmx"]
        t.resize(50, 132)
        t.type("stty size\n")
        t.expect(rb"50 132\r\n")
        t.type("sleep 1000\n")
        t.expect(rb"sleep 1000\r\n")
        until(lambda: "sleep" in place.cli("exec", "sh", "sh", "-c", "cat /proc/[2-9]*/comm").stdout, "no sleep")
        t.type("\x03")  # a byte to us, SIGINT to the foreground group there
        t.expect(rb"\^C")
        t.type("echo $((40 + 2)) lives\n")
        t.expect(rb"42 lives\r\n")
        t.type("exit 7\n")
        assert t.end() == 7
        assert pts_of_the_task(place) == ["ptmx"]

        t = Terminal(place, "-it", "sh", "sh")
        t.expect(rb"\$ $")
        t.type("\x04")  # end of input of an empty line
        assert t.end() == 0


@test
def test_terminal_without_input_and_with_an_input_that_ends(place):
    with running(place):
        # -t alone: nothing of ours is read, and our terminal stays as it is
        t = Terminal(place, "-t", "sh", "sh", "-c", "tty; stty size; echo on")
        t.expect(rb"/dev/pts/0\r+\n33 101\r+\non\r+\n")
        assert t.end() == 0
        # a pipe as input: its end is told by the terminal's own character, also behind half a line
        for text, want in (("line\n", "line\r\nline\r\n"), ("half", "halfhalf"), ("", "")):
            r = subprocess.run(command(place, "-it", "sh", "cat"), input=text.encode(), capture_output=True, timeout=30 * PATIENCE, check=False)
            assert (r.returncode, r.stdout.decode()) == (0, want), r
        # much output: none of it is lost when the command ends
        r = place.cli("exec", "-t", "sh", "sh", "-c", "seq 1 100000", text=False)
        assert r.stdout == b"".join(b"%d\r\n" % i for i in range(1, 100001)), len(r.stdout)


@test
def test_signals_give_the_terminal_back(place):
    with running(place):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
            t = Terminal(place, "-it", "sh", "sh", "-c", "echo here; exec sleep 1000")
            t.expect(rb"here\r\n")
            t.process.send_signal(number)
            assert t.end() == 128 + number
        until(lambda: pts_of_the_task(place) == ["ptmx"], "sessions are left")
        # without a terminal of its own the session has ours, and may change it
        t = Terminal(place, "-i", "sh", "stty", "raw", "-echo")
        assert t.end() == 0


def n_processes(place):
    """Without the dead that process 1 does not reap."""
    def lives(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False
    with open(os.path.join(inspect(place)[0]["cgroups"][0], "cgroup.procs"), encoding="ascii") as f:
        return sum(lives(int(line)) for line in f)


@test
def test_asker_that_is_killed(place):
    with running(place):
        alloc = inspect(place)[0]
        mark = os.path.join(alloc["about"]["alloc_dir"], "alloc", "data", "hup")
        script = "trap 'echo hup > /alloc/data/hup; exit' HUP; echo begun; while :; do sleep 0.05; done"
        for options in ([], ["-t"]):
            p = subprocess.Popen(command(place, *options, "sh", "sh", "-c", script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            assert p.stdout.readline().strip() == b"begun"
            p.kill()
            p.communicate()
            until(lambda: os.path.exists(mark), "no SIGHUP came")
            until(lambda: n_processes(place) == 1, f"{options} is still there")
            os.unlink(mark)
        # who ignores it is killed two seconds later
        p = subprocess.Popen(command(place, "sh", "sh", "-c", "trap '' HUP; echo begun; while :; do sleep 0.05; done"), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE)
        assert p.stdout.readline() == b"begun\n"
        begin = time.monotonic()
        p.kill()
        p.communicate()
        until(lambda: n_processes(place) == 1, "it is still there")
        assert time.monotonic() - begin > 1, "killed without its two seconds"


@test
def test_task_that_ends_takes_its_sessions_along(place):
    with running(place):
        p = subprocess.Popen(command(place, "sh", "sh", "-c", "echo begun; exec sleep 1000"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert p.stdout.readline() == b"begun\n"
        check(place.cli("stop", "sh"), 0)
        p.communicate(timeout=30 * PATIENCE)
        assert p.returncode == 137, p.returncode


@test
def test_adopted_by_the_first_command(place):
    with running(place) as p:
        pid = tasks(place)[0]["pid"]
        kill_runner(p)
        kill_supervisor(place)
        check(place.cli("exec", "sh", "sh", "-c", "exit 9"), 9)  # at once: the new supervisor answers before exec goes on
        assert tasks(place)[0]["pid"] == pid and os.path.exists(f"/proc/{pid}")
        for first in (["ps"], ["status", "sh"], ["stats"], ["signal", "-s", "CONT", "sh"], ["logs", "-f", "-n", "0", "sh"]):
            kill_supervisor(place)
            if first[0] == "logs":
                follow = subprocess.Popen([ISOEXEC, "logs", "-state-dir", place.state, *first[1:]], stdout=subprocess.PIPE)
                until(lambda: tasks(place)[0]["status"] == "running", "not adopted")
            else:
                check(place.cli(*first), 0)
            one = inspect(place)[0]
            assert one["status"] == "running" and one["pid"] == pid, one
        known = "ended by signal 9 (SIGKILL), exit status 137" if machine.pidfd_tells_exit() else "the exit status is unknown"
        check(place.cli("stop", "sh"), 0, stdout=known)
        assert follow.communicate(timeout=30 * PATIENCE)[0] == b"" and follow.returncode == 0
    sweep(place)


CONNECT = """import socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect("\\0" + sys.argv[1])
    print("connected")
except OSError as e:
    print(e.errno)
"""


@test
def test_adopted_tasks_keep_their_bounds(place):
    name = "isoexec-test-" + os.path.basename(place.dir)
    host = socket.socket(socket.AF_UNIX)
    host.bind("\0" + name)
    host.listen(8)
    with running(place) as p:
        supervise = [f"{place.parent}/supervise"] * 2

        def homes():
            with open(f"/proc/{inspect(place)[0]['record']['supervisor_pid']}/cgroup", encoding="ascii") as f:
                return [line.strip().split(":")[2] for line in f if line.split(":")[1] in ("memory", "pids")]

        def connect():
            r = place.cli("exec", "sh", "python3", "-c", CONNECT, name)
            check(r, 0)
            return r.stdout

        # EPERM: an abstract socket outside the task's Landlock domain, where a domain can have that scope
        reached = "1\n" if machine.landlock_has_scopes() else "connected\n"
        assert connect() == reached
        assert homes() in (supervise, []), homes()
        kill_runner(p)
        kill_supervisor(place)
        assert connect() == reached
        assert homes() in (supervise, []), homes()
        check(place.cli("exec", "sh", "kill", "-0", "1"), 0)  # signals to the task go on to work
        check(place.cli("stop", "sh"), 0)
    host.close()
    sweep(place)


test.main()
