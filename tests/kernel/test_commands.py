#!/usr/bin/env python3
"""The commands that look at running tasks and act on them: ps, status, inspect, logs, signal, stop, restart, stats, fs, gc."""
import contextlib
import fcntl
import json
import os
import pty
import shutil
import signal
import subprocess
import time
import zlib

from background import has_become, inspect, kill_runner, running, sweep, tasks, until
from harness import ISOEXEC, PATIENCE, Suite, check

test = Suite()


@test
def test_ps_shows_what_runs(place):
    check(place.cli("ps"), 0, stdout="ALLOC  JOB  GROUP  TASK  STATUS")
    with running(place):
        one = tasks(place)[0]
        assert (one["job"], one["group"], one["task"], one["status"], one["user"], one["command"]) == \
            ("sh", "run", "main", "running", "nobody", "sh"), one
        assert os.path.exists(f"/proc/{one['pid']}") and one["exit_code"] is None and one["restarts"] == 0, one
        r = place.cli("ps")
        check(r, 0)
        header, row = r.stdout.splitlines()
        assert header.split() == "ALLOC JOB GROUP TASK STATUS PID AGE RESTARTS COMMAND".split(), header
        assert row.split()[:6] == [one["alloc_id"][:8], "sh", "run", "main", "running", str(one["pid"])], row
        assert place.cli("ps", "-quiet").stdout == one["alloc_id"] + "\n"
    assert tasks(place) == []


@test
def test_ps_and_status_tell_how_a_task_ended(place):
    with running(place, "trap 'exit 3' INT; echo ready; while :; do sleep 0.05; done") as p:
        kill_runner(p)
        check(place.cli("stop", "sh"), 0, stdout="/main: exited with status 3")
    assert tasks(place) == []
    one = tasks(place, "-a")[0]
    assert (one["status"], one["exit_code"], one["signal"], one["pid"]) == ("exited", 3, None, None), one
    check(place.cli("ps", "-a"), 0, stdout="exited(3)")
    r = place.cli("status", "sh")
    check(r, 0, stdout="exited with status 3")
    assert "runner     none: the tasks go on, nobody restarts them" in r.stdout, r.stdout
    sweep(place)


@test
def test_status_and_inspect(place):
    with running(place):
        alloc = tasks(place)[0]["alloc_id"]
        r = place.cli("status", "-json", alloc[:8])
        check(r, 0)
        status = json.loads(r.stdout)[0]
        assert status["alloc_id"] == alloc and status["has_runner"] and status["tasks"][0]["status"] == "running", status
        assert status["alloc_dir"] == os.path.join(place.data, "alloc", alloc), status
        check(place.cli("status", "sh"), 0, stdout="runner     in the foreground")
        one = inspect(place, alloc + "/main")[0]
        assert one["record"]["phase"] == "running" and one["about"]["uid"] == 65534 and one["plan"]["kill_signal"] == "SIGINT", one
        assert one["cgroups"] and all(os.path.isdir(d) and place.parent in d for d in one["cgroups"]), one
        assert one["logs"]["stdout"]["dir"] == os.path.join(place.data, "alloc", alloc, "alloc", "logs"), one
        assert one["logs"]["stdout"]["files"] == ["main.stdout.0"], one


