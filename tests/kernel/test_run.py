#!/usr/bin/env python3
"""`isoexec run` with real namespaces, mounts and cgroups: the main way, its limits, and how it ends."""
import os
import signal
import stat
import subprocess

import machine
from harness import ISOEXEC, PATIENCE, Suite, check, wait_until

test = Suite()

TASK = """
task "example" {
  driver = "exec"
  config {
    command = "%s"
    args    = [%s]
  }
%s
}
"""


def task(place, command, args="", more=""):
    return place.write("task.nomad.hcl", TASK % (command, args, more))


@test
def test_manual_example(place):
    check(place.run(task(place, "/bin/sleep", '"0"')), 0)


@test
def test_exit_status_is_the_task_s(place):
    check(place.run("--", "sh", "-c", "exit 42"), 42)
    check(place.run("--", "sh", "-c", "kill -TERM $$; sleep 5; exit 3", ), 3)  # process 1 ignores it: no handler
    check(place.run("--", "/usr/bin/python3", "-c", "import os; os._exit(255)"), 255)


@test
def test_output_and_streams(place):
    r = place.run("--", "sh", "-c", "echo out; echo err >&2")
    check(r, 0)
    assert (r.stdout, r.stderr) == ("out\n", "err\n"), (r.stdout, r.stderr)


@test
def test_large_output_arrives_whole(place):
    r = place.run("--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x")
    check(r, 0)
    assert len(r.stdout) == 3000000, len(r.stdout)


@test
def test_identity(place):
    r = place.run("--", "sh", "-c", "id -u; id -g; id -G; umask; cat /proc/self/oom_score_adj; tty; pwd; echo $USER $LOGNAME $HOME")
    check(r, 0)
    lines = r.stdout.split("\n")
    assert lines[:5] == ["65534", "65534", "65534", "0022", "0"], lines
    assert lines[5:7] == ["not a tty", "/"], lines
    assert lines[7] == "nobody nobody /nonexistent", lines


