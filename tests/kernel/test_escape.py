#!/usr/bin/env python3
"""The in-task escape probes (tests/escape/probe.c), 26 of them, in both profiles. Hardened: all contained. Compatible: exactly the
list below is not, each for the reason that stands in docs/SECURITY.md."""
import ctypes
import os
import shutil
import subprocess
import sys

from harness import Suite, check

PROBE = os.path.abspath(sys.argv[2])
MARK = "isoexec-canary"
test = Suite()

# what the compatible profile gives, as Nomad's driver does
NOT_CONTAINED_IN_COMPATIBLE = {
    "p02": "13 capabilities in all five sets (B-138)",
    "p03": "no_new_privs is off, so that setuid programs work",
    "p04": "a setuid program gives uid 0 within the 13 capabilities",
    "p05": "SETUID and SETGID are among the 13 capabilities",
    "p19": "nosuid is off on / and on chroot_env entries",
    "p28": "resource limits are inherited",
    "p29": "no limit on the number of processes",
}

PROBES = ["p01", "p02", "p03", "p04", "p05", "p06", "p07", "p08", "p09", "p10", "p11", "p12", "p13", "p14", "p15", "p16", "p17", "p18",
          "p19", "p21", "p22", "p23", "p28", "p29", "p33", "p41"]


class Marker:
    """A process, a SysV segment and a file on the host that no task may see or reach."""

    def __enter__(self):
        self.process = subprocess.Popen(["/usr/bin/sleep", "1000"], stdin=subprocess.DEVNULL)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.segment = self.libc.shmget(0x5EC0DE, 4096, 0o1600 | 0o66)
        with open("/dev/shm/host-marker", "w", encoding="utf-8"):
            pass
        return self

    def __exit__(self, *_):
        os.unlink("/dev/shm/host-marker")
        self.libc.shmctl(self.segment, 0, None)
        self.process.kill()
        self.process.wait()


def arguments(probe, host):
    return {
        "p01": ["65534", "65534"],
        "p02": ["0"],
        "p04": ["/opt/probe/setuid"],
        "p18": ["/local/planted"],
        "p21": ["no-such-name", str(host.process.pid)],
        "p23": ["5ec0de"],
        "p29": ["4200"],
        "p33": [MARK],
        # programs that nobody is running: the kernel says "busy" before it says "read-only", and the probe takes that for writable
        "p41": ["/bin/true", "/usr/bin/tac", "/etc/passwd", "/etc/shadow", "/usr/bin/shuf"],
    }.get(probe, [])


def run_probe(place, profile, probe, host):
    os.makedirs(place.path("probe"), exist_ok=True)
    for name, mode in (("probe", 0o755), ("setuid", 0o4755)):
        target = place.path(f"probe/{name}")
        if not os.path.exists(target):
            shutil.copy(PROBE, target)
            os.chmod(target, mode)
    env = {"PATH": os.environ["PATH"], "SUPERVISOR_SECRET": MARK, "LD_AUDIT_MARK": MARK}
    return place.run("-profile", profile, "-memory", "2000", "-volume", place.path("probe") + ":/opt/probe:ro", "--",
                     "/opt/probe/probe", probe, *arguments(probe, host), env=env, timeout=120)


def run_all(place, profile):
    results = {}
    with Marker() as host:
        for probe in PROBES:
            r = run_probe(place, profile, probe, host)
            results[probe] = (r.returncode, r.stdout + r.stderr)
    return results


@test
def test_hardened_contains_all(place):
    results = run_all(place, "hardened")
    bad = {probe: text for probe, (code, text) in results.items() if code != 0}
    assert not bad, bad


@test
def test_compatible_contains_all_but_the_list(place):
    results = run_all(place, "compatible")
    weak = {probe for probe, (code, _) in results.items() if code == 1}
    other = {probe: result for probe, result in results.items() if result[0] not in (0, 1)}
    assert not other, other
    assert weak == set(NOT_CONTAINED_IN_COMPATIBLE), {p: results[p] for p in weak ^ set(NOT_CONTAINED_IN_COMPATIBLE)}


@test
def test_security_document_lists_them(place):
    with open(os.path.join(os.path.dirname(__file__), "../../docs/SECURITY.md"), encoding="utf-8") as f:
        text = f.read()
    for probe in NOT_CONTAINED_IN_COMPATIBLE:
        assert f"| {probe.upper()} |" in text, probe


@test
def test_same_probe_fails_without_isolation(place):
    # the probes can fail: outside of a task they do
    r = subprocess.run([PROBE, "p03"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    assert r.returncode == 1, r.stdout
    check(place.run("--", "true"), 0)


test.main()
