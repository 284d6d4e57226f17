#!/usr/bin/env python3
"""Bad input: one clear message with its place, the documented exit status, nothing left."""
import json
import os
import resource
import subprocess

import machine
from harness import ISOEXEC, Suite, check

test = Suite()

JOB = """job "j" {
  group "g" {
    task "t" {
      driver = "exec"
      config {
        command = "true"
%s
      }
%s
    }
  }
}
"""


def job(place, config="", task=""):
    return place.write("j.nomad.hcl", JOB % (config, task))


def refuse(place, path, code, *words, options=()):
    r = place.run(*options, path)
    check(r, code)
    for word in words:
        assert word in r.stderr, f"expected '{word}' in: {r.stderr}"


@test
def test_unknown_key(place):
    refuse(place, job(place, '        comand = "x"'), 125, "j.nomad.hcl:7:9:", 'did you mean "command"?')
    refuse(place, job(place, "", '      usr = "x"'), 125, "j.nomad.hcl:9:7:", 'did you mean "user"?')


@test
def test_wrong_type(place):
    refuse(place, job(place, '        args = "x"'), 125, "j.nomad.hcl:7:16:", "list of strings required")
    refuse(place, job(place, "", '      kill_timeout = "5 minutes"'), 125, "j.nomad.hcl:9:", "duration")


@test
def test_missing_command(place):
    path = place.write("j.nomad.hcl", 'task "t" {\n  driver = "exec"\n}\n')
    refuse(place, path, 125, "j.nomad.hcl:1:1:", "missing command")


@test
def test_user(place):
    refuse(place, job(place, "", '      user = "alice-unknown"'), 125, "j.nomad.hcl:9:14:",
           'failed host user validation: failed to identify user "alice-unknown": user: unknown user alice-unknown')
    for bad in ("-1", "+0", "00", "4294967295", "4294967296", "1e3"):
        refuse(place, job(place, "", f'      user = "{bad}"'), 125, "failed to identify user")


@test
def test_denied_ids(place):
    c = place.write("c.hcl", 'plugin "exec" {\n config {\n denied_host_uids = "0,65530-65534"\n }\n}\n')
    refuse(place, job(place), 125, "failed host user validation: running as uid 65534 is disallowed", options=("-config", c))
    c = place.write("c.hcl", 'plugin "exec" {\n config {\n denied_host_gids = "65534"\n }\n}\n')
    refuse(place, job(place), 125, "running as gid 65534 is disallowed", options=("-config", c))
    c = place.write("c.hcl", 'plugin "exec" {\n config {\n denied_host_uids = "5-1"\n }\n}\n')
    refuse(place, job(place), 125, 'invalid range deniedHostUIDs "5-1": lower bound cannot be greater than upper bound', options=("-config", c))


@test
def test_capabilities(place):
    refuse(place, job(place, '        cap_add = ["net_raw", "sys_time"]'), 125, "j.nomad.hcl:7:19:",
           "driver does not allow the following capabilities: net_raw, sys_time")
    refuse(place, job(place, '        cap_add = ["chicken"]'), 125,
           "failed driver config validation: cap_add configured with capabilities not supported by system: chicken")
    refuse(place, job(place, '        cap_drop = ["all", "duck"]'), 125,
           "cap_drop configured with capabilities not supported by system: duck")


@test
def test_modes_and_work_dir(place):
    refuse(place, job(place, '        pid_mode = "Host"'), 125, 'pid_mode must be "private" or "host", got "Host"')
    refuse(place, job(place, '        ipc_mode = "host"'), 125, "allow_host_ipc")
    refuse(place, job(place, '        work_dir = "tmp/x"'), 125, "j.nomad.hcl:7:20:",
           'failed driver config validation: work_dir must be absolute but got relative path "tmp/x"')


@test
def test_missing_volume(place):
    refuse(place, job(place, "", '      volume_mount {\n        volume = "v"\n        destination = "/v"\n      }'), 125, 'has no volume "v"')
    check(place.run("-volume", "/no/such/dir:/v", "--", "true"), 125, stderr="volume source '/no/such/dir' does not exist")