@test
def test_no_signal_is_ignored_or_blocked(place):
    # whatever the starter ignores: SIGPIPE as Python and isoexec do, SIGCHLD, which would take the exit status away
    script = "trap '' CHLD HUP PIPE USR1; exec \"$@\""
    r = subprocess.run(["sh", "-c", script, "-", ISOEXEC, "run", *place.options(), "--", "grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE, check=False)
    check(r, 0)
    assert [int(line.split()[1], 16) for line in r.stdout.strip().split("\n")[:2]] == [0, 0], r.stdout
    check(subprocess.run(["sh", "-c", script, "-", ISOEXEC, "run", *place.options(), "--", "sh", "-c", "exit 5"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE, check=False), 5)


@test
def test_hardened_has_no_capability(place):
    r = place.run("--", "grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status")
    check(r, 0)
    values = dict(line.split(":\t") for line in r.stdout.strip().split("\n"))
    assert all(int(values[k], 16) == 0 for k in values if k.startswith("Cap")), values
    assert values["NoNewPrivs"] == "1" and values["Seccomp"] == "2", values


@test
def test_compatible_has_nomads_thirteen(place):
    # B-138: permitted = effective = inheritable = ambient = bounding = the 13 names, a80405fb
    r = place.run("-profile", "compatible", "--", "grep", "^Cap", "/proc/self/status")
    check(r, 0)
    values = [int(line.split()[1], 16) for line in r.stdout.strip().split("\n")]
    assert values == [0xA80405FB] * 5, r.stdout


@test
def test_capability_rules(place):
    # B-133: drop all, add one (the reference's test: 0x400)
    r = place.run("-profile", "compatible", "-cap-drop", "all", "-cap-add", "net_bind_service", "--", "grep", "^Cap", "/proc/self/status")
    check(r, 0)
    assert {int(line.split()[1], 16) for line in r.stdout.strip().split("\n")} == {0x400}, r.stdout
    r = place.run("-cap-add", "NET_BIND_SERVICE", "--", "grep", "CapEff", "/proc/self/status")
    check(r, 0, stdout="0000000000000400")


@test
def test_namespaces_are_private(place):
    own = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "ipc", "uts", "net")}
    r = place.run("--", "sh", "-c", "for n in mnt pid ipc uts net; do readlink /proc/self/ns/$n; done; echo $$; ls -d /proc/[0-9]* | wc -l")
    check(r, 0)
    lines = r.stdout.split("\n")
    for name, seen in zip(own, lines):
        assert (seen == own[name]) == (name == "net"), (name, seen)
    assert lines[5] == "1", lines


@test
def test_pid_and_ipc_mode_host(place):
    check(place.run("-pid-mode", "host", "--", "true"), 125, stderr='"host" is not allowed')
    r = place.run("-profile", "compatible", "-pid-mode", "host", "-ipc-mode", "host", "--", "sh", "-c",
                  "readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc; sleep 1000 & echo $!")
    check(r, 0)
    lines = r.stdout.split("\n")
    assert lines[0] == os.readlink("/proc/self/ns/pid") and lines[1] == os.readlink("/proc/self/ns/ipc"), lines
    wait_until(lambda: not os.path.exists(f"/proc/{lines[2]}"), lambda: "a process outlived its task")


@test
def test_root_is_read_only_and_masked(place):
    r = place.run("--", "sh", "-c", "touch /usr/x /etc/x; cat /etc/shadow /etc/gshadow; ls /etc/ssl/private; cat /etc/passwd | head -1; ls /root /home")
    assert r.returncode != 0
    assert r.stderr.count("Read-only file system") == 2, r.stderr
    assert r.stderr.count("No such file or directory") == 5, r.stderr
    assert r.stdout.startswith("root:"), r.stdout


@test
def test_dev_is_the_list(place):
    r = place.run("--", "sh", "-c", "ls /dev; echo x > /dev/null && head -c 1 /dev/zero | wc -c; ls -l /dev/pts | wc -l")
    check(r, 0)
    names = r.stdout.split("\n")
    want = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero".split()
    assert names[:len(want)] == want, names


@test
def test_writable_places(place):
    check(place.run("--", "sh", "-c", "echo a > /local/a && echo b > /tmp/b && echo c > /alloc/data/c && echo d > /secrets/d && echo e > /dev/shm/e && cat /local/a"),
          0, stdout="a\n")
    check(place.run("--", "sh", "-c", "echo a > /alloc/logs/a"), 2, stderr="")


@test
def test_secrets_are_a_private_tmpfs(place):
    r = place.run("--", "sh", "-c", "grep ' /secrets ' /proc/self/mountinfo; stat -c '%a %u' /secrets; df -k /secrets | tail -1")
    check(r, 0)
    mount, owner, size = r.stdout.strip().split("\n")
    for word in ("nosuid", "nodev", "noexec", "tmpfs"):
        assert word in mount, mount
    assert ("noswap" in mount) == machine.tmpfs_knows_noswap(), mount
    assert owner == "700 65534" and size.split()[1] == "1024", (owner, size)


@test
def test_environment(place):
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SUPERVISOR_SECRET": "x", "LD_LIBRARY_PATH": "/x"}
    path = place.write("job.nomad.hcl", """
job "envy" {
  meta { a-b = "1" }
  group "g" {
    task "t" {
      driver = "exec"
      env { GREETING = "hi ${NOMAD_TASK_NAME}", NUMBER = 7 }
      config { command = "env" }
      resources { memory = 64, memory_max = 128 }
    }
  }
}""".replace(', NUMBER = 7 }', '\n NUMBER = 7\n }').replace("memory = 64, memory_max", "memory = 64\n memory_max"))
    r = place.run(path, env=env)
    check(r, 0)
    got = dict(line.split("=", 1) for line in r.stdout.strip().split("\n"))
    want = {"NOMAD_ALLOC_DIR": "/alloc", "NOMAD_TASK_DIR": "/local", "NOMAD_SECRETS_DIR": "/secrets", "NOMAD_TASK_NAME": "t",
            "NOMAD_GROUP_NAME": "g", "NOMAD_JOB_ID": "envy", "NOMAD_JOB_NAME": "envy", "NOMAD_ALLOC_INDEX": "0",
            "NOMAD_ALLOC_NAME": "envy.g[0]", "NOMAD_DC": "dc1", "NOMAD_REGION": "global", "NOMAD_NAMESPACE": "default",
            "NOMAD_CPU_LIMIT": "100", "NOMAD_MEMORY_LIMIT": "64", "NOMAD_MEMORY_MAX_LIMIT": "128", "NOMAD_META_a_b": "1",
            "NOMAD_META_A_B": "1", "GREETING": "hi t", "NUMBER": "7", "USER": "nobody", "LANG": "C.UTF-8"}
    for name, value in want.items():
        assert got.get(name) == value, (name, got.get(name), value)
    for name in ("SUPERVISOR_SECRET", "LD_LIBRARY_PATH"):
        assert name not in got, name


@test
def test_oom_is_told_exactly(place):
    r = place.run("-memory", "20", "--", "/usr/bin/python3", "-c", "x = bytearray(200 << 20)")
    check(r, 137, stderr="out of memory: the kernel killed 1 process at the limit of 20 MiB (peak 20 MiB)")


@test
def test_four_megabytes_are_enough(place):
    check(place.run("-memory", "4", "--", "/bin/true"), 0)
    check(place.run("-memory", "4", "--", "/bin/sleep", "0"), 0)


@test
def test_limits_are_in_the_cgroups(place):
    script = "cat /proc/self/cgroup"
    r = place.run("-memory", "64", "-cpu", "500", "--", "sh", "-c", script)
    check(r, 0)
    leaves = {line.split(":")[1]: line.split(":")[2] for line in r.stdout.strip().split("\n")}
    for controller in ("",) if machine.is_v2() else ("memory", "pids", "devices", "cpu"):
        assert leaves[controller].startswith(place.parent + "/") and leaves[controller].endswith(".main"), leaves


@test
def test_pids_limit(place):
    r = place.run("-memory", "4000", "--", "/usr/bin/python3", "-c",
                  "import os\nn=0\ntry:\n  while n < 5000:\n    if os.fork() == 0:\n      os.read(0, 0); os.kill(os.getpid(), 19)\n    n += 1\nexcept OSError as e:\n  print(n, e.errno)\n",
                  "-", timeout=120)
    check(r, 0)
    n, errno = r.stdout.split()
    assert 4000 <= int(n) < 4096 and errno == "11", r.stdout


@test
def test_stop_by_signal(place):
    p = place.start("-verbose", "--", "sh", "-c", "trap 'echo stopping; exit 9' INT; echo ready; while :; do sleep 0.05; done")
    assert p.stdout.readline() == "ready\n"
    p.send_signal(signal.SIGTERM)
    out, err = p.communicate(timeout=30 * PATIENCE)
    assert (p.returncode, out) == (9, "stopping\n"), (p.returncode, out, err)


@test
def test_kill_signal_and_timeout(place):
    path = task(place, "/bin/sh", '"-c", "trap : USR1; echo ready; while :; do sleep 0.05; done"',
                '  kill_signal  = "SIGUSR1"\n  kill_timeout = "300ms"\n')
    p = place.start(path)
    assert p.stdout.readline() == "ready\n"
    p.send_signal(signal.SIGINT)
    _, err = p.communicate(timeout=30 * PATIENCE)
    assert p.returncode == 137 and "killed: still running 300 ms after the stop signal" in err, (p.returncode, err)


@test
def test_second_signal_kills_at_once(place):
    p = place.start(task(place, "/bin/sh", '"-c", "trap \'echo got\' INT; echo ready; while :; do sleep 0.05; done"',
                         '  kill_timeout = "10m"\n'))
    assert p.stdout.readline() == "ready\n"
    p.send_signal(signal.SIGINT)
    assert p.stdout.readline() == "got\n"
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=30 * PATIENCE)  # before the ten minutes of kill_timeout
    assert p.returncode == 137, p.returncode


