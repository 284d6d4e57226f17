#!/usr/bin/env python3
"""kill -9 of the runner, of the supervisor, of both; reboots; broken records; full disks. Tasks go on, whoever comes next finds the
truth, and an exit status is right or, where nobody was left to see it, unknown."""
import glob
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drive"))
import drive as d  # noqa: E402
import machine  # noqa: E402
from harness import BUILD, Suite  # noqa: E402

# full disks are tmpfs: in a mount namespace of the test's own, so that nobody else sees them
if os.readlink("/proc/self/ns/mnt") == os.readlink(f"/proc/{os.getppid()}/ns/mnt"):
    os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])

test = Suite()
CODE = 41  # of stop-probe's handler
EXIT_UNKNOWN, STOP_ASKED, LOST = 1, 4, 16
KNOWN = machine.pidfd_tells_exit()  # Linux 6.15; before, nobody can tell how a task that was adopted ended
JOB = """
job "again" {
  group "g" {
    restart {
      attempts = 1
      delay    = "0s"
      interval = "10m"
      mode     = "fail"
    }
    task "main" {
      driver = "exec"
      config {
        command = "/v/stop-probe"
        args    = ["handler"]
      }
      volume_mount {
        volume      = "v"
        destination = "/v"
      }
    }
    volume "v" {
      type   = "host"
      source = "v"
    }
  }
}
"""


def ended_as_it_can_be_known(event, code):
    """Of a task that was adopted."""
    return event.number("code") == code and not event.number("unknown") if KNOWN else event.number("code") == -1 and event.number("unknown")


class Scene:
    """A lab that must be clean at its end."""

    def __init__(self):
        self.lab = d.Lab(BUILD)
        self.drives, self.disks = [], []

    def __enter__(self):
        return self

    def drive(self):
        self.drives.append(d.Drive(self.lab))
        return self.drives[-1]

    def __exit__(self, kind, problem, trace):
        for drive in self.drives:
            if not drive.reaper.stdin.closed:
                drive.close()
        if problem is None:
            self.lab.wait_left()
        else:
            self.lab.end_all()
        for disk in self.disks:
            disk.unmount()
        self.lab.close()

    # ---- a task that waits for its signal ----

    def start(self, *argv, **more):
        drive = self.drive()
        self.dir = self.lab.configure(drive, *(argv or ("/v/stop-probe", "handler")), **more)
        self.supervisor = int(drive.ok("start").text)
        started = drive.until("started", "failed")[-1]
        assert started.name == "started", started
        self.task = started.number("pid")
        self.lab.wait_ready()
        return drive

    def alloc(self):
        return os.path.basename(os.path.dirname(self.dir))

    def attach(self):
        drive = self.drive()
        drive.ok("attach", self.lab.state, self.alloc(), "main")
        return drive

    def record(self, drive):
        return drive.ok("record", self.dir).values

    def end(self, drive, adopted=False):
        """Its last events, and its directories."""
        event = drive.until("exited", "failed")[-1]
        assert event.kind == "event" and event.name == "exited", event
        assert ended_as_it_can_be_known(event, CODE) if adopted else event.number("code") == CODE and not event.number("unknown"), event
        last = drive.until("gone")[-1]
        assert last.kind == "event", last
        drive.ok("remove")

    def stop(self, drive, adopted=False):
        drive.ok("stop", "default")
        self.end(drive, adopted)

    def adopt(self, drive):
        """What gc does with a task that nobody supervises."""
        return drive.ask("adopt", self.dir)

    def lives(self):
        assert os.path.exists(f"/proc/{self.task}"), "the task is gone"


def remove(scene):
    """An ended task that nobody was attached to."""
    subprocess.run(["rm", "-r", os.path.dirname(scene.dir), os.path.join(scene.lab.data, "alloc", scene.alloc())], check=True)


# ---- who is killed ----


@test
def test_starter(place):
    with Scene() as s:
        s.start().kill()
        s.lives()
        s.stop(s.attach())