@test
def test_what_is_not_run_is_refused(place):
    for block in ('template {\n data = "x"\n destination = "local/x"\n }', 'lifecycle {\n hook = "prestart"\n }', "vault {\n }"):
        refuse(place, job(place, "", block), 125, "cannot be run here")
    refuse(place, place.write("d.hcl", 'task "t" {\n driver = "docker"\n config {\n command = "x"\n }\n}\n'), 125, 'only "exec" is, got "docker"')


def group_of(text, job_text=""):
    """A job whose group holds @text beside a task."""
    return (JOB % ("", "")).replace('job "j" {\n', 'job "j" {\n' + job_text).replace('group "g" {\n', 'group "g" {\n' + text)


def validate(place, text, code, *words, options=()):
    r = place.run(*options, place.write("v.nomad.hcl", text), command="validate")
    check(r, code)
    for word in words:
        assert word in r.stderr, f"expected '{word}' in: {r.stderr}"
    return r


@test
def test_what_has_no_effect_is_told(place):
    """Accepted, and said: never in silence."""
    for text, words in (
            ('  datacenters = ["dc7", "eu-*"]\n', ("v.nomad.hcl:2:17: warning", '"dc1"')), ('  node_pool = "gpu"\n', ("warning", "node_pool"))):
        validate(place, group_of("", text), 0, *words)
    for text, words in (
            ("    ephemeral_disk {\n size = 500\n sticky = true\n migrate = true\n }\n", ('"size" has no', '"sticky" has no', '"migrate" has no')),
            ("    restart {\n render_templates = true\n }\n", ("warning", "render_templates"))):
        validate(place, group_of(text), 0, *words)
    for text, words in (
            ("resources {\n disk = 10\n iops = 5\n }", ('"disk" has no', '"iops" has no')),
            ('resources {\n numa {\n affinity = "prefer"\n }\n }', ("warning", "numa")),
            ("logs {\n enabled = false\n }", ('"enabled" is deprecated', "disabled = true")),
            ('identity {\n name = "foo"\n }', ("warning", "identity"))):
        validate(place, JOB % ("", text), 0, *words)
    quiet = group_of("    ephemeral_disk {\n size = 300\n sticky = false\n }\n    restart {\n render_templates = false\n }\n",
                     '  datacenters = ["d*"]\n  priority = 50\n  node_pool = "default"\n')
    assert "warning" not in validate(place, quiet, 0).stderr


@test
def test_what_would_be_lost_is_refused(place):
    for text, word in (("resources {\n cpu = 100\n cores = 1\n }", "for cpu or for cores"),
                       ('env {\n A = 1\n }\n env {\n B = 1\n }', "duplicate env block"),
                       ('env = { A = 1 }\n env {\n B = 1\n }', "duplicate env block"),
                       ("logs {\n max_files = 10\n max_file_size = 30\n }", "must be less than the ephemeral_disk's size, which is 300 MB"),
                       ("service {\n connect {\n sidecar_service {\n }\n }\n }", '"connect" cannot be run here'),
                       ('resources {\n numa {\n affinity = "require"\n }\n }', '"numa" cannot be run here'),
                       ("identity {\n env = true\n }", '"identity" cannot be run here')):
        validate(place, JOB % ("", text), 2, "v.nomad.hcl:", word, ": 1 error")
    validate(place, group_of("", "  priority = 200\n"), 2, "v.nomad.hcl:2:14:", "between 1 and 100")
    validate(place, group_of("", "  datacenters = []\n"), 2, "invalid datacenters")
    validate(place, group_of("    ephemeral_disk {\n size = 5\n }\n"), 2, "at least 10 MB")
    volume = '    volume "v" {\n type = "host"\n source = "v"\n access_mode = "%s"\n }\n'
    validate(place, group_of(volume % "multi-node-single-writer"), 2, '"volume" cannot be run here')