@test
def test_words(place):
    with running(place), running(place):
        ids = [one["alloc_id"] for one in tasks(place)]
        r = place.cli("inspect", "sh")
        assert r.returncode == 0 and len(json.loads(r.stdout)) == 2, r
        r = place.cli("exec", "sh", "true")
        check(r, 125, stderr="job 'sh' has 2 allocs, name one of them: ")
        assert all(i in r.stderr for i in ids), r.stderr
        common = os.path.commonprefix(ids)
        if common:  # one chance in sixteen
            check(place.cli("signal", "-s", "HUP", common), 2, stderr=f"'{common}' is the beginning of 2 alloc ids")
        for i in ids:
            check(place.cli("exec", i[:len(common) + 1], "true"), 0)
            check(place.cli("status", i, "main"), 0)
        check(place.cli("status", "nope"), 2, stderr="no alloc or job 'nope': see 'isoexec ps'")
        check(place.cli("status", ids[0] + "/nope"), 2, stderr="has no task 'nope', only: main")
        check(place.cli("status"), 2, stderr="missing alloc")
        check(place.cli("status", "a", "b", "c"), 2, stderr="unexpected word 'c'")
        check(place.cli("ps", "sh"), 2, stderr="see 'isoexec status")
        check(place.cli("ps", "-jsn"), 2, stderr="did you mean '-json'")
        check(place.cli("logs", "\033[2Jx"), 2, stderr="no alloc or job '^[[2Jx'")  # nothing is obeyed, also on a terminal
        # one wrong word of several: nothing is done
        check(place.cli("stop", ids[0], "nope"), 2)
        assert len(tasks(place)) == 2


@test
def test_without_root_and_wrong_places(place):
    run = [ISOEXEC, "ps", "-state-dir", place.state]
    os.chmod(place.dir, 0o755)
    r = subprocess.run(run, user=65534, group=65534, capture_output=True, text=True, check=False)
    check(r, 1, stderr="ps needs root")
    r = subprocess.run([ISOEXEC, "exec", "x", "true"], user=65534, group=65534, capture_output=True, text=True, check=False)
    check(r, 125, stderr="exec needs root")
    r = subprocess.run([ISOEXEC, "ps", "-state-dir", "relative"], capture_output=True, text=True, check=False)
    check(r, 2, stderr="must be absolute")


@test
def test_help_names_each_option(place):
    for command, words in {"ps": ["-a", "-json", "-quiet"], "logs": ["-f", "-stderr", "-tail", "-n", "-raw"],
                           "exec": ["-i", "-t", "-e"], "stop": ["-signal", "-timeout", "-no-wait"], "gc": ["-dry-run", "-all"],
                           "stats": ["-live", "-interval"], "signal": ["-s"], "fs": ["-json"], "status": ["-json"]}.items():
        for how in (["help", command], [command, "-h"], [command, "--help"]):
            r = subprocess.run([ISOEXEC, *how], capture_output=True, text=True, check=False)
            check(r, 0, stdout=f"isoexec {command} ")
            assert all(f"  {word} " in r.stdout for word in words), r.stdout


@test
def test_signal(place):
    with running(place, "trap 'echo usr1' USR1; trap 'echo hup' HUP; echo ready; while :; do sleep 0.05; done") as p:
        check(place.cli("signal", "-s", "SIGUSR1", "sh"), 0)
        assert p.stdout.readline() == "usr1\n"
        check(place.cli("signal", "-s", "hup", "sh/main"), 0)
        assert p.stdout.readline() == "hup\n"
        check(place.cli("signal", "-s", "SIGFOO", "sh"), 2, stderr="unknown signal 'SIGFOO'")
        check(place.cli("signal", "-s", "9", "sh"), 2, stderr="unknown signal '9'")
        check(place.cli("signal", "sh"), 2, stderr="missing '-s SIGNAL'")


@test
def test_stop(place):
    trap = "trap 'exit 9' TERM; trap : INT; echo ready; while :; do sleep 0.05; done"
    with running(place, trap) as p:
        check(place.cli("stop", "-signal", "TERM", "sh"), 0, stdout="/main: exited with status 9\n")
        assert p.wait(timeout=30 * PATIENCE) == 9
    with running(place, trap) as p:
        begin = time.monotonic()
        check(place.cli("stop", "-timeout", "200ms", "sh"), 0, stdout="killed: still running when kill_timeout was over")
        assert 0.2 <= time.monotonic() - begin < 4.5 * PATIENCE
        assert p.wait(timeout=30 * PATIENCE) == 137
    with running(place, trap) as p:
        check(place.cli("stop", "-timeout", "0", "sh"), 0, stdout="ended by signal 9 (SIGKILL), exit status 137")
        assert p.wait(timeout=30 * PATIENCE) == 137
    with running(place, trap) as p:
        check(place.cli("stop", "-no-wait", "-signal", "SIGTERM", "sh"), 0, stdout="")
        assert p.wait(timeout=30 * PATIENCE) == 9
    check(place.cli("stop", "-timeout", "soon", "sh"), 2, stderr="takes a duration")
    check(place.cli("stop"), 2, stderr="missing alloc")


