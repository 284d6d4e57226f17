#!/usr/bin/env python3
"""Only in the guest of make check-guest: that it is the machine the other programs of the suite are run in it for, and what would be too
rude to do to anybody's machine."""
import json
import os
import subprocess

import machine
from harness import ISOEXEC, Suite, check

test = Suite()
PROCESSOR = "/sys/devices/system/cpu/cpu1/online"


@test
def test_cgroup_v2_alone(place):
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        types = {line.split(" - ")[1].split()[0] for line in f}
    assert machine.is_v2() and "cgroup" not in types, types
    check(place.run("--", "true"), 0)


@test
def test_old_kernel(_):
    # each of these absences has its fallback in the product, and a test of it in test_features.py and test_artifact.py
    assert os.uname().release.startswith("6.1."), os.uname().release
    assert machine.landlock_abi() == 2
    assert not machine.tmpfs_knows_noswap()
    assert not machine.clones_detached_mounts()
    assert not machine.pidfd_has_an_inode()
    assert not machine.pidfd_tells_exit()


@test
def test_host_says_so(_):
    r = subprocess.run([ISOEXEC, "host", "-json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    check(r, 0)
    told = json.loads(r.stdout)
    assert (told["cgroups"], told["landlock_abi"], told["tmpfs_noswap"]) == ("v2", "2", None), told
    assert told["controllers"] == "memory cpu cpuset pids devices freezer", told


@test
def test_processor_that_is_off(place):
    with open(PROCESSOR, "w", encoding="utf-8") as f:
        f.write("0")
    try:
        check(place.run("-cores", "1", "--", "true"), 125, stderr="processor 1 is not online on this machine, which has 0")
        check(place.run("-cores", "0", "--", "grep", "Cpus_allowed_list", "/proc/self/status"), 0, stdout="Cpus_allowed_list:\t0\n")
    finally:
        with open(PROCESSOR, "w", encoding="utf-8") as f:
            f.write("1")


test.main()