@test
def test_volume_for_reading_only(place):
    os.mkdir(place.path("vol"))
    config = place.write("c.hcl", 'client {\n host_volume "v" {\n path = "%s"\n }\n}\n' % place.path("vol"))
    volume = '    volume "v" {\n type = "host"\n source = "v"\n access_mode = "single-node-reader-only"\n }\n'
    mount = '      volume_mount {\n volume = "v"\n destination = "/v"\n }\n    }\n  }\n}\n'
    text = group_of(volume).replace("    }\n  }\n}\n", mount)
    text = text.replace('command = "true"', 'command = "/bin/sh"\n        args = ["-c", "touch /v/x"]')
    r = place.run("-config", config, place.write("ro.hcl", text))
    check(r, 1, stderr="Read-only file system")


@test
def test_unknown_words_where_nothing_is_done(place):
    for text, place_of, near in (("    ephemeral_disk {\n      sise = 1\n    }\n", "4:7", "size"), ("    service {\n      nme = 1\n    }\n", "4:7", "name"),
                                 ('    update {\n      max_paralel = 1\n    }\n', "4:7", "max_parallel"),
                                 ("    constraint {\n      atribute = 1\n    }\n", "4:7", "attribute"),
                                 ("    service {\n      chek {\n      }\n    }\n", "4:7", "check"),
                                 ("    service {\n      check {\n        intervall = 1\n      }\n    }\n", "5:9", "interval"),
                                 ('    spread {\n      target "a" {\n        procent = 1\n      }\n    }\n', "5:9", "percent")):
        validate(place, group_of(text), 2, f"v.nomad.hcl:{place_of}:", f'did you mean "{near}"?', ": 1 error")
    validate(place, group_of("    service {\n bogus = 1\n }\n"), 2, "bogus")
    validate(place, group_of("    update {\n canary = \"x\"\n }\n"), 2, "whole number")
    validate(place, group_of('    service {\n meta {\n a = 1\n }\n tags = ["a"]\n port = 80\n check {\n header {\n X = ["a"]\n }\n }\n }\n'), 0)


def no_control(r, *words):
    """What is told is text, its lines are ours."""
    for c in r.stderr:
        assert c == "\n" or c >= " " and not "\x7f" <= c < "\xa0", f"{c!r} in {r.stderr!r}"
    for word in words:
        assert word in r.stderr, f"expected '{word}' in: {r.stderr}"
    for line in r.stderr.splitlines():
        assert not line.startswith("forged"), r.stderr


@test
def test_control_characters_are_shown(place):
    path = place.write("c.hcl", JOB.replace('"true"', '"/x\\u001b]0;pwn\\u0007\\nforged"') % ("", ""))
    r = place.run(path)
    check(r, 127)
    no_control(r, "/x^[]0;pwn^G^Jforged")
    r = place.run(job(place, "", '      user = "x\\u001b[2J\\nforged"'))
    check(r, 125)
    no_control(r, "x^[[2J^Jforged")
    r = place.run(job(place, "        args \x1b[2J\x9b"), command="validate")
    check(r, 2)
    no_control(r, "got '^['", "7 |         args ^[[2J\\x9b")
    no_control(place.run(place.path("no\x1b[2J\nforged")), "no^[[2J^Jforged")


@test
def test_names_of_variables(place):
    for name in ("", "A=B", "A\\nB", "\\u001b[2J", "\\u009b"):
        refuse(place, job(place, "", '      env = { "%s" = "1" }' % name), 125, "j.nomad.hcl:9:13:", "invalid environment variable")
    refuse(place, job(place, "", "      env {\n        a\x9b = 1\n      }"), 125, "j.nomad.hcl:10:14:", "invalid environment variable")
    for entry in ("A\nB=1", "=x", "A", "\x1b=1"):
        check(place.run("-env", entry, "--", "true"), 125, stderr="option '-env'")
    check(place.run("-env", "a-b.c=d=e", "--", "env"), 0, stdout="a-b.c=d=e\n")


