#!/usr/bin/env python3
"""cgroup v2 alone: every limit as the kernel has it (read from the files of a running task) and as the task meets it (from inside), the
device program, freezing, killing, memory running out, and the directories above a task. make check-guest runs it where the machine
itself has v1."""
import ctypes
import errno
import json
import math
import os
import signal
import stat
import subprocess

import machine
from harness import ISOEXEC, PATIENCE, Running, Suite, check, wait_until

test = Suite()
MIB = 1 << 20

RESOURCES = """
task "main" {
  driver = "exec"
  config {
    command = "sh"
    args    = ["-c", "trap 'exit 0' INT; echo ready; sleep 1000 & wait"]
  }
  resources {
%s
  }
}
"""


class Job(Running):
    """The same task out of a job file."""

    def __init__(self, place, resources, *options):
        self.place = place
        self.process = place.start(*options, place.write("job.nomad.hcl", RESOURCES % resources))


def run_in_pid_host(place, script):
    return Running(place, "-profile", "compatible", "-pid-mode", "host", script=script)


# ---- where a task lives -------------------------------------------------------------------------------------------------------


class Tracing:
    """Processes that were moved from one cgroup to another, as the kernel tells them, in a tracing instance of our own."""

    def __enter__(self):
        self.mounted = not os.path.isdir("/sys/kernel/tracing/instances")
        if self.mounted:
            subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], check=True)
        self.dir = f"/sys/kernel/tracing/instances/isoexec-test-{os.getpid()}"
        os.mkdir(self.dir)
        self.put("events/cgroup/cgroup_attach_task/enable", "1")
        return self

    def put(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    def moved_to(self, place):
        with open(os.path.join(self.dir, "trace"), encoding="utf-8") as f:
            return [line for line in f if f"dst_path={place.parent}/" in line]

    def __exit__(self, *_):
        self.put("events/cgroup/cgroup_attach_task/enable", "0")
        os.rmdir(self.dir)
        if self.mounted:
            subprocess.run(["umount", "/sys/kernel/tracing"], check=True)


@test
def test_born_in_its_cgroup(place):
    with Tracing() as tracing, Running(place) as task:
        leaf = task.leaf()
        assert leaf.startswith(machine.CGROUPS + place.parent + "/") and leaf.endswith(".main"), leaf
        # all of the task is there and nothing else: the supervisor stays outside
        assert sorted(map(int, task.file("cgroup.procs").split())) == sorted(task.pids())
        assert tracing.moved_to(place) == []
        # the control: a move would have been seen
        mover = subprocess.Popen(["sleep", "1000"])
        task.write("cgroup.procs", str(mover.pid))
        assert len(tracing.moved_to(place)) == 1
        mover.kill()
        mover.wait()


@test
def test_seen_from_inside(place):
    with Running(place, script=f"cat /proc/self/cgroup >&2; ls /sys/fs/cgroup >&2; {Running.WAIT}") as task:
        leaf = task.leaf()
        code, _, err = task.end()
    # one hierarchy, the host's path (B-314: no cgroup namespace), and no cgroup file system to write to
    assert (code, err) == (0, f"0::{leaf.removeprefix(machine.CGROUPS)}\n"), (code, err)


@test
def test_controllers_are_on_for_the_task_alone(place):
    with Running(place) as task:
        leaf = task.leaf()
        here = set(task.file("cgroup.controllers").split())
        assert {"memory", "cpu", "cpuset", "pids"} <= here, here
        assert task.file("cgroup.subtree_control") == "" and task.file("cgroup.type") == "domain"
        with open(os.path.join(os.path.dirname(leaf), "cgroup.procs"), encoding="utf-8") as f:
            assert f.read() == ""


@test
def test_default_parent_is_a_slice(place):
    r = subprocess.run([ISOEXEC, "run", *place.options()[:4], "--", "cat", "/proc/self/cgroup"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    check(r, 0, stdout="0::/isoexec.slice/")
    wait_until(lambda: not os.path.exists(machine.CGROUPS + "/isoexec.slice"), lambda: "isoexec.slice was left behind")


@test
def test_nested_parent_is_made_and_removed(place):
    place.parent += "/a/b"
    check(place.run("-memory", "64", "--", "cat", "/proc/self/cgroup"), 0, stdout=f"0::{place.parent}/")
    place.parent = place.parent.removesuffix("/a/b")


@test
def test_parent_with_processes_is_refused(place):
    # v2 gives controllers to children of an empty directory only: somebody ran us inside of the parent that he named
    parent = machine.CGROUPS + place.parent
    os.mkdir(parent)
    r = subprocess.run(["sh", "-c", f"echo 0 > {parent}/cgroup.procs && exec \"$@\"", "sh", ISOEXEC, "run", *place.options(), "--", "true"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    check(r, 125, stderr=f"'{parent}'")
    assert "processes" in r.stderr, r.stderr
    assert not [name for name in os.listdir(parent) if os.path.isdir(os.path.join(parent, name))]
    os.rmdir(parent)


@test
def test_parent_is_removed_by_others_meanwhile(place):
    # what the end of another task does to a parent that it finds empty, without a pause
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while True:
            try:
                os.rmdir(machine.CGROUPS + place.parent)
            except OSError:
                pass
    try:
        results = [place.run("-memory", "64", "-cores", "0", "--", "true") for _ in range(12)]
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    assert [r.returncode for r in results] == [0] * 12, [r.stderr for r in results if r.returncode]


# ---- limits -------------------------------------------------------------------------------------------------------------------

MEMORY_FILES = ("memory.max", "memory.high", "memory.low", "memory.min", "memory.oom.group")


def memory_files(task):
    return [task.file(name) for name in MEMORY_FILES]


@test
def test_memory_hard_limit(place):
    with Job(place, "memory = 64") as task:
        assert memory_files(task) == [str(64 * MIB), "max", "0", "0", "0"], memory_files(task)
        assert task.file("memory.swap.max") == "0"


@test
def test_memory_reservation_and_maximum(place):
    # B-610, B-611: memory is what is kept for it, memory_max is the limit; memory.high is never written
    with Job(place, "memory = 32\n memory_max = 128") as task:
        assert memory_files(task) == [str(128 * MIB), "max", str(32 * MIB), "0", "0"], memory_files(task)


@test
def test_memory_without_a_limit(place):
    with Job(place, "memory = 32\n memory_max = -1") as task:
        assert memory_files(task) == ["max", "max", str(32 * MIB), "0", "0"], memory_files(task)
        assert task.file("memory.swap.max") == "max"


@test
def test_memory_is_charged_from_the_start(place):
    # what the set-up took is on the account, and what the task writes to its own tmpfs
    with Running(place, "-memory", "100", script=f"head -c 40000000 /dev/zero > /dev/shm/x; {Running.WAIT}") as task:
        current, peak = (int(task.file(f"memory.{name}")) for name in ("current", "peak"))
    assert 40000000 <= current <= peak <= 100 * MIB, (current, peak)


def weight_of(mhz):
    """B-614 as the reference has it, in tenths and powers: the known points stand in the test."""
    if mhz <= 2:
        return 1
    log = math.log2(mhz)
    return min(10000, math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34)))


@test
def test_cpu_weight(place):
    shares = [1, 2, 10, 100, 500, 1024, 3000, 40000, 262144]
    tasks = "\n".join(f"""
  task "t{mhz}" {{
    driver = "exec"
    config {{
      command = "sh"
      args    = ["-c", "echo ready; exec sleep 1000"]
    }}
    resources {{
      cpu = {mhz}
    }}
  }}""" for mhz in shares)
    process = place.start(place.write("job.nomad.hcl", f'group "g" {{{tasks}\n}}\n'))
    try:
        for _ in shares:
            assert process.stdout.readline().endswith("ready\n")
        parent = machine.CGROUPS + place.parent
        got, limits = {}, set()
        for name in filter(lambda name: os.path.isdir(f"{parent}/{name}"), os.listdir(parent)):
            with open(f"{parent}/{name}/cpu.weight", encoding="utf-8") as f:
                got[int(name.rpartition(".t")[2])] = int(f.read())
            with open(f"{parent}/{name}/cpu.max", encoding="utf-8") as f:
                limits.add(f.read().split()[0])
    finally:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60 * PATIENCE)
    assert got == {mhz: weight_of(mhz) for mhz in shares}, got
    assert (got[2], got[100], got[1024], got[262144]) == (1, 17, 100, 10000), got
    assert limits == {"max"}, limits  # B-615


@test
def test_pids_max(place):
    with Running(place) as task:
        assert task.file("pids.max") == "4096"
    with Running(place, "-profile", "compatible") as task:
        assert task.file("pids.max") == "max"


@test
def test_cpuset(place):
    last = os.cpu_count() - 1
    script = f"grep Cpus_allowed_list /proc/self/status >&2; {Running.WAIT}"
    with Running(place, "-cores", str(last), script=script) as task:
        assert [task.file(f"cpuset.{name}") for name in ("cpus", "cpus.effective", "cpus.partition")] == [str(last), str(last), "member"]
        assert task.file("cpuset.mems.effective") != ""
        _, _, err = task.end()
    assert err == f"Cpus_allowed_list:\t{last}\n", err
    with Running(place) as task:
        assert task.file("cpuset.cpus") == "" and task.file("cpuset.cpus.effective") == f"0-{last}"


@test
def test_cpuset_that_cannot_be_had(place):
    # v2 takes any processor and gives the parent's instead when it has none of them: that is not what was asked for
    check(place.run("-cores", "0,4000", "--", "true"), 125, stderr="processor 4000 is not online")
    if os.cpu_count() < 2:
        return
    parent = machine.CGROUPS + place.parent
    os.mkdir(parent)
    with open(os.path.join(parent, "cpuset.cpus"), "w", encoding="utf-8") as f:
        f.write("0")
    check(place.run("-cores", "0-1", "--", "true"), 125, stderr="'cpuset.cpus' of a cgroup above allows '0' only, '0-1' were asked for")
    wait_until(lambda: not os.path.exists(parent), lambda: "the parent was left behind")


# ---- devices ------------------------------------------------------------------------------------------------------------------


def attempt(function, *arguments):
    try:
        result = function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    if isinstance(result, int):
        os.close(result)
    return "done"


def device_attempts(place):
    node = place.path("node")
    return {
        **{f"{name} {mode}": attempt(os.open, f"/dev/{name}", flags | os.O_NOCTTY) for name in ("null", "zero", "full", "random", "urandom", "ptmx")
           for mode, flags in (("read", os.O_RDONLY), ("write", os.O_WRONLY))},
        "kmsg read": attempt(os.open, "/dev/kmsg", os.O_RDONLY),
        "kmsg write": attempt(os.open, "/dev/kmsg", os.O_WRONLY),
        "mem read": attempt(os.open, "/dev/mem", os.O_RDONLY),
        "loop read": attempt(os.open, place.path("loop"), os.O_RDONLY),
        "disk write": attempt(os.open, place.path("disk"), os.O_WRONLY),
        "mknod null": attempt(lambda: os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(1, 3)) or os.unlink(node)),
        "mknod disk": attempt(lambda: os.mknod(node, stat.S_IFBLK | 0o600, os.makedev(8, 0)) or os.unlink(node)),
        "mknod whiteout": attempt(lambda: os.mknod(node, stat.S_IFCHR | 0o600, 0) or os.unlink(node)),
        "mknod fifo": attempt(lambda: os.mknod(node, stat.S_IFIFO | 0o600) or os.unlink(node)),
    }


def as_member(leaf, function, *arguments):
    """What @function gives in a root process of the host that has joined the cgroup: only the cgroup is the task's."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with open(os.path.join(leaf, "cgroup.procs"), "w", encoding="utf-8") as f:
            f.write("0")
        os.write(writer, json.dumps(function(*arguments)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as f:
        text = f.read()
    os.waitpid(child, 0)
    return json.loads(text)


@test
def test_device_program(place):
    os.mknod(place.path("loop"), stat.S_IFBLK | 0o600, os.makedev(7, 0))
    os.mknod(place.path("disk"), stat.S_IFBLK | 0o600, os.makedev(8, 0))
    outside = device_attempts(place)
    with Running(place) as task:
        member = as_member(task.leaf(), device_attempts, place)
    refused = {"kmsg read", "kmsg write", "mem read", "loop read", "disk write", "mknod null", "mknod disk"}
    assert "EPERM" not in outside.values(), outside  # whatever is refused below, the program refuses
    assert {name for name, result in member.items() if result == "EPERM"} == refused, member
    assert all(result == outside[name] for name, result in member.items() if name not in refused), (outside, member)


@test
def test_device_program_goes_with_its_directory(place):
    # two starts, one after the other, in the same place: the second has one program too
    for _ in range(2):
        with Running(place) as task:
            assert attached_programs(task.leaf()) == 1


def attached_programs(leaf):
    nr_bpf, bpf_prog_query, bpf_cgroup_device = 321, 16, 6  # include/uapi/linux/bpf.h

    class Query(ctypes.Structure):
        _fields_ = [("target_fd", ctypes.c_uint32), ("attach_type", ctypes.c_uint32), ("query_flags", ctypes.c_uint32),
                    ("attach_flags", ctypes.c_uint32), ("prog_ids", ctypes.c_uint64), ("prog_cnt", ctypes.c_uint32), ("rest", ctypes.c_uint32 * 16)]

    fd = os.open(leaf, os.O_RDONLY | os.O_DIRECTORY)
    query = Query(target_fd=fd, attach_type=bpf_cgroup_device)
    result = machine.call(nr_bpf, bpf_prog_query, ctypes.byref(query), ctypes.sizeof(query))
    os.close(fd)
    assert result == 0, os.strerror(-result)
    return query.prog_cnt


@test
def test_devices_from_inside(place):
    # uid 0 with CAP_MKNOD, as the compatible profile gives it: the program is all that is in the way
    r = place.run("-profile", "compatible", "-user", "root", "--", "sh", "-c",
                  "mknod /local/null c 1 3; mknod /local/disk b 8 0; mknod /local/fifo p && echo x > /dev/null && head -c 1 /dev/zero | wc -c")
    check(r, 0, stdout="1\n")
    assert r.stderr.count("Operation not permitted") == 2, r.stderr


# ---- freezing, killing, ending ------------------------------------------------------------------------------------------------


@test
def test_frozen_and_thawed(place):
    with Running(place) as task:
        task.write("cgroup.freeze", "1")
        task.wait_for("cgroup.events", "frozen 1")
        task.write("cgroup.freeze", "0")
        task.wait_for("cgroup.events", "frozen 0")
        assert task.end() == (0, "", "")


@test
def test_frozen_task_can_be_stopped(place):
    # by an operator who froze it: a stop thaws, so that its handler can run
    with Running(place) as task:
        task.write("cgroup.freeze", "1")
        task.wait_for("cgroup.events", "frozen 1")
        assert task.end() == (0, "", "")


@test
def test_frozen_task_can_be_killed(place):
    with run_in_pid_host(place, Running.WAIT) as task:
        task.write("cgroup.freeze", "1")
        task.wait_for("cgroup.events", "frozen 1")
        assert task.end(signal.SIGINT, signal.SIGTERM)[0] == 137


@test
def test_cgroup_kill(place):
    with Running(place, "-verbose") as task:
        task.write("cgroup.kill", "1")
        _, err = task.process.communicate(timeout=30 * PATIENCE)
    assert task.process.returncode == 137 and "ended by signal 9 (SIGKILL)" in err, err


@test
def test_nothing_outlives_a_task_of_the_host_s_pids(place):
    # sessions of their own, parents gone, one of them stopped: the cgroup has them all
    script = "for i in 1 2 3 4 5 6 7 8; do (setsid sleep 1000 &) ; done; (sh -c 'kill -STOP $$' &); " + Running.WAIT
    with run_in_pid_host(place, script) as task:
        wait_until(lambda: len(task.file("cgroup.procs").split()) == 11, lambda: task.file("cgroup.procs"))
        pids = task.file("cgroup.procs").split()
        assert task.end()[0] == 0
    wait_until(lambda: not [pid for pid in pids if os.path.exists(f"/proc/{pid}")], lambda: "a process outlived its task")


def eat_all(then):
    """Waits for a word of the test; then a child that takes all memory, and what the main process does after."""
    return f"trap 'exit 0' INT; echo ready; while [ ! -e /local/go ]; do sleep 0.1; done; tail /dev/zero; {then}"


def go(task):
    with open(os.path.join(task.task_dir(), "local/go"), "w", encoding="utf-8"):
        pass
    out, err = task.process.communicate(timeout=60 * PATIENCE)
    return task.process.returncode, out, err


@test
def test_out_of_memory_takes_one_process(place):
    # the kernel's choice and the file's default (B-611): the task may go on, its status is its own, and it is told
    with Running(place, "-memory", "30", script=eat_all("exit 7")) as task:
        code, _, err = go(task)
    assert code == 7 and "the kernel killed 1 process at the limit of 30 MiB (peak 30 MiB)" in err, (code, err)


@test
def test_out_of_memory_of_the_group(place):
    # an operator who writes memory.oom.group gets all of it killed, and exactly that is told
    with Running(place, "-memory", "30", script=eat_all("exit 7")) as task:
        task.write("memory.oom.group", "1")
        code, _, err = go(task)
    assert code == 137 and "the kernel killed 2 processes at the limit of 30 MiB (peak 30 MiB)" in err, (code, err)


@test
def test_out_of_memory_without_a_limit_of_its_own(place):
    # no memory file is written for it, yet its parent's limit may be met
    parent = machine.CGROUPS + place.parent
    os.mkdir(parent)
    with open(machine.CGROUPS + "/cgroup.subtree_control", encoding="utf-8") as f:
        assert "memory" in f.read().split()
    with open(os.path.join(parent, "memory.max"), "w", encoding="utf-8") as f:
        f.write(str(30 * MIB))
    job = RESOURCES.replace("echo ready; sleep 1000 & wait", "tail /dev/zero; exit 7") % "memory = 10\n memory_max = -1"
    r = place.run(place.write("job.nomad.hcl", job))
    check(r, 7, stderr="the kernel killed 1 process")
    assert "at a limit above its own cgroup (peak 30 MiB)" in r.stderr, r.stderr


test.main(needs=None if machine.is_v2() else "this machine has cgroup v1: make check-guest runs it")