@test
def test_supervisor_with_its_starter_there(place):
    with Scene() as s:
        drive = s.start()
        for _ in range(3):
            d.kill(s.supervisor)
            adopted = drive.until("adopted", "exited", "failed")[-1]
            assert adopted.name == "adopted" and adopted.number("pid") == s.task, adopted
            s.lives()
            s.supervisor = int(s.record(drive)["supervisor"])
        s.stop(drive, adopted=True)


@test
def test_both(place):
    with Scene() as s:
        s.start().kill()
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        s.lives()
        s.stop(s.attach(), adopted=True)


@test
def test_both_and_the_task_ends_alone(place):
    with Scene() as s:
        s.start().kill()
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        d.kill(s.task, signal.SIGINT)
        d.wait_reaped(s.task)
        drive = s.drive()
        event = s.adopt(drive)
        assert event.name == "exited" and event.number("unknown") and event.number("code") == -1, event
        record = s.record(drive)
        assert record["phase"] == "dead" and int(record["flags"]) & EXIT_UNKNOWN, record
        assert drive.ask("attach", s.lab.state, s.alloc(), "main").text == "the task has ended"
        remove(s)


@test
def test_supervisor_and_the_task_ends_held_by_its_starter(place):
    with Scene() as s:
        drive = s.start()
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        d.kill(s.task, signal.SIGINT)
        d.wait_gone(s.task)
        s.end(drive, adopted=True)


@test
def test_held_by_who_has_attached(place):
    with Scene() as s:
        s.start().kill()
        drive = s.attach()
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        d.kill(s.task, signal.SIGINT)
        d.wait_gone(s.task)
        s.end(drive, adopted=True)


@test
def test_supervisor_over_a_stop(place):
    # it had sent the signal and was waiting; its successor waits again, with the whole of kill_timeout, and then kills
    with Scene() as s:
        drive = s.start("/v/stop-probe", "ignored", kill_timeout_ms="100")
        d.kill(s.supervisor, signal.SIGSTOP)
        drive.send("stop", 3600000)
        d.kill(s.supervisor)
        assert drive.hear().kind == "ok"
        d.kill(int(s.record(drive)["supervisor"]))
        # the one that comes now knows from the record that it was asked for
        event = drive.until("exited", "failed")[-1]
        assert ended_as_it_can_be_known(event, 128 + 9) and event.number("forced") and event.number("stop"), event
        drive.until("gone")
        drive.ok("remove")


@test
def test_two_attach_at_once(place):
    with Scene() as s:
        s.start().kill()
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        drives = [s.drive() for _ in range(4)]
        for drive in drives:
            drive.send("attach", s.lab.state, s.alloc(), "main")
        answers = [drive.hear() for drive in drives]
        assert all(a.kind == "ok" for a in answers), answers
        drives[0].ok("stop", "default")
        for drive in drives:
            event = drive.until("exited", "failed")[-1]
            assert event.kind == "event" and ended_as_it_can_be_known(event, CODE), event
            assert drive.until("gone")[-1].kind == "event"
        drives[0].ok("remove")


@test
def test_session_of_an_adopted_task(place):
    # the same sandbox as one of the first supervisor's
    with Scene() as s:
        drive = s.start()
        show = ["exec", "/bin/sh", "-c", "grep -E '^(Cap|Uid|Gid|Groups|NoNew|Seccomp)' /proc/self/status >/local/$0"]
        drive.ok(*show, "before")
        assert drive.ok("session-wait").text == "0"
        d.kill(s.supervisor)
        assert drive.until("adopted")[-1].name == "adopted"
        drive.ok(*show, "after")
        assert drive.ok("session-wait").text == "0"
        local = os.path.join(s.lab.data, "alloc", s.alloc(), "main", "local")
        texts = []
        for name in ("before", "after"):
            with open(os.path.join(local, name), encoding="utf-8") as f:
                texts.append(f.read())
        assert texts[0] and texts[0] == texts[1], texts
        s.stop(drive, adopted=True)