@test
def test_stop_takes_a_job_s_allocs_and_says_what_did_not_run(place):
    with running(place) as a, running(place) as b:
        r = place.cli("stop", "sh")
        check(r, 0)
        assert r.stdout.count("/main: ended by signal 9 (SIGKILL)") == 2, r.stdout
        assert (a.wait(timeout=30 * PATIENCE), b.wait(timeout=30)) == (137, 137)
    with running(place) as p:
        kill_runner(p)
        check(place.cli("stop", "sh"), 0)
        check(place.cli("stop", "sh"), 0, stdout="does not run (exited(137))")
    sweep(place)


@test
def test_stop_is_no_failure_that_a_restart_block_answers(place):
    path = place.write("again.nomad.hcl", """
task "again" {
  driver = "exec"
  config {
    command = "/bin/sh"
    args    = ["-c", "echo ready; exec sleep 1000"]
  }
  restart {
    attempts = 5
    delay    = "1ms"
  }
}""")
    p = place.start(path)
    assert p.stdout.readline() == "ready\n"
    until(lambda: has_become(place, "sleep"), "it does not sleep")
    check(place.cli("stop", "again"), 0)
    out, err = p.communicate(timeout=30 * PATIENCE)
    assert p.returncode == 137 and "restarting" not in err and out == "", (p.returncode, out, err)


@test
def test_restart(place):
    with running(place) as p:
        before = tasks(place)[0]
        check(place.cli("restart", "sh"), 0, stdout="/main: ended by signal 9")
        assert p.stdout.readline() == "ready\n"
        after = until(lambda: tasks(place), "it did not come back")[0]
        assert after["pid"] != before["pid"] and after["restarts"] == 1 and after["alloc_id"] == before["alloc_id"], after
        kill_runner(p)
        check(place.cli("restart", "sh"), 1, stderr="the process that ran its alloc has ended")
        assert tasks(place)[0]["pid"] == after["pid"]
        check(place.cli("stop", "sh"), 0)
        check(place.cli("restart", "sh"), 1, stderr="the process that ran its alloc has ended")
    sweep(place)


@test
def test_restart_of_a_detached_task_calls_its_runner_again(place):
    check(place.run("-detach", "--", "sh", "-c", "exec sleep 1000"), 0)
    before = until(lambda: tasks(place), "it does not run")[0]
    check(place.cli("restart", "sh"), 0)
    after = tasks(place)[0]
    assert after["pid"] != before["pid"] and after["restarts"] == 1, (before, after)
    check(place.cli("stop", "sh"), 0)
    until(lambda: not json.loads(place.cli("status", "-json", "sh").stdout)[0]["has_runner"], "its runner stays")
    sweep(place)


@test
def test_events_of_a_detached_alloc(place):
    path = place.write("again.nomad.hcl", """
task "again" {
  driver = "exec"
  config {
    command = "/bin/sh"
    args    = ["-c", "echo x >> /local/n; test $(wc -l < /local/n) = 2 && exit 0; exit 6"]
  }
  restart {
    attempts = 3
    delay    = "1ms"
    interval = "1m"
    mode     = "fail"
  }
}""")
    check(place.run("-detach", path), 0)
    until(lambda: tasks(place, "-a")[0]["exit_code"] == 0, "it does not end")
    until(lambda: not json.loads(place.cli("status", "-json", "again").stdout)[0]["has_runner"], "its runner stays")
    told = [json.loads(line) for line in place.cli("events", "-json", "again").stdout.splitlines()]
    assert [e["type"] for e in told] == ["Started", "Terminated", "Restarting", "Started", "Terminated"], told
    assert told[1]["message"] == "exited with status 6" and told[4]["message"] == "exited with status 0", told
    check(place.cli("events", "again"), 0, stdout="exited with status 6")
    check(place.cli("events", "nosuch"), 2, stderr="no alloc or job 'nosuch'")
    sweep(place)