@test
def test_stop_while_nobody_reads(place):
    # both streams, so that the loop waits for the one or the other; nothing is read until the end
    p = place.start("--", "sh", "-c", "trap 'exit 9' INT; yes & yes >&2 & wait")
    wait_until(lambda: stalls(p.pid), lambda: "the output does not stall")
    p.send_signal(signal.SIGTERM)
    assert p.wait(timeout=60 * PATIENCE) == 9, p.returncode
    p.communicate()


def stalls(pid):
    """It sleeps in a poll of two descriptors, or in a write: it waits for a reader."""
    with open(f"/proc/{pid}/syscall", encoding="utf-8") as f:
        words = f.read().split()
    return words[0] == "1" or (words[0] == "7" and int(words[2], 16) == 2)


@test
def test_few_inodes_and_none_after(place):
    r = place.run("-keep", "--", "sh", "-c", "echo ready")
    check(r, 0)
    alloc = os.path.join(place.data, "alloc", os.listdir(os.path.join(place.data, "alloc"))[0])
    root = os.path.join(alloc, "main")
    wait_until(lambda: sorted(os.listdir(root)) == ["local", "tmp"], lambda: os.listdir(root))
    subprocess.run(["rm", "-rf", alloc], check=True)

    p = place.start("-keep", "--", "sh", "-c", "echo ready; read x")
    p.stdout.readline()
    alloc = os.path.join(place.data, "alloc", os.listdir(os.path.join(place.data, "alloc"))[0])
    p.communicate(timeout=30 * PATIENCE)
    subprocess.run(["rm", "-rf", alloc], check=True)


