#!/usr/bin/env python3
"""leftovers.py snapshot FILE | compare FILE

What a test run must not change on a machine: mounts, cgroups, network namespaces, processes of ours, keyrings, our directories,
and the host's own files (the canary of docs/SECURITY.md). Other people's processes come and go: only what could be ours is
compared.
"""
import hashlib
import json
import os
import sys
import time


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as f:
        return sorted(" ".join(line.split()[3:6]) for line in f)


def cgroups():
    found = []
    for root, dirs, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(root, d) for d in dirs if "isoexec" in d or "isoexec" in root]
    return sorted(found)


def processes():
    """Processes whose program is one of ours."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            exe = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if os.path.basename(exe).startswith("isoexec"):
            found.append(f"{pid} {exe}")
    return sorted(found)


def namespaces():
    try:
        return sorted(os.listdir("/run/netns"))
    except FileNotFoundError:
        return []


def keyrings():
    """Keys of nobody, whose tasks the tests run. Keys die a while after their process."""
    try:
        with open("/proc/key-users", encoding="utf-8") as f:
            return sorted(line.split()[0] + line.split()[1].split("/")[0] for line in f if line.split(":")[0].strip() == "65534")
    except FileNotFoundError:
        return []


def directories():
    found = []
    for place in ("/run/isoexec", "/var/lib/isoexec"):
        for root, dirs, files in os.walk(place):
            if os.path.basename(root) == "mask":
                dirs[:] = []  # shared by all tasks, kept on purpose
                continue
            found += [os.path.join(root, name) for name in dirs + files if name != "mask"]
    found += [os.path.join("/tmp", name) for name in os.listdir("/tmp") if name.startswith("isoexec-test")]
    return sorted(found)


def canary():
    """sha256, mode, owner and ctime of what a task must never have changed."""
    seen = {}
    names = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/resolv.conf", "/etc/hosts"]
    for directory in ("/usr/bin", "/etc/cron.d"):
        if os.path.isdir(directory):
            names += [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    for name in names:
        try:
            st = os.lstat(name)
        except FileNotFoundError:
            continue
        digest = ""
        if os.path.isfile(name) and not os.path.islink(name) and st.st_size < 1 << 20:
            with open(name, "rb") as f:
                digest = hashlib.sha256(f.read()).hexdigest()
        seen[name] = [st.st_mode, st.st_uid, st.st_gid, st.st_ctime_ns, digest]
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as f:
        seen["core_pattern"] = f.read()
    return seen


LOOKS = {"mounts": mounts, "cgroups": cgroups, "processes": processes, "network namespaces": namespaces,
         "keyrings": keyrings, "directories": directories, "host files": canary}


def snapshot():
    return {name: look() for name, look in LOOKS.items()}


def differences(before, after):
    found = []
    for name, old in before.items():
        new = after[name]
        if isinstance(old, dict):
            found += [f"{name}: {key} changed" for key in sorted(set(old) | set(new)) if old.get(key) != new.get(key)]
        else:
            found += [f"{name}: left behind: {entry}" for entry in new if entry not in old]
            found += [f"{name}: gone: {entry}" for entry in old if entry not in new]
    return found


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("snapshot", "compare"):
        sys.exit(__doc__)
    if sys.argv[1] == "snapshot":
        with open(sys.argv[2], "w", encoding="utf-8") as f:
            json.dump(snapshot(), f)
        return
    with open(sys.argv[2], encoding="utf-8") as f:
        before = json.load(f)
    deadline = time.monotonic() + 10  # the kernel collects dead keys and cgroups in its own time
    while True:
        found = differences(before, json.loads(json.dumps(snapshot())))
        if not found or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    for line in found:
        print("left on the machine:", line)
    sys.exit(1 if found else 0)


main()
