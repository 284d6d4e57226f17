#!/usr/bin/env python3
"""What depends on the kernel's age, both sides of it: the machine is asked first, the task must have exactly what it can give. The guest
(make check-guest) is the old side: Landlock without scopes, tmpfs without noswap, detached mounts that cannot be cloned, pidfds without
an inode or an exit status."""
import json
import os
import signal
import socket

import machine
from harness import Running, Suite, check, wait_until

test = Suite()

RESTARTING = """
task "t" {
  driver = "exec"
  config {
    command = "sh"
    args    = ["-c", "echo x >> /local/runs; cat /secrets/kept 2>/dev/null; echo kept > /secrets/kept || exit 1; test $(wc -l < /local/runs) = 2"]
  }
  restart {
    attempts = 3
    delay    = "10ms"
    interval = "10m"
    mode     = "fail"
  }
}
"""


@test
def test_scopes_are_planned_where_they_exist(place):
    r = place.run("-json", "--", "true", command="plan")
    check(r, 0)
    planned = [step["op"] for step in json.loads(r.stdout)["steps"]]
    assert ("landlock-scope" in planned) == (machine.landlock_has_scopes()), planned


@test
def test_abstract_sockets_of_the_host(place):
    # docs/SECURITY.md: out of reach from Linux 6.12 on; before, the network is the host's in this too
    name = "isoexec-test-" + os.path.basename(place.dir)
    script = f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{name}'); print('connected')"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0" + name)
        server.listen(1)
        r = place.run("--", "/usr/bin/python3", "-c", script)
    if machine.landlock_has_scopes():
        check(r, 1, stderr="Operation not permitted")
    else:
        check(r, 0, stdout="connected")


@test
def test_secrets_over_a_restart(place):
    r = place.run(place.write("job.nomad.hcl", RESTARTING))
    check(r, 0)
    assert r.stderr.count("restarting in") == 1, r.stderr
    # where a detached mount can be cloned, the second run has the first one's directory; else it begins with an empty one
    assert r.stdout == ("kept\n" if machine.clones_detached_mounts() else ""), (r.stdout, r.stderr)


@test
def test_status_of_a_task_killed_from_outside(place):
    with Running(place, "-verbose") as task:
        os.kill(task.pids()[0], signal.SIGKILL)
        _, err = task.process.communicate()
    assert task.process.returncode == 137 and "ended by signal 9 (SIGKILL)" in err, (task.process.returncode, err)


@test
def test_status_of_a_task_that_was_adopted(place):
    # nobody's child any more: a pidfd tells how it ended (PIDFD_INFO_EXIT, Linux 6.15), else nothing does and nothing is invented
    with Running(place, "-verbose", script="trap 'exit 7' INT; echo ready; sleep 1000 & wait") as task:
        os.kill(task.supervisor(), signal.SIGKILL)
        told = [task.process.stderr.readline(), task.process.stderr.readline()]
        assert "a new one has taken over" in told[1], told
        code, _, err = task.end()
    if machine.pidfd_tells_exit():
        assert code == 7 and "exited with status 7" in err, (code, err)
    else:
        assert code == 125 and "the exit status is unknown" in err, (code, err)


@test
def test_adopted_task_is_known_again(place):
    # by its pidfd's inode (Linux 6.9), else by its pid and the time it began; the second supervisor is killed too
    with Running(place, "-verbose") as task:
        main = task.pids()[0]
        told = task.process.stderr.readline()
        for _ in range(2):
            os.kill(task.supervisor(), signal.SIGKILL)
            told = task.process.stderr.readline()
            assert f"a new one has taken over pid {main}" in told, told
        task.end(signal.SIGINT, signal.SIGTERM)
    wait_until(lambda: not os.path.exists(f"/proc/{main}"), lambda: f"{main} is still there")


test.main()