@test
def test_inodes_while_running(place):
    p = place.start("--", "sh", "-c", "echo ready; trap 'exit 0' INT; while :; do sleep 0.05; done")
    p.stdout.readline()
    base = os.path.join(place.data, "alloc")
    root = os.path.join(base, os.listdir(base)[0], "main")
    inodes = sum(len(dirs) + len(files) for _, dirs, files in os.walk(root))
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=30 * PATIENCE)
    assert inodes <= 20, inodes


@test
def test_logs_rotate_within_their_bound(place):
    path = task(place, "/bin/sh", '"-c", "head -c 3500000 /dev/zero"', "  logs {\n    max_files = 2\n    max_file_size = 1\n  }\n")
    r = place.run("-keep", path)
    check(r, 0)
    base = os.path.join(place.data, "alloc")
    logs = os.path.join(base, os.listdir(base)[0], "alloc", "logs")
    sizes = {name: os.path.getsize(os.path.join(logs, name)) for name in os.listdir(logs)}
    subprocess.run(["rm", "-rf", os.path.join(base, os.listdir(base)[0])], check=True)
    # 3.5 MB in files of 1 MiB: numbers 0 to 3, the last two are kept
    assert sizes == {"example.stdout.2": 1 << 20, "example.stdout.3": 3500000 - (3 << 20)}, sizes


@test
def test_logs_disabled(place):
    path = task(place, "/bin/sh", '"-c", "echo gone; readlink /proc/self/fd/1"', "  logs {\n    disabled = true\n  }\n")
    r = place.run(path)
    check(r, 0)
    assert r.stdout == "", r.stdout


@test
def test_two_tasks_and_a_failure(place):
    path = place.write("two.nomad.hcl", """
group "g" {
  task "good" {
    driver = "exec"
    config {
      command = "sleep"
      args    = ["1000"]
    }
    kill_timeout = "100ms"
  }
  task "bad" {
    driver = "exec"
    config {
      command = "false"
    }
  }
}""")
    check(place.run(path), 1, stderr="task 'bad': exited with status 1")