@test
def test_names_of_jobs_and_groups(place):
    for old, new, where in (('job "j"', 'job "j\\n"', ":1:5:"), ('job "j" {', 'job "j" {\n  name = "\\u001b"', ":2:10:"),
                            ('job "j" {', 'job "j" {\n  id = "\\u007f"', ":2:8:"), ('group "g"', 'group "g\\u001b[2J"', ":2:9:")):
        path = place.write("n.hcl", (JOB % ("", "")).replace(old, new))
        r = place.run(path)
        check(r, 125, stderr="n.hcl" + where)
        no_control(r, "cannot be used: it holds a control character")
    path = place.write("n.hcl", (JOB % ("", "")).replace('job "j" {', 'job "j" {\n  name = "Größe, (2)"').replace('group "g"', 'group "my group"'))
    check(place.run(path), 0)


@test
def test_control_characters_of_a_script(place):
    script = place.write("alloc/evil", "#!/bin/\x1b]0;pwn\x07\n", 0o755)
    r = place.run("-volume", f"{os.path.dirname(script)}:/v:ro", "--", "/v/evil")
    assert r.returncode in (126, 127), r.returncode
    no_control(r, "^[]0;pwn^G")


@test
def test_several_errors_in_one_run(place):
    r = place.run(job(place, '        comand = "x"\n        cap_ad = []', '      usr = "x"'))
    check(r, 125, stderr="3 errors")


@test
def test_syntax(place):
    for text, words in (("job \"j\" {\n  group \"g\" {\n", ("unclosed block", ":2:")),
                        ("job \"j\" {\n  type \"batch\"\n}\n", ("invalid block definition", ":2:")),
                        ("task \"t\" {\n  driver = \"exec\n}\n", ("unterminated string", ":2:")),
                        ("task \"t\" {\n  driver = <<EOT\nx\n}\n", ("unterminated heredoc", ":2:"))):
        refuse(place, place.write("s.hcl", text), 125, *words)