@test
def test_events_tell_an_end_that_no_runner_saw(place):
    check(place.run("-detach", "--", "sh", "-c", "exit 4"), 0)
    until(lambda: tasks(place, "-a")[0]["exit_code"] == 4, "it does not end")
    check(place.cli("events", "sh"), 0, stdout="Terminated  exited with status 4")
    until(lambda: "removed alloc" in place.cli("gc").stdout, "its supervisor does not finish")


TWO = """
job "pair" {
  group "g" {
    task "left" {
      driver = "exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "for i in 1 2 3; do echo left $i; echo wrong $i >&2; done; echo ready > /alloc/data/left; exec sleep 1000"]
      }
    }
    task "right" {
      driver = "exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "printf 'right 1\\\\nright 2'; echo ready > /alloc/data/right; exec sleep 1000"]
      }
    }
  }
}"""


@test
def test_logs(place):
    p = place.start("-keep", place.write("two.nomad.hcl", TWO))
    alloc = until(lambda: len(tasks(place)) == 2 and tasks(place), "they do not run")[0]["alloc_id"]
    base = os.path.join(place.data, "alloc", alloc)
    for name in ("left", "right"):
        until(lambda name=name: os.path.exists(f"{base}/alloc/data/{name}"), "no output")
    until(lambda: place.cli("logs", "pair/right").stdout == "right 1\nright 2", "no output in the log")
    until(lambda: place.cli("logs", "pair/left").stdout.endswith("left 3\n"), "no output in the log")
    assert place.cli("logs", "pair").stdout == "left | left 1\nleft | left 2\nleft | left 3\nright | right 1\nright | right 2\n"
    assert place.cli("logs", "-stderr", alloc, "left").stdout == "wrong 1\nwrong 2\nwrong 3\n"
    assert place.cli("logs", "-tail", "2", "pair/left").stdout == "left 2\nleft 3\n"
    assert place.cli("logs", "-n", "1", "pair/right").stdout == "right 2"
    assert place.cli("logs", "-tail", "pair/left").stdout == "left 1\nleft 2\nleft 3\n"
    assert place.cli("logs", "-tail", "-n", "1", "pair/left").stdout == "left 3\n"
    assert place.cli("logs", "-n", "0", "pair/left").stdout == ""
    assert place.cli("logs", "-n", "99", "pair/left").stdout == "left 1\nleft 2\nleft 3\n"
    check(place.cli("logs", "-n", "x", "pair"), 2, stderr="takes a whole number")
    follow = subprocess.Popen([ISOEXEC, "logs", "-state-dir", place.state, "-f", "-n", "1", "pair"], stdout=subprocess.PIPE, text=True)
    assert follow.stdout.readline() == "left | left 3\n"
    check(place.cli("stop", "pair"), 0)
    assert follow.communicate(timeout=30 * PATIENCE)[0] == "right | right 2\n" and follow.returncode == 0
    p.communicate(timeout=30 * PATIENCE)
    shutil.rmtree(base)