@test
def test_restart_block(place):
    path = task(place, "/bin/sh", '"-c", "echo x >> /local/n; test $(wc -l < /local/n) = 3"',
                '  restart {\n    attempts = 5\n    delay = "10ms"\n    interval = "1m"\n    mode = "fail"\n  }\n')
    r = place.run(path)
    check(r, 0, stderr="restarting in 0.0 s")
    assert r.stderr.count("restarting in") == 2, r.stderr


@test
def test_no_line_is_cut_by_rotation(place):
    path = task(place, "/bin/sh", '"-c", "seq -f \'line %.0f of the output of a task that says a lot\' 60000"',
                "  logs {\n    max_files = 9\n    max_file_size = 1\n  }\n")
    check(place.run("-keep", path), 0)
    base = os.path.join(place.data, "alloc")
    logs = os.path.join(base, os.listdir(base)[0], "alloc/logs")
    number = 0
    for n in range(9):
        name = os.path.join(logs, f"example.stdout.{n}")
        if not os.path.exists(name):
            break
        assert os.path.getsize(name) <= 1 << 20, (name, os.path.getsize(name))
        with open(name, encoding="utf-8") as f:
            for line in f:
                number += 1
                assert line == f"line {number} of the output of a task that says a lot\n", (name, line)
    assert number == 60000 and n >= 3, (number, n)
    subprocess.run(["rm", "-rf", os.path.join(base, os.listdir(base)[0])], check=True)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
        return [int(word) for word in f.read().split()]


@test
def test_a_supervisor_that_is_killed_gets_a_successor(place):
    p = place.start("-verbose", "--", "sh", "-c", "echo before; while [ ! -e /local/go ]; do sleep 0.02; done; echo after; exit 7")
    assert p.stdout.readline() == "before\n"
    for pid in children(p.pid):
        os.kill(pid, signal.SIGKILL)
    while "has taken over" not in (line := p.stderr.readline()):
        assert line, p.communicate()
    with open(os.path.join(place.data, "alloc", os.listdir(os.path.join(place.data, "alloc"))[0], "main/local/go"), "w", encoding="utf-8"):
        pass
    out, err = p.communicate(timeout=60 * PATIENCE)
    if "the exit status is unknown" in err:  # before Linux 6.15 nobody can tell
        assert tuple(int(n) for n in os.uname().release.split("-")[0].split(".")[:2]) < (6, 15), err
    else:
        assert p.returncode == 7, err
    # a supervisor that is killed between the console and the log file leaves the bytes for its successor: shown twice, kept once
    assert out in ("after\n", "before\nafter\n"), out


@test
def test_what_killed_runs_leave_is_swept_by_the_next(place):
    p = place.start("--", "sh", "-c", "echo ready; while [ ! -e /local/go ]; do sleep 0.02; done")
    assert p.stdout.readline() == "ready\n"
    alloc = os.path.join(place.data, "alloc", os.listdir(os.path.join(place.data, "alloc"))[0])
    for pid in [*children(p.pid), p.pid]:
        os.kill(pid, signal.SIGKILL)
    p.communicate(timeout=30 * PATIENCE)
    check(place.run("--", "true"), 0)  # its supervisor is replaced, the task goes on
    with open(os.path.join(alloc, "main/local/go"), "w", encoding="utf-8"):
        pass
    state = os.path.join(place.state, os.path.basename(alloc))
    wait_until(lambda: not os.path.exists(os.path.join(state, "main/ctl")), lambda: os.listdir(os.path.join(state, "main")))
    wait_until(lambda: place.run("--", "true").returncode == 0 and not os.path.exists(alloc), lambda: os.listdir(place.state))


@test
def test_host_directory_owner_and_setuid(place):
    # nothing of the host is chowned or chmodded: the task directory belongs to the task, the data directory to root alone
    check(place.run("--", "true"), 0)
    assert stat.S_IMODE(os.stat(place.data).st_mode) == 0o700


test.main()
