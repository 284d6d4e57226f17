#!/usr/bin/env python3
"""Job files that want the machine: each ends, valid or refused, with its memory in bounds. Peak memory is what the kernel counted for that
process; time is not judged, the alarm is there for what hangs."""
import os
import resource
import signal

from harness import ISOEXEC, PATIENCE, Suite

test = Suite()

MIB = 1 << 20
MOST_RESIDENT = 300 * MIB
MOST_ADDRESSES = 1024 * MIB
HANGS_S = 120 * PATIENCE

TASK = 'task "%s" {\n driver = "exec"\n config {\n  command = "true"\n }\n%s}\n'


def job(task="", top="", tasks=None):
    return f'{top}job "j" {{\n group "g" {{\n{tasks or TASK % ("t", task)} }}\n}}\n'


def local(first, each, n, last=""):
    lines = "".join(each.format(i=i, b=i - 1) + "\n" for i in range(1, n + 1))
    return job(top=f"locals {{\n{first}\n{lines}{last}\n}}\n")


def validate(place, text, *options):
    """Status and what was told."""
    path, told = place.write("j.nomad.hcl", text), place.path("told")
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
        signal.alarm(HANGS_S)
        fd = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.execv(ISOEXEC, [ISOEXEC, "validate", *place.options(), *options, path])
    _, status, usage = os.wait4(pid, 0)
    with open(told, encoding="utf-8", errors="replace") as f:
        text = f.read()
    assert os.WIFEXITED(status), f"ended by signal {os.WTERMSIG(status)}: {text[-500:]}"
    assert usage.ru_maxrss * 1024 < MOST_RESIDENT, f"{usage.ru_maxrss} kB resident"
    return os.WEXITSTATUS(status), text


def valid(place, text):
    code, told = validate(place, text)
    assert code == 0 and told.endswith("valid\n"), f"status {code}: {told[-500:]}"


def refused(place, text, word="file is too large: reading it would take more than 192 MiB"):
    code, told = validate(place, text)
    assert code == 2 and word in told and "j.nomad.hcl:" in told, f"status {code}: {told[-500:]}"


@test
def test_environment(place):
    for n in (20000, 200000):
        valid(place, job(" env {\n" + "".join(f'V{i}="{i}"\n' for i in range(n)) + " }\n"))


@test
def test_tasks(place):
    valid(place, job(tasks="".join(TASK % (f"t{i}", "") for i in range(2000))))
    refused(place, job(tasks="".join(TASK % (f"t{i}", "") for i in range(30000))), "would run 30000 tasks")


@test
def test_concat(place):
    for n in (12, 20):
        refused(place, local("a0 = [1,2,3,4]", "a{i} = concat(local.a{b}, local.a{b}, local.a{b}, local.a{b})", n))


@test
def test_equal(place):
    each = "a{i} = [local.a{b}, local.a{b}]\nb{i} = [local.b{b}, local.b{b}]"
    valid(place, local("a0 = [1]\nb0 = [1]", each, 34, "same = local.a34 == local.a34"))
    refused(place, local("a0 = [1]\nb0 = [1]", each, 34, "same = local.a34 == local.b34"))


@test
def test_chain_of_locals(place):
    for n in (1500, 5000, 50000):
        valid(place, local("a0 = 1", "a{i} = local.a{b}", n))
        lines = "".join(f"a{i} = local.a{i + 1}\n" for i in range(n))
        valid(place, job(top=f"locals {{\n{lines}a{n} = 1\n}}\n"))


@test
def test_deep_values(place):
    valid(place, local("a0 = [1]\nb0 = [1]", "a{i} = [local.a{b}]\nb{i} = [local.b{b}]", 50000, "same = local.a50000 == local.b50000"))


@test
def test_volume_mounts(place):
    config = place.write("c.hcl", 'client {\n host_volume "s" {\n  path = "/usr"\n }\n}\n')
    for n, code, word in ((1000, 0, "valid"), (1001, 2, "has more than 1000"), (40000, 2, "too many errors")):
        mounts = "".join(f'volume_mount {{\nvolume = "v"\ndestination = "/usr/x{i}"\n}}\n' for i in range(n))
        text = job(tasks='volume "v" {\n type = "host"\n source = "s"\n}\n' + TASK % ("t", mounts))
        got, told = validate(place, text, "-config", config)
        assert got == code and word in told, f"status {got}: {told[-500:]}"


@test
def test_many_mistakes(place):
    refused(place, job("".join(f"a{i}=1\n" for i in range(300000))), "too many errors")
    refused(place, "x y\n" * 900000, "too many errors")
    refused(place, "".join(f"joc{i}{{}}\n" for i in range(250000)), "too many errors")
    refused(place, job(" env {\n" + "a=1\n" * 900000 + " }\n"))


@test
def test_wide_text(place):
    refused(place, job(top="locals {\na = [" + "0," * 2000000 + "]\n}\n"))
    code, told = validate(place, job("a" * 3000000 + " = 1\n"))
    assert code == 2 and len(told) < 4096, f"status {code}, {len(told)} bytes told"


@test
def test_references(place):
    refused(place, job(' meta {\n  big = "' + "x" * 1000000 + '"\n }\n env {\n  A = "' + "${NOMAD_META_big}" * 100000 + '"\n }\n'))


test.main()