# ---- runs ----


def run_in_foreground(s):
    run = subprocess.Popen([s.lab.program("isoexec"), "run", *s.lab.options(), "-volume", s.lab.volume + ":/v:ro", "--",
                            "/v/stop-probe", "handler"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    s.lab.wait_ready()
    s.dir = s.lab.records()[0]
    look(s)
    return run


def assert_adopted(run, told):
    if KNOWN:
        assert run.returncode == CODE, told
    else:
        assert run.returncode == 125 and b"the exit status is unknown" in told[1], told


@test
def test_foreground_supervisor(place):
    with Scene() as s:
        run = run_in_foreground(s)
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        s.lives()
        run.send_signal(signal.SIGINT)
        told = run.communicate(timeout=d.GUARD_S)
        assert_adopted(run, told)


@test
def test_foreground_runner(place):
    with Scene() as s:
        run = run_in_foreground(s)
        run.kill()
        run.communicate()
        s.lives()
        s.stop(s.attach())


@test
def test_foreground_both(place):
    with Scene() as s:
        run = run_in_foreground(s)
        d.kill(s.supervisor)
        run.kill()
        run.communicate()
        s.lives()
        s.stop(s.attach(), adopted=True)


@test
def test_supervisor_over_its_cleaning(place):
    # `run` ends with the task and waits for nobody: the record stays until a supervisor has got to the end
    with Scene() as s:
        run = run_in_foreground(s)
        d.kill(s.supervisor, signal.SIGSTOP)
        d.kill(s.task, signal.SIGINT)
        d.wait_gone(s.task)
        d.kill(s.supervisor)
        told = run.communicate(timeout=d.GUARD_S)
        assert_adopted(run, told)


def detached(s):
    config = os.path.join(s.lab.dir, "config.hcl")
    with open(config, "w", encoding="utf-8") as f:
        f.write('client {\n  host_volume "v" {\n    path = "%s"\n    read_only = true\n  }\n}\n' % s.lab.volume)
    job = os.path.join(s.lab.dir, "again.nomad.hcl")
    with open(job, "w", encoding="utf-8") as f:
        f.write(JOB)
    r = subprocess.run([s.lab.program("isoexec"), "run", *s.lab.options(), "-config", config, "-detach", job],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                       timeout=d.GUARD_S)
    assert r.returncode == 0, r.stderr
    s.lab.wait_ready()
    s.dir = os.path.join(s.lab.state, r.stdout.strip(), "main")
    look(s)


def look(s):
    """Once its supervisor answers: the record says that it runs."""
    drive = s.attach()
    record = s.record(drive)
    s.supervisor, s.task = int(record["supervisor"]), int(record["task"])
    drive.close()


def runner_of(s):
    found = [pid for pid, name in s.lab.processes() if name == "isoexec"]
    assert len(found) == 1, found
    return found[0]


def events(s):
    with open(os.path.join(os.path.dirname(s.dir), "events"), encoding="utf-8") as f:
        return [json.loads(line)["type"] for line in f]


@test
def test_detached_runner_is_started_again(place):
    with Scene() as s:
        detached(s)
        runner = runner_of(s)
        d.kill(runner)
        d.wait_gone(runner)
        s.lives()
        again = subprocess.Popen([s.lab.program("isoexec"), "runner", os.path.dirname(s.dir)], stdin=subprocess.DEVNULL)
        # it ends with 41: the policy starts it once more, and no third time
        d.kill(s.task, signal.SIGINT)
        s.lab.wait_ready()
        look(s)
        d.kill(s.task, signal.SIGINT)
        assert again.wait(d.GUARD_S) == 0
        assert events(s)[-2:] == ["Terminated", "Not Restarting"] and "Restarting" in events(s), events(s)
        remove(s)


@test
def test_detached_both_and_the_task_ends_alone(place):
    with Scene() as s:
        detached(s)
        runner = runner_of(s)
        d.kill(runner)
        d.kill(s.supervisor)
        d.wait_gone(runner)
        d.wait_gone(s.supervisor)
        d.kill(s.task, signal.SIGINT)
        d.wait_gone(s.task)
        again = subprocess.Popen([s.lab.program("isoexec"), "runner", os.path.dirname(s.dir)], stdin=subprocess.DEVNULL)
        s.lab.wait_ready()  # unknown is no success: started again
        look(s)
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        d.kill(s.task, signal.SIGINT)
        assert again.wait(d.GUARD_S) == 0
        record = s.record(s.drive())
        # the runner held it, which helps where a pidfd tells
        assert int(record["code"]) == CODE if KNOWN else int(record["flags"]) & EXIT_UNKNOWN, record
        remove(s)


@test
def test_detached_runner_killed_over_the_start(place):
    # whichever of the two it had got to: the task runs and can be stopped, or there is nothing of it
    for seen in [lambda lab: True] * 2 + [d.Lab.records] * 6:
        with Scene() as s:
            run = subprocess.Popen([s.lab.program("isoexec"), "run", *s.lab.options(), "-volume", s.lab.volume + ":/v:ro", "-detach",
                                    "--", "/v/stop-probe", "handler"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
            while run.poll() is None:
                runners = [pid for pid, name in s.lab.processes() if name == "isoexec" and pid != run.pid]
                if runners and seen(s.lab):
                    d.kill(runners[0])
                    break
            out, said = run.communicate(timeout=d.GUARD_S)
            if run.returncode == 0:
                s.lab.wait_ready()
                s.dir = os.path.join(s.lab.state, out.strip(), "main")
                s.stop(s.attach())
            else:
                assert not s.lab.records(), said


# ---- reboots ----


def rebooted(s):
    """Everything is dead, and the record is of another boot."""
    s.start().kill()
    d.kill(s.supervisor)
    d.kill(s.task)
    d.wait_gone(s.supervisor)
    d.wait_gone(s.task)
    drive = s.drive()
    drive.ok("reboot", s.dir)
    return drive


@test
def test_reboot(place):
    with Scene() as s:
        drive = rebooted(s)
        event = s.adopt(drive)
        assert event.name == "exited" and event.number("unknown"), event
        record = s.record(drive)
        assert record["phase"] == "dead" and int(record["flags"]) & LOST, record
        assert not s.lab.cgroups(), s.lab.cgroups()
        remove(s)


@test
def test_reboot_and_somebody_has_its_number(place):
    with Scene() as s:
        drive = rebooted(s)
        before = s.lab.canary.pid
        drive.ok("pretend", s.dir, before)  # the record names a stranger
        assert s.adopt(drive).number("unknown")
        assert s.lab.canary.poll() is None, "a stranger was killed"
        remove(s)


@test
def test_somebody_has_its_number(place):
    with Scene() as s:
        s.start().kill()
        d.kill(s.supervisor)
        d.kill(s.task)
        d.wait_gone(s.supervisor)
        d.wait_gone(s.task)
        drive = s.drive()
        drive.ok("pretend", s.dir, s.lab.canary.pid)
        event = s.adopt(drive)
        assert event.name == "exited" and event.number("unknown"), event
        assert s.lab.canary.poll() is None, "a stranger was killed"
        remove(s)


@test
def test_reboot_after_its_end(place):
    with Scene() as s:
        drive = s.start()
        drive.ok("stop", "default")
        drive.until("gone")
        drive.ok("reboot", s.dir)
        event = s.adopt(drive)
        assert event.number("code") == CODE and not event.number("unknown"), event
        drive.ok("remove")


# ---- output ----


@test
def test_output_without_a_supervisor(place):
    with Scene() as s:
        os.mkfifo(os.path.join(s.lab.volume, "go"))
        os.chmod(os.path.join(s.lab.volume, "go"), 0o666)
        script = "echo one; echo r >/v/ready; read a </v/go; head -c 50000 /dev/zero | tr '\\0' x; echo; " \
                 "echo r >/v/ready; read a </v/go; echo three; exit 6"

        def go():
            with open(os.path.join(s.lab.volume, "go"), "w", encoding="utf-8") as f:
                f.write("\n")

        s.start("/bin/sh", "-c", script).kill()
        d.kill(s.supervisor)
        d.wait_gone(s.supervisor)
        go()
        s.lab.wait_ready()  # 50 kB are in the FIFO, which nobody reads
        drive = s.attach()
        go()
        event = drive.until("exited", "failed")[-1]
        assert ended_as_it_can_be_known(event, 6) and event.number("dropped") == 0, event
        logs = glob.glob(os.path.join(s.lab.data, "alloc", "*", "alloc", "logs", "main.stdout.*"))
        with open(logs[0], encoding="utf-8") as f:
            text = f.read()
        assert text == "one\n" + "x" * 50000 + "\nthree\n", (len(text), text[:40], text[-40:], text.count("x"))
        drive.until("gone")
        drive.ok("remove")


# ---- records ----


def broken(s):
    """A task that nobody supervises, to break its record."""
    s.start().kill()
    d.kill(s.supervisor)
    d.wait_gone(s.supervisor)
    path = os.path.join(s.dir, "task")
    with open(path, "rb") as f:
        whole = f.read()

    def put(data):
        with open(path, "wb") as f:
            f.write(data)
    return whole, put


@test
def test_torn_record(place):
    # killed within a write: one slot is nonsense, the other one holds
    with Scene() as s:
        whole, put = broken(s)
        newest = max((0, 1), key=lambda i: int.from_bytes(whole[512 * i + 12:512 * i + 16], "little"))
        put(whole[:512 * newest + 40] + b"\xff" * 60 + whole[512 * newest + 100:])
        drive = s.drive()
        answer = s.adopt(drive)
        # the older slot says that it was being started: that is ended
        assert answer.kind == "event" and answer.name in ("failed", "adopted"), answer
        if answer.name == "adopted":
            s.stop(s.attach(), adopted=True)
        else:
            d.wait_gone(s.task)
            remove(s)


@test
def test_unreadable_records(place):
    with Scene() as s:
        whole, put = broken(s)
        drive = s.drive()
        other_version = bytearray(whole)
        for slot in (0, 512):
            other_version[slot + 4] = 99
        for data in (b"", b"x", b"\0" * 8192, b"hello\n" * 3000, bytes(other_version), whole[:1024], whole[:100]):
            put(data)
            answer = drive.ask("attach", s.lab.state, s.alloc(), "main")
            assert answer.kind == "error" and "the task's record" in answer.text, (data[:10], answer)
            s.lives()
        # without its plan
        for data in (whole[:8192], whole[:8200], whole[:-100], whole[:8192] + b"\xff" * 4096):
            put(data)
            answer = drive.ask("attach", s.lab.state, s.alloc(), "main")
            if answer.kind == "ok":
                answer = drive.until("adopted", "exited", "failed", "gone")[-1]
                drive.ok("free")
            assert answer.kind == "error" and "take over" in answer.text, (len(data), answer)
            s.lives()
        # other tasks do not care
        drive2 = s.drive()
        first, task = s.dir, s.task
        s.dir = s.lab.configure(drive2, "/v/stop-probe", "handler")
        drive2.ok("start")
        assert drive2.until("started", "failed")[-1].name == "started"
        s.lab.wait_ready()
        s.stop(drive2)
        s.dir, s.task = first, task
        put(whole)
        s.stop(s.attach(), adopted=True)


@test
def test_starter_killed_over_the_record(place):
    # it is written beside its name: what there is of it says nothing to anybody and is in nobody's way
    with Scene() as s:
        drive = s.drive()
        s.dir = s.lab.configure(drive, "/v/stop-probe", "handler")
        os.makedirs(s.dir)
        with open(os.path.join(s.dir, "task.new"), "wb") as f:
            f.write(b"\0" * 5000)
        answer = drive.ask("attach", s.lab.state, s.alloc(), "main")
        assert answer.kind == "error" and "there is no task" in answer.text, answer
        drive.ok("start")
        assert drive.until("started", "failed")[-1].name == "started"
        s.lab.wait_ready()
        assert not os.path.exists(os.path.join(s.dir, "task.new"))
        again = s.drive()  # a second start of the same task changes nothing
        again.ok("new")
        for name, value in (("state_dir", s.lab.state), ("data_dir", s.lab.data), ("cgroup_parent", s.lab.parent),
                            ("alloc_id", s.alloc()), ("task", "main"), ("command", "true")):
            again.ok("set", name, value)
        answer = again.ask("start")
        assert answer.kind == "error" and "runs already" in answer.text, answer
        s.stop(drive)


# ---- disks ----


class Tmpfs:
    """Mounted in the test's own namespace: it goes with that."""

    def __init__(self, scene, path, size):
        self.path = path
        os.makedirs(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "isoexec-test", path], check=True)
        scene.lab.before = scene.lab.machine()
        scene.disks.append(self)

    def fill(self):
        fd = os.open(os.path.join(self.path, "filler"), os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(fd, b"\0" * 4096):
                pass
        except OSError:
            pass
        os.close(fd)

    def free(self):
        os.unlink(os.path.join(self.path, "filler"))

    def unmount(self):
        subprocess.run(["umount", "-l", self.path], check=True)


@test
def test_state_is_full_at_the_start(place):
    with Scene() as s:
        disk = Tmpfs(s, s.lab.state, "16k")
        drive = s.drive()
        disk.fill()
        s.lab.configure(drive, "/v/stop-probe", "handler")
        answer = drive.ask("start")
        assert answer.kind == "error" and "No space left on device" in answer.text, answer
        run = subprocess.run([s.lab.program("isoexec"), "run", *s.lab.options(), "--", "true"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=d.GUARD_S)
        assert run.returncode == 125 and "No space left on device" in run.stderr, run
        disk.free()
        assert not s.lab.records(), s.lab.files()
        subprocess.run(["rm", "-rf", os.path.join(s.lab.data, "alloc"), s.lab.state + "/" + "*"], check=True)
        for name in os.listdir(s.lab.state):  # empty directories, as iso_start() says
            os.removedirs(os.path.join(s.lab.state, name, "main"))


@test
def test_state_is_full_later(place):
    with Scene() as s:
        disk = Tmpfs(s, s.lab.state, "256k")
        drive = s.start()
        disk.fill()
        drive.ok("stop", "default")
        event = drive.until("exited", "failed")[-1]
        assert event.number("code") == CODE, event
        drive.until("gone")
        record = s.record(drive)
        assert record["phase"] == "dead" and record["code"] == str(CODE), record
        disk.free()
        drive.ok("remove")


@test
def test_data_is_full(place):
    with Scene() as s:
        disk = Tmpfs(s, s.lab.data, "256k")
        os.mkfifo(os.path.join(s.lab.volume, "go"))
        os.chmod(os.path.join(s.lab.volume, "go"), 0o666)
        drive = s.start("/bin/sh", "-c", "echo r >/v/ready; read a </v/go; head -c 100000 /dev/zero; exit 6")
        disk.fill()
        with open(os.path.join(s.lab.volume, "go"), "w", encoding="utf-8") as f:
            f.write("\n")
        event = drive.until("exited", "failed")[-1]
        assert event.number("code") == 6 and event.number("dropped") > 0, event
        disk.free()
        drive.until("gone")
        drive.ok("remove")


test.tests = [t for t in test.tests if t.__name__ in sys.argv[2:]] or test.tests
test.main()
