#!/usr/bin/env python3
"""The root: chroot_env in all its forms, volumes, work_dir, masks that survive what a host does to its files (R-3, R-11, R-12)."""
import os
import shutil
import stat
import subprocess

from harness import PATIENCE, Suite, check

test = Suite()

CONFIG = """
plugin "exec" {
  config {
    %s
  }
}
client {
  chroot_env {
    "/usr" = "/usr"
    "/bin" = "/bin"
    "/lib" = "/lib"
    "/lib64" = "/lib64"
    %s
  }
  %s
}
"""


def config(place, entries="", volumes="", plugin=""):
    return place.write("isoexec.hcl", CONFIG % (plugin, entries, volumes))


def copy_of_etc(place):
    etc = place.path("etc")
    shutil.copytree("/etc", etc, symlinks=True)
    return etc


def replace(path, text):
    """What passwd and useradd do: write beside, rename over."""
    with open(path + "+", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + "+", path)


@test
def test_host_replaces_masked_files_by_rename(place):
    etc = copy_of_etc(place)
    volume = place.write("resolv.own", "nameserver 192.0.2.1\n")
    c = config(place, f'"{etc}" = "/etc"')
    p = place.start("-config", c, "-profile", "compatible", "-volume", f"{volume}:/etc/resolv.conf:ro", "--", "sh", "-c",
                    "echo ready; while [ ! -e /local/go ]; do sleep 0.02; done; cat /etc/shadow /etc/shadow-; cat /etc/resolv.conf /etc/motd.new")
    assert p.stdout.readline() == "ready\n", p.communicate()
    replace(os.path.join(etc, "shadow"), "SECRET-NEW\n")
    replace(os.path.join(etc, "shadow-"), "SECRET-OLD\n")
    replace(os.path.join(etc, "resolv.conf"), "nameserver 198.51.100.1\n")
    base = os.path.join(place.data, "alloc")
    with open(os.path.join(base, os.listdir(base)[0], "main", "local", "go"), "w", encoding="utf-8"):
        pass
    out, err = p.communicate(timeout=30 * PATIENCE)
    assert "SECRET" not in out, out
    assert "192.0.2.1" in out and "198.51.100.1" not in out, (out, err)
    assert err.count("No such file or directory") == 3, err


@test
def test_volume_below_a_read_only_entry(place):
    os.mkdir(place.path("app"))
    with open(place.path("app/file"), "w", encoding="utf-8") as f:
        f.write("inside\n")
    check(place.run("-volume", place.path("app") + ":/usr/share/isoexec-app/deep", "--", "cat", "/usr/share/isoexec-app/deep/file"), 0, stdout="inside\n")
    assert not os.path.exists("/usr/share/isoexec-app"), "made on the host"


@test
def test_volume_file_and_read_only(place):
    path = place.write("conf", "x\n", 0o666)
    check(place.run("-volume", f"{path}:/etc/isoexec-test.conf:ro", "--", "sh", "-c", "cat /etc/isoexec-test.conf; echo y > /etc/isoexec-test.conf"), 2,
          stdout="x\n", stderr="Read-only file system")
    check(place.run("-volume", f"{path}:/data/conf", "--", "sh", "-c", "echo y > /data/conf"), 0)
    with open(path, encoding="utf-8") as f:
        assert f.read() == "y\n"
    assert not os.path.exists("/etc/isoexec-test.conf")


@test
def test_work_dir_is_made(place):
    check(place.run("-work-dir", "/local/a/b", "--", "pwd"), 0, stdout="/local/a/b\n")
    check(place.run("-work-dir", "/usr/share/isoexec-none/x", "--", "pwd"), 0, stdout="/usr/share/isoexec-none/x\n")
    assert not os.path.exists("/usr/share/isoexec-none")
    check(place.run("-work-dir", "/srv/new", "--", "pwd"), 0, stdout="/srv/new\n")


@test
def test_work_dir_traps(place):
    for bad in ("/proc/self/fd/3", "/proc/1/root", "/dev/fd/9"):
        check(place.run("-work-dir", bad, "--", "pwd"), 125, stderr="work_dir")
    check(place.run("-work-dir", "/../../..", "--", "pwd"), 0, stdout="/\n")