@test
def test_64_mib_of_brackets(place):
    path = place.path("big.hcl")
    with open(path, "w", encoding="utf-8") as f:
        for _ in range(64):
            f.write("[" * (1 << 20))

    def limits():
        resource.setrlimit(resource.RLIMIT_AS, (64 << 20, 64 << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))

    r = subprocess.run([ISOEXEC, "validate", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       preexec_fn=limits, check=False)
    check(r, 2, stderr="file is too large")
    small = place.write("deep.hcl", "a = " + "[" * 100000)
    check(place.run(small, command="validate"), 2, stderr="nested too deeply")


@test
def test_not_root(place):
    os.chmod(place.dir, 0o755)
    r = place.run("--", "true", user=65534, group=65534, extra_groups=[])
    check(r, 125, stderr="run needs root")
    path = job(place)
    os.chmod(path, 0o644)
    check(place.run(path, command="validate", user=65534, group=65534, extra_groups=[]), 0, stdout="valid")
    check(place.run(path, command="plan", user=65534, group=65534, extra_groups=[]), 0, stdout="pivot")


@test
def test_full_and_read_only_data_directory(place):
    for what, size, word in (("full", "nr_inodes=3", "No space left on device"), ("ro", "ro", "Read-only file system")):
        mount = f"mount --make-rprivate / && mount -t tmpfs -o {size} tmpfs $1 && shift && exec \"$@\""
        os.mkdir(place.path(what))
        r = subprocess.run(["unshare", "-m", "sh", "-c", mount, "sh", place.path(what), ISOEXEC, "run", "-data-dir", place.path(what),
                            "-state-dir", place.state, "-cgroup-parent", place.parent, "--", "true"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        check(r, 125, stderr=word)


@test
def test_cgroup_controller_absent(place):
    # a host without the pids controller, in a mount namespace of its own: v1 has its hierarchy not mounted, v2 does not list it
    without = place.write("controllers", "cpuset cpu memory\n")
    take_away = f"mount --bind {without} /sys/fs/cgroup/cgroup.controllers" if machine.is_v2() else "umount /sys/fs/cgroup/pids"
    script = f"mount --make-rprivate / && {take_away} && exec \"$@\""
    r = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", ISOEXEC, "run", *place.options(), "--", "true"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    check(r, 125, stderr="cgroup controller 'pids' is not available here")


@test
def test_options(place):
    check(place.run("-memry", "5", "--", "true"), 125, stderr="did you mean '-memory'?")
    check(place.run("--"), 125, stderr="missing command after '--'")
    check(place.run(), 125, stderr="expected one job file")
    check(place.run("-user", "x", job(place)), 125, stderr="goes with '-- COMMAND'")
    check(place.run("/no/such/file.hcl"), 125, stderr="No such file or directory")
    check(place.run("-profile", "soft", "--", "true"), 125, stderr="'hardened' or 'compatible'")


@test
def test_job_from_standard_input(place):
    with open(job(place, '        args = ["${env[\\"NOMAD_TASK_NAME\\"]}"]'), encoding="utf-8") as f:
        text = f.read().replace('command = "true"', 'command = "echo"').replace('\\"', '"')
    path = place.write("in.hcl", text)
    with open(path, encoding="utf-8") as f:
        check(place.run("-", stdin=f), 0, stdout="t\n")


@test
def test_unknown_reference(place):
    refuse(place, job(place, '        args = ["${NOMAD_TASK_NAMES}"]'), 125, "j.nomad.hcl:7:17:", "unknown reference")
    refuse(place, job(place, '        args = [task_name]'), 125, "j.nomad.hcl:7:17:", "unknown variable")


@test
def test_one_fault_one_message(place):
    for config, task, words in (
            ('        comand = "x"', "", ("j.nomad.hcl:7:9:",)), ("", "resources {\n memory = 0\n }", ("memory must be between 1 and 1073741824 MB, got 0",)),
            ("", "resources {\n cpu = 999999999\n }", ("j.nomad.hcl:10:8:", "between 1 and 100000000 MHz, got 999999999")),
            ("", "resources {\n memory = 99999999999\n }", ("j.nomad.hcl:10:11:", "1073741824 MB, got 99999999999")),
            ("", "resources {\n memory = 1.5\n }", ('"memory" takes a whole number, got 1.5',)),
            ("", "resources {\n secrets = 301\n }", ("between 1 and 300 MB (memory)",)),
            ("", "resources {\n memory_max = 1\n }", ("j.nomad.hcl:10:15:", "memory_max")),
            ("", "logs {\n max_files = 0\n }", ("max_files must be between 1 and 10000, got 0",)),
            ("", 'artifact {\n source = "https://x/y"\n destination = "../alloc/data"\n }', ("invalid artifact destination",)),
            ("", 'artifact {\n source = "https://x/y"\n destination = "local/../x"\n }', ("'..'",)),
            ("", 'artifact {\n source = "https://x/y"\n options {\n checksum = "foo:00"\n }\n }', ("j.nomad.hcl:12:13:", "kinds are md5")),
            ("", 'artifact {\n source = "https://x/y"\n options {\n checksum = "md5:00"\n }\n }', ("32 hexadecimal digits",)),
            ("", 'kill_signal = "SIGCHLD"', ("unknown signal",))):
        text = JOB % (config, task)
        if config:
            text = text.replace('        command = "true"\n', "        pid_mode = \"\"\n")
        refuse(place, place.write("j.nomad.hcl", text), 125, ": 1 error\n", *words)
    refuse(place, place.write("j.nomad.hcl", (JOB % ("", "")).replace('"true"', '["x"]')), 125, "string required", ": 1 error\n")
    check(place.run(job(place, "", 'kill_signal = ""'), command="plan"), 0)


@test
def test_script_with_carriage_returns(place):
    script = place.write("crlf", "#!/bin/sh\r\necho\r\n", 0o755)
    r = place.run("-volume", f"{script}:/x.sh:ro", "--", "/x.sh")
    check(r, 126, stderr="ends with a carriage return, so the kernel looks for '/bin/sh\\r'")


@test
def test_help(place):
    for how in (("run", "--help"), ("run", "-h"), ("help", "run")):
        r = subprocess.run([ISOEXEC, *how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        check(r, 0)
        for option in ("-detach", "-keep", "-raw", "-verbose", "-config", "-var ", "-cap-add", "-init"):
            assert f"  {option}" in r.stdout, f"{option} in {r.stdout}"
    r = subprocess.run([ISOEXEC, "help", "host"], stdout=subprocess.PIPE, text=True, check=False)
    assert "-json" in r.stdout and "-cap-add" not in r.stdout, r.stdout
    check(subprocess.run([ISOEXEC, "help", "bogus"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False), 2,
          stderr="there is no command 'bogus'")


@test
def test_host_says_what_holds(place):
    def host(*command, **more):
        r = subprocess.run([*command, ISOEXEC, "host", "-json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
        check(r, 0)
        return json.loads(r.stdout)["cgroups_writable"]
    assert host() == "yes"
    assert host(user=65534, group=65534, extra_groups=[]) is None
    script = "mount --make-rprivate / && umount -R /sys/fs/cgroup && exec \"$@\""
    assert host("unshare", "-m", "sh", "-c", script, "sh") is None


@test
def test_output_of_several_allocs(place):
    path = place.write("two.hcl", 'job "j" {\n group "g" {\n count = 2\n task "t" {\n driver = "exec"\n config {\n command = "/bin/sh"\n'
                       ' args = ["-c", "echo $NOMAD_SHORT_ALLOC_ID"]\n }\n }\n }\n}\n')
    r = place.run(path)
    check(r, 0)
    lines = r.stdout.splitlines()
    assert len(lines) == 2 and lines[0] != lines[1], r.stdout
    for line in lines:
        assert line == f"{line[:8]}/t | {line[:8]}", line
        assert f"task '{line[:8]}/t':" in r.stderr, r.stderr


def echo(place, args, task=""):
    return place.write("e.hcl", (JOB % ("        args = %s" % args, task)).replace('"true"', '"echo"'))


@test
def test_references_that_are_not_known(place):
    for ref in ('${env[\\"NOPE\\"]}', "${env.NOPE}", "${meta.nope}", "${attr.nope.nope}"):
        refuse(place, echo(place, '["%s"]' % ref.replace('\\"', '"')), 125, "e.hcl:7:17:", "unknown reference")
    refuse(place, echo(place, '["x"]', 'env {\n        D = "${env["A"]}"\n        A = "1"\n      }'), 125, "e.hcl:10:13:", "same env block")
    refuse(place, echo(place, '["echo ${GREETING}"]'), 125, "e.hcl:7:", "write $${GREETING}")


@test
def test_references_that_are_known(place):
    check(place.run(echo(place, '["${env["HOME"]}", "${env.USER}", "${node.pool}"]', 'user = "1"')), 0, stdout="/usr/sbin daemon default\n")
    check(place.run(echo(place, '["$${FOO} $${FOO:-x} $$${A}"]', 'env {\n FOO = "1"\n }')), 0, stdout="${FOO} ${FOO:-x} ${A}\n")
    text = 'env {\n PATH = "/x:${env["PATH"]}"\n T = "$${FOO}"\n FOO = "1"\n }'
    r = place.run(place.write("env.hcl", (JOB % ("", text)).replace('"true"', '"/usr/bin/env"')))
    check(r, 0, stdout="T=${FOO}\n")
    assert "PATH=/x:/usr/local/sbin:" in r.stdout, r.stdout
    r = place.run(echo(place, '["${attr.kernel.arch}", "${attr.os.name}", "${node.unique.id}"]'))
    check(r, 0, stdout=os.uname().machine)


@test
def test_variables(place):
    text = 'variable "who" {\n  type = string\n}\n' + JOB % ('        args = ["hi ${var.who}"]', "")
    path = place.write("v.hcl", text.replace('"true"', '"echo"'))
    check(place.run("-var", "who=me", path), 0, stdout="hi me\n")
    refuse(place, path, 125, "v.hcl:1:1:", "-var who=VALUE")
    refuse(place, path, 125, 'did you mean "who"?', options=("-var", "whoo=me"))


test.main()