@test
def test_logs_follow_across_rotation(place):
    # 3 MB in files of 1 MiB of which two are kept, written while they are read; then silence, then the end
    path = place.write("many.nomad.hcl", """
task "many" {
  driver = "exec"
  config {
    command = "/bin/sh"
    args    = ["-c", "mkfifo /local/go; echo ready; read x < /local/go; i=0; while [ $i -lt 60 ]; do seq -f 'line %08g of it' $((i * 2500)) $((i * 2500 + 2499)); i=$((i + 1)); sleep 0.01; done; read x < /local/go"]
  }
  logs {
    max_files     = 2
    max_file_size = 1
  }
}""")
    p = place.start("-keep", path)
    assert p.stdout.readline() == "ready\n"
    alloc = tasks(place)[0]["alloc_id"]
    base = os.path.join(place.data, "alloc", alloc)
    fifo = os.path.join(base, "many", "local", "go")
    p.stdout.close()
    follow = subprocess.Popen([ISOEXEC, "logs", "-state-dir", place.state, "-f", "many"], stdout=subprocess.PIPE)
    line = follow.stdout.readline()
    assert line == b"ready\n", line
    with open(fifo, "w", encoding="ascii") as f:
        f.write("go\n")
    lines = [follow.stdout.readline() for _ in range(150000)]
    assert lines == [b"line %08d of it\n" % i for i in range(150000)], [i for i, line in enumerate(lines) if line != b"line %08d of it\n" % i][:3]
    names = sorted(os.listdir(os.path.join(base, "alloc", "logs")))
    assert [name for name in names if "stdout" in name] == ["many.stdout.1", "many.stdout.2"], names
    r = place.cli("logs", "-tail", "30000", "many")
    assert r.stdout.splitlines() == ["line %08d of it" % i for i in range(120000, 150000)], (r.stdout[:50], r.stdout[-50:], r.stderr)
    with open(fifo, "w", encoding="ascii") as f:
        f.write("end\n")
    rest = follow.communicate(timeout=30 * PATIENCE)[0]
    assert rest == b"" and follow.returncode == 0, (rest[:100], len(rest), follow.returncode)
    p.wait(timeout=30 * PATIENCE)
    p.stderr.close()
    shutil.rmtree(base)


def on_terminal(place, *words):
    """What a terminal gets (a newline as \\r\\n)."""
    master, slave = pty.openpty()
    r = subprocess.run([ISOEXEC, words[0], "-state-dir", place.state, *words[1:]], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE,
                       check=False, timeout=30)
    assert r.returncode == 0, r.stderr
    os.close(slave)
    got = b""
    with contextlib.suppress(OSError):  # EIO: that was all
        while data := os.read(master, 4096):
            got += data
    os.close(master)
    return got


@test
def test_a_terminal_is_not_steered(place):
    script = "printf '\\033]0;title\\007\\302\\233mred\\rover \\303\\244\\n' | tee /local/file; " + "echo ready; exec sleep 1000"
    p = place.start("--", "sh", "-c", script)
    while p.stdout.readline() != "ready\n":
        pass
    until(lambda: place.cli("logs", "sh").stdout.endswith("ready\n"), "no log")
    raw = "\033]0;title\007\u009bmred\rover \u00e4\r\n".encode()
    clean = "^[]0;title^G\\x9bmred^Mover \u00e4\r\n".encode()
    assert on_terminal(place, "logs", "-n", "2", "sh") == clean + b"ready\r\n", on_terminal(place, "logs", "sh")
    assert on_terminal(place, "logs", "-raw", "sh") == raw + b"ready\r\n"
    assert on_terminal(place, "fs", "cat", "sh", "/main/local/file") == clean
    assert on_terminal(place, "fs", "cat", "-raw", "sh", "/main/local/file") == raw
    check(place.cli("stop", "sh"), 0)
    p.communicate(timeout=30)