@test
def test_entries_missing_file_nested_renamed(place):
    note = place.write("note", "one file\n")
    os.makedirs(place.path("tree/sub"))
    place.write("tree/sub/leaf", "leaf\n")
    c = config(place, f'''
    "{note}" = "/opt/note"
    "{place.path('tree')}" = "/opt/tree"
    "{place.path('tree/sub')}" = "/opt/tree/sub"
    "/nowhere/at/all" = "/opt/none"
    "/usr/share/misc" = "/usr/share/misc"
''')
    r = place.run("-config", c, "--", "sh", "-c", "cat /opt/note /opt/tree/sub/leaf; ls /opt; ls /etc; touch /opt/tree/x")
    assert r.stdout == "one file\nleaf\nnote\ntree\n", r.stdout
    assert "Read-only file system" in r.stderr and "cannot access '/etc'" in r.stderr, r.stderr


@test
def test_entry_that_is_a_link(place):
    os.mkdir(place.path("real"))
    place.write("real/file", "through the link\n")
    os.symlink("real", place.path("link"))
    c = config(place, f'"{place.path("link")}" = "/opt/linked"')
    check(place.run("-config", c, "--", "cat", "/opt/linked/file"), 0, stdout="through the link\n")


@test
def test_writable_root_stays_in_the_task(place):
    r = place.run("-writable-root", "-config", config(place, '"/etc" = "/etc"', plugin="allow_root = true"), "-user", "root", "-keep", "--", "sh", "-c",
                  "echo mine > /etc/isoexec-own && cat /etc/isoexec-own; cat /etc/shadow")
    assert r.stdout == "mine\n" and "No such file" in r.stderr, (r.stdout, r.stderr)
    assert not os.path.exists("/etc/isoexec-own")
    base = os.path.join(place.data, "alloc")
    kept = os.path.join(base, os.listdir(base)[0])
    assert os.path.exists(os.path.join(kept, "main/etc/isoexec-own"))
    subprocess.run(["rm", "-rf", kept], check=True)


@test
def test_root_user_rules(place):
    check(place.run("-user", "root", "--", "true"), 125, stderr="running as uid 0 is disallowed")
    check(place.run("-user", "65534:0", "--", "true"), 125, stderr="running as gid 0 is disallowed")
    check(place.run("-user", "12345", "--", "sh", "-c", "id -u; id -g; echo $HOME"), 0, stdout="12345\n65534\n/\n")
    check(place.run("-user", "12345:23456", "--", "id", "-G"), 0, stdout="23456\n")


@test
def test_host_volume_of_a_job(place):
    os.mkdir(place.path("vol"))
    os.chmod(place.path("vol"), 0o777)
    c = config(place, volumes=f'host_volume "data" {{\n path = "{place.path("vol")}"\n read_only = false\n }}')
    job = """
group "g" {
  volume "v" {
    type   = "host"
    source = "%s"
  }
  task "t" {
    driver = "exec"
    config {
      command = "sh"
      args    = ["-c", "echo kept > /data/note; cat /data/note"]
    }
    volume_mount {
      volume      = "v"
      destination = "/data"
      read_only   = %s
    }
  }
}"""
    check(place.run("-config", c, place.write("a.hcl", job % ("data", "false"))), 0, stdout="kept\n")
    assert os.path.exists(place.path("vol/note"))
    check(place.run("-config", c, place.write("b.hcl", job % ("data", "true"))), 0, stderr="Read-only file system")
    check(place.run("-config", c, place.write("c.hcl", job % ("date", "true"))), 125, stderr="known are: data")


@test
def test_propagation(place):
    check(place.run("-config", config(place), place.write("j.hcl", """
group "g" {
  volume "v" {
    type   = "host"
    source = "none"
  }
  task "t" {
    driver = "exec"
    config {
      command = "true"
    }
    volume_mount {
      volume           = "v"
      destination      = "/d"
      propagation_mode = "sideways"
    }
  }
}""")), 125)


@test
def test_command_lookup(place):
    # B-201: local/, the root, then bin directories; made executable only below local/
    script = place.write("prog", "#!/bin/sh\necho from $0\n", 0o644)
    check(place.run("-volume", f"{script}:/data/prog", "--", "/data/prog"), 126, stderr="permission denied")
    check(place.run("--", "no-such-program"), 127, stderr="file no-such-program not found under path")
    check(place.run("--", "/no/such"), 127, stderr="file /no/such not found under path")
    check(place.run("--", "../../bin/echo", "x"), 0, stdout="x\n")
    check(place.run("--", "/usr"), 126, stderr="is a directory")
    bad = place.write("bad", "#!/no/interpreter\n", 0o755)
    check(place.run("-volume", f"{bad}:/data/bad", "--", "/data/bad"), 126, stderr="the interpreter '/no/interpreter'")
    text = place.write("text", "no program\n", 0o755)
    check(place.run("-volume", f"{text}:/data/text", "--", "/data/text"), 126, stderr="neither a program")


