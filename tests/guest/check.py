#!/usr/bin/env python3
"""check.py BUILD KERNEL [NAME...]: the kernel suite in a throw-away guest with cgroup v2 and an old kernel, in one boot.

KERNEL is a folder with boot/vmlinuz-RELEASE and lib/modules/RELEASE (tools/guest-kernel.sh). The guest's root is this machine's own,
read-only, below an overlay in memory; nothing is shared for writing, results come through a serial port. NAME: only these programs.
ISO_GUEST_SECONDS: when to give up (1200). ISO_GUEST_VERBOSE=1: the kernel's messages too.
"""
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tally import Tally

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.realpath(os.path.join(HERE, "../.."))
MODULES = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"]
SUITES = {"kernel", "cgroup2", "guest"}
SLOWER = 3  # than the machine outside, at most, for what a program of the suite does
MEMORY_MIB = 2048
PR_SET_PDEATHSIG = 1


def programs(build, only):
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", build], check=True, capture_output=True).stdout)
    found = [{"name": t["name"], "command": t["cmd"], "seconds": t["timeout"] * SLOWER} for t in listed
             if SUITES & {suite.split(":")[-1] for suite in t["suite"]} and (not only or t["name"] in only)]
    if not found:
        sys.exit(f"check-guest: no test of the suites {', '.join(sorted(SUITES))} is called {' or '.join(only)}")
    return found


def release_of(kernel):
    return sorted(os.listdir(os.path.join(kernel, "lib/modules")))[-1]


def initramfs(work, kernel, suite):
    root = os.path.join(work, "initramfs")
    for name in ("bin", "proc", "sys", "dev", "lower", "memory", "root", "modules"):
        os.makedirs(os.path.join(root, name))
    shutil.copy("/bin/busybox", os.path.join(root, "bin"))
    shutil.copy(os.path.join(HERE, "init"), root)
    os.chmod(os.path.join(root, "init"), 0o755)
    files = []
    for module in MODULES:
        told = subprocess.run(["/sbin/modprobe", "-d", kernel, "-S", release_of(kernel), "-D", module], check=True, capture_output=True, text=True)
        files += [line.split()[1] for line in told.stdout.splitlines() if line.startswith("insmod ")]
    for number, file in enumerate(dict.fromkeys(files)):
        shutil.copy(file, os.path.join(root, "modules", f"{number:02}-{os.path.basename(file)}"))
    with open(os.path.join(root, "programs.json"), "w", encoding="utf-8") as f:
        json.dump(suite, f)
    with open(os.path.join(root, "sources"), "w", encoding="utf-8") as f:
        f.write(SOURCES)
    names = "".join(os.path.relpath(os.path.join(base, name), root) + "\n" for base, dirs, names in os.walk(root) for name in dirs + names)
    with open(os.path.join(work, "initrd"), "wb") as f:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], check=True, cwd=root, input=names.encode(), stdout=f)


def has_virtualisation():
    """Asks the processor: a /dev/kvm without svm or vmx is an emulation that boots no stock kernel."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return bool(set(f.read().split()) & {"svm", "vmx"}) and os.access("/dev/kvm", os.W_OK)


def share(tag, path):
    return ["-virtfs", f"local,path={path.replace(',', ',,')},mount_tag={tag},multidevs=remap,security_model=none,readonly=on"]


def machine(work, kernel):
    release = release_of(kernel)
    quiet = "" if os.environ.get("ISO_GUEST_VERBOSE") else "quiet"
    return ["qemu-system-x86_64", *(["-accel", "kvm"] if has_virtualisation() else []), "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", "2", "-m", str(MEMORY_MIB), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", os.path.join(kernel, f"boot/vmlinuz-{release}"), "-initrd", os.path.join(work, "initrd"),
            "-append", f"console=ttyS0 panic=-1 mitigations=off cgroup_no_v1=all psi=1 audit=0 {quiet}",
            "-serial", f"file:{work}/console", "-device", "virtio-serial-pci",
            "-chardev", "file,id=suite,path=/dev/stdout", "-device", "virtserialport,chardev=suite,name=suite",
            *share("root", "/"), *share("sources", SOURCES), *share("modules", os.path.join(kernel, "lib/modules"))]


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def follow(process, tally, until):
    """Lines of the guest to our output and to the tally, until its end or the hour. Return: whether it ended by itself."""
    rest = b""
    while (left := until - time.monotonic()) > 0:
        if not select.select([process.stdout], [], [], left)[0]:
            break
        data = os.read(process.stdout.fileno(), 1 << 16)
        if not data:
            return True
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            print(text, flush=True)
            tally.line(text)
    return False


def boot(work, kernel, tally):
    seconds = int(os.environ.get("ISO_GUEST_SECONDS", "1200"))
    process = subprocess.Popen(machine(work, kernel), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
    try:
        if not follow(process, tally, time.monotonic() + seconds):
            tally.fail(f"not finished within {seconds} s")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def show_console(work, lines):
    with open(os.path.join(work, "console"), encoding="utf-8", errors="replace") as f:
        for line in f.read().splitlines()[-lines:]:
            print("# console:", line)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        sys.exit("check-guest: needs root, to read this machine's root file system: sudo make check-guest")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(1))
    build, kernel, only = os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2]), sys.argv[3:]
    suite = programs(build, only)
    tally = Tally([*(p["name"] for p in suite), "leftovers"])
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="isoexec-guest-") as work:
        initramfs(work, kernel, suite)
        print(f"# Linux {release_of(kernel)}, cgroup v2, {'kvm' if has_virtualisation() else 'emulated'}", flush=True)
        boot(work, kernel, tally)
        line, good = tally.close()
        if os.environ.get("ISO_GUEST_VERBOSE") or not tally.over:
            show_console(work, 1000 if os.environ.get("ISO_GUEST_VERBOSE") else 15)
    for reason in tally.reasons:
        print("# failed:", reason)
    print(f"# {time.monotonic() - started:.0f} s")
    print(line)
    sys.exit(0 if good else 1)


main()