@test
def test_logs_sleep_while_there_is_nothing(place):
    with running(place):
        follow = subprocess.Popen([ISOEXEC, "logs", "-state-dir", place.state, "-f", "sh"], stdout=subprocess.PIPE, text=True)
        assert follow.stdout.readline() == "ready\n"

        def switches():
            with open(f"/proc/{follow.pid}/status", encoding="ascii") as f:
                return [line for line in f if line.startswith("voluntary_ctxt_switches")]

        def asleep():
            with open(f"/proc/{follow.pid}/stat", encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "S"

        until(asleep, "it does not sleep")
        before = switches()
        time.sleep(0.5)  # nothing happens in it: that is what is measured
        assert switches() == before
        follow.kill()
        follow.communicate()


@test
def test_logs_that_are_not_kept(place):
    path = place.write("quiet.nomad.hcl", """
task "quiet" {
  driver = "exec"
  config {
    command = "sleep"
    args    = ["1000"]
  }
  logs {
    disabled = true
  }
}""")
    p = place.start(path)
    until(lambda: tasks(place), "it does not run")
    check(place.cli("logs", "quiet"), 1, stderr="is not kept: its logs are disabled")
    check(place.cli("stop", "quiet"), 0)
    p.communicate(timeout=30 * PATIENCE)


@test
def test_stats(place):
    check(place.cli("stats"), 0, stdout="ALLOC  JOB  TASK  CPU")
    with running(place, "x=$(head -c 3000000 /dev/zero | tr '\\0' x); echo ready; exec sleep 1000"):
        r = place.cli("stats", "-json", "sh")
        check(r, 0)
        one = json.loads(r.stdout)[0]
        assert one["cpu_total_ns"] > 0 and one["mem_limit_bytes"] == 300 << 20 and one["n_pids"] == 1, one
        assert 0 < one["mem_usage_bytes"] <= one["mem_peak_bytes"] and one["mem_peak_bytes"] > 3000000, one
        r = place.cli("stats")
        check(r, 0, stdout="300.0 MiB")
        live = subprocess.Popen([ISOEXEC, "stats", "-state-dir", place.state, "-live", "-json", "-interval", "20ms", "sh"],
                                stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            assert json.loads(live.stdout.readline())[0]["task"] == "main"
        check(place.cli("stop", "sh"), 0)
        live.communicate(timeout=30 * PATIENCE)
        assert live.returncode == 0
    check(place.cli("stats", "nope"), 2)
    check(place.cli("stats", "-interval", "x"), 2, stderr="takes a duration")


@test
def test_stats_while_tasks_end(place):
    # one that ends between the connecting and the answer has ended: no error
    command = [ISOEXEC, "stats", "-state-dir", place.state, "-live", "-json", "-interval", "1ms", "sh"]
    for _ in range(20):
        p = place.start("--", "sh", "-c", "echo ready; sleep 0.05")
        p.stdout.readline()
        lookers = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        p.communicate(timeout=30 * PATIENCE)
        for looker in lookers:
            _, err = looker.communicate(timeout=30 * PATIENCE)
            assert looker.returncode == 0 or "no alloc" in err, err


@test
def test_fs(place):
    script = """cd /local; echo hello > file; mkdir dir; echo below > dir/below; ln -s file link; ln -s /etc/shadow shadow
ln -s ../../../../../../../../etc/shadow up; ln -s /proc/self/root root; ln -s loop loop; mkfifo fifo; printf 'a\\033[2Jb' > "$(printf 'n\\033[31m')"
echo shared > /alloc/data/shared; echo secret > /secrets/s; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
echo ready; exec sleep 1000"""
    with running(place, script):
        def fs(*words):
            return place.cli("fs", *words)

        r = fs("ls", "sh")
        check(r, 0)
        assert [line.split()[-1] for line in r.stdout.splitlines()] == ["NAME", "alloc", "main"], r.stdout
        r = fs("ls", "sh", "/main/local")
        check(r, 0, stdout="shadow -> /etc/shadow")
        assert "n^[[31m" in r.stdout and "\033" not in r.stdout, r.stdout
        kinds = {e["name"]: e["kind"] for e in json.loads(fs("ls", "-json", "sh", "main/local").stdout)}
        assert kinds == {"file": "file", "dir": "directory", "link": "link", "shadow": "link", "up": "link", "root": "link",
                         "loop": "link", "fifo": "FIFO", "n\033[31m": "file", "sock": "socket"}, kinds
        for path in ("/main/local/file", "main/local/link", "/main/local/dir/../file", "../../main/local/file"):
            check(fs("cat", "sh", path), 0, stdout="hello\n")
        check(fs("cat", "sh", "/alloc/data/shared"), 0, stdout="shared\n")
        assert fs("cat", "sh", "/main/local/n\033[31m").stdout == "a\033[2Jb"  # to a pipe: as it is
        check(fs("cat", "sh", "/main/local/fifo"), 2, stderr="is a FIFO and is not opened")
        check(fs("cat", "sh", "/main/local/sock"), 2, stderr="is a socket and is not opened")
        check(fs("cat", "sh", "/main/local"), 2, stderr="is a directory")
        for path in ("shadow", "up", "root/etc/passwd", "loop", "../../../etc/passwd", "nope", "file/x"):
            r = fs("cat", "sh", "/main/local/" + path)
            check(r, 2, stderr="look at '")
            assert r.stdout == "", r.stdout
        for path in ("/main/secrets", "/main/secrets/s", "main//secrets/"):
            check(fs("ls", "sh", path), 2, stderr="secrets are not shown")
        stat = json.loads(fs("stat", "-json", "sh", "/main/local/shadow").stdout)
        assert (stat["kind"], stat["target"], stat["uid"]) == ("link", "/etc/shadow", 65534), stat
        check(fs("stat", "sh", "/main/local/file"), 0, stdout="size      6\n")
        check(fs(), 2, stderr="expected 'fs ls'")
        check(fs("rm", "sh", "/x"), 2, stderr="expected 'fs ls'")
        check(fs("cat", "sh"), 2, stderr="needs an alloc and a path")
        check(fs("ls", "sh", "/", "x"), 2, stderr="unexpected word 'x'")


@test
def test_gc_leaves_what_runs_and_what_is_run(place):
    with running(place) as p:
        check(place.gc(), 0, stdout="")
        kill_runner(p)
        check(place.gc(), 0, stdout="")
        alloc = tasks(place)[0]["alloc_id"]
        check(place.cli("stop", "sh"), 0)
        check(place.gc("-dry-run"), 0, stdout=f"would remove alloc {alloc} (job 'sh')\n")
        assert tasks(place, "-a")
        check(place.gc(), 0, stdout=f"removed alloc {alloc} (job 'sh')\n")
    assert not place.look(), place.look()
    check(place.gc("x"), 2, stderr="gc takes no words")
    # a task that waits to be started again has no supervisor, and its runner lives
    path = place.write("wait.nomad.hcl", """
task "wait" {
  driver = "exec"
  config {
    command = "false"
  }
  restart {
    attempts = 5
    delay    = "1h"
    mode     = "fail"
  }
}""")
    p = place.start(path)
    until(lambda: "restarting in" in p.stderr.readline(), "it does not wait")
    check(place.gc(), 0, stdout="")
    assert tasks(place, "-a")[0]["status"] == "exited"
    p.send_signal(signal.SIGTERM)
    p.communicate(timeout=30 * PATIENCE)


def forge(place, change):
    """The valid slot of the only task's record, changed and signed again (record/record.h)."""
    alloc = tasks(place, "-a")[0]["alloc_id"]
    path = os.path.join(place.state, alloc, "main", "task")
    with open(path, "r+b") as f:
        for at in (0, 512):
            f.seek(at)
            slot = bytearray(f.read(136))
            change(slot)
            slot[8:12] = bytes(4)
            slot[8:12] = zlib.crc32(bytes(slot)).to_bytes(4, "little")
            f.seek(at)
            f.write(slot)
    return path


def other_boot(phase):
    def change(slot):
        slot[16:24] = b"00000000"
        slot[56:60] = phase.to_bytes(4, "little")
    return change


def end_unswept(place):
    with running(place) as p:
        kill_runner(p)
        check(place.cli("stop", "sh"), 0)


@test
def test_gc_after_a_reboot(place):
    end_unswept(place)
    forge(place, other_boot(2))
    assert tasks(place) == [] and tasks(place, "-a")[0]["status"] == "lost"
    check(place.cli("stop", "sh"), 0, stdout="does not run (lost)")
    check(place.cli("exec", "sh", "true"), 125)
    check(place.gc(), 0, stdout="removed alloc")


@test
def test_a_start_that_a_reboot_interrupted_is_no_success(place):
    end_unswept(place)
    path = forge(place, other_boot(0))
    # nothing sweeps while somebody holds the directory: what the adopter wrote can be read
    holder = os.open(os.path.dirname(os.path.dirname(path)), os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_SH)
    check(place.gc(), 0, stdout="")
    assert tasks(place, "-a")[0]["status"] == "lost"
    os.close(holder)
    supervise = os.path.join(os.path.dirname(ISOEXEC), "isoexec-supervise")
    state = subprocess.run(["sh", "-c", 'exec 3<>"$2/task"; exec "$1" "$2" adopt', "sh", supervise, os.path.dirname(path)], check=False, timeout=30 * PATIENCE)
    assert state.returncode == 1, state
    assert tasks(place, "-a")[0]["status"] == "failed", tasks(place, "-a")
    check(place.gc(), 0, stdout="removed alloc")


@test
def test_gc_keeps_records_that_it_cannot_read(place):
    end_unswept(place)
    path = forge(place, lambda slot: None)
    with open(path, "r+b") as f:
        f.write(b"x" * 1024)
    check(place.cli("ps", "-a"), 0, stdout="broken")
    check(place.cli("status", tasks(place, "-a")[0]["alloc_id"]), 0, stdout="the task's record cannot be read")
    check(place.gc(), 1, stderr="is left alone: the task's record cannot be read")
    shutil.rmtree(place.state)
    shutil.rmtree(os.path.join(place.data, "alloc"))


@test
def test_gc_finishes_removals_and_finds_data_without_state(place):
    long_ago = time.time() - 3600
    young, old = os.path.join(place.data, "alloc", "young"), os.path.join(place.data, "alloc", "old")
    rest = os.path.join(place.state, "gone.removing", "0", "below")
    for path in (young, old, rest, os.path.join(place.state, "empty-old"), os.path.join(place.state, "empty-young", "main")):
        os.makedirs(path)
    os.makedirs(os.path.join(old, "main", "local"))
    os.utime(old, (long_ago, long_ago))
    os.utime(os.path.join(place.state, "empty-old"), (long_ago, long_ago))
    r = place.gc()
    check(r, 0, stdout="the rest of '")
    assert "removed alloc empty-old\n" in r.stdout, r.stdout
    assert os.path.isdir(old) and os.listdir(place.state) == ["empty-young"], os.listdir(place.state)
    check(place.gc("-all", "-dry-run"), 0, stdout=f"would remove '{old}', which no state knows\n")
    check(place.gc("-all"), 0, stdout=f"removed '{old}', which no state knows\n")
    assert os.listdir(os.path.join(place.data, "alloc")) == ["young"]
    shutil.rmtree(young)
    # data that another state directory knows, of a task that runs
    shutil.rmtree(place.state)
    with running(place):
        base = os.path.join(place.data, "alloc", tasks(place)[0]["alloc_id"])
        os.utime(base, (long_ago, long_ago))
        other = place.cli("gc", "-all", "-data-dir", place.data, "-state-dir", place.path("other"))
        check(other, 0, stdout="")
        assert os.path.isdir(base)


@test
def test_gc_removes_empty_parents(place):
    for name in ("memory", "pids"):
        if os.path.isdir(f"/sys/fs/cgroup/{name}"):
            os.makedirs(f"/sys/fs/cgroup/{name}{place.parent}/supervise")
    check(place.gc(), 0)
    assert not place.look(), place.look()


test.main()