@test
def test_no_pivot_root(place):
    c = config(place, plugin="no_pivot_root = true")
    check(place.run("-config", c, "--", "sh", "-c", "ls / | tr '\\n' ' '; ls /proc/1/exe >/dev/null 2>&1; echo $$"), 0, stdout="1\n")


def nested(place, plugin="allow_root = true"):
    """A renamed entry below another one: its upper layer lies below a directory that a task may write."""
    os.makedirs(place.path("srv/tools"))
    place.write("srv/tools/s", "of the operator\n")
    return config(place, f'"/etc" = "/etc"\n    "{place.path("srv/tools")}" = "/usr/tools/bin"', plugin=plugin)


@test
def test_upper_layer_is_not_found_through_a_link_of_the_task(place):
    """M1: between two starts the task puts a link where the path of an upper layer leads."""
    os.makedirs(place.path("victim/bin"))
    os.makedirs(place.path("empty/bin"))
    job = place.write("job.nomad.hcl", """
task "t" {
  driver = "exec"
  user   = "root"
  config {
    command       = "/bin/sh"
    args          = ["-c", "echo hi > /usr/tools/bin/PWNED; test -e /local/second && exit 0; touch /local/second; mv /usr/tools /usr/t2; ln -s %s /usr/tools; mkdir -p %s/bin; exit 1"]
    writable_root = true
  }
  restart {
    attempts = 2
    delay    = "1ms"
    interval = "1m"
    mode     = "fail"
  }
}
""" % (place.path("victim"), place.path("victim")))
    r = place.run("-config", nested(place), job)
    assert r.returncode != 0 or "PWNED" not in os.listdir(place.path("victim/bin")), r.stderr
    assert os.listdir(place.path("victim/bin")) == [], os.listdir(place.path("victim/bin"))
    assert os.path.isdir(place.path("empty/bin"))


@test
def test_restart_with_a_writable_root(place):
    """The kernel marks the work directory of a volatile overlay: the mark must not stop the next start."""
    job = place.write("job.nomad.hcl", """
task "t" {
  driver = "exec"
  config {
    command       = "/bin/sh"
    args          = ["-c", "echo x >> /local/n; test $(wc -l < /local/n) = 3"]
    writable_root = true
  }
  restart {
    attempts = 3
    delay    = "1ms"
    interval = "1m"
    mode     = "fail"
  }
}
""")
    check(place.run(job), 0)


@test
def test_a_volume_s_file_is_not_made_executable(place):
    """P37: chmod reaches files of the task directory only."""
    os.mkdir(place.path("vol"))
    canary = place.write("vol/canary", "#!/bin/sh\n", 0o600)
    check(place.run("-volume", place.path("vol") + ":/local/v", "--", "/local/v/canary"), 126, stderr="permission denied")
    assert stat.S_IMODE(os.stat(canary).st_mode) == 0o600, oct(os.stat(canary).st_mode)


@test
def test_volume_source_through_a_link_that_others_can_make(place):
    """The class of CVE-2021-25741: a task of another volume replaced a directory by a link."""
    os.makedirs(place.path("vault/in"), 0o700)
    os.makedirs(place.path("share"))
    os.chmod(place.path("share"), 0o777)
    os.symlink(place.path("vault/in"), place.path("share/sub"))
    check(place.run("-volume", place.path("share/sub") + ":/m", "--", "ls", "/m"), 125, stderr="is a link in a directory that others than root can write")
    os.symlink(place.path("vault/in"), place.path("of-root"))  # the operator's own link
    os.chmod(place.path("vault/in"), 0o755)
    check(place.run("-volume", place.path("of-root") + ":/m", "--", "ls", "/m"), 0)


@test
def test_masked_entry_is_told(place):
    c = config(place, '"/etc/shadow" = "/sh"')
    r = place.run("-config", c, "--", "cat", "/sh")
    assert r.returncode != 0 and "chroot_env entry '/etc/shadow' is hidden from tasks" in r.stderr, r.stderr


@test
def test_nothing_of_the_host_below_the_root(place):
    r = place.run("--", "cat", "/proc/self/mountinfo")
    check(r, 0)
    for line in r.stdout.strip().split("\n"):
        fields = line.split()
        assert "nosuid" in fields[5], line
        assert "shared:" not in line, line


test.main()
