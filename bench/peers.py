"""The peers: what each is asked for, so that all do the same as far as they can (docs/PERFORMANCE.md, "Method")."""
import json
import os
import shutil
import subprocess

# crun and runc refuse a hybrid cgroup layout: they see v1 alone, in a mount namespace that ends with them
VIEW = ["unshare", "-m", "--propagation", "private", "sh", "-c",
        'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', "view"]
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
MEMORY_BYTES = 300 << 20
PIDS = 4096
CPU_SHARES = 100


def oci_config(bundle):
    """The isolation of a task as an OCI runtime takes it; without a system call filter, which would cost libseccomp's 1-5 ms."""
    safe = ["nosuid", "nodev"]

    def bind(source, target, mode):
        return {"destination": target, "type": "bind", "source": source, "options": ["bind", mode, *safe]}

    def kernel(kind, target, *options):
        return {"destination": target, "type": kind, "source": kind, "options": ["nosuid", "noexec", *options]}

    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False, "user": {"uid": 65534, "gid": 65534}, "args": ["/usr/bin/true"],
            "env": ["PATH=/usr/bin:/bin"], "cwd": "/", "noNewPrivileges": True,
            "capabilities": {name: [] for name in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        },
        "root": {"path": "rootfs", "readonly": False},
        "mounts": [
            kernel("proc", "/proc", "nodev"), kernel("sysfs", "/sys", "nodev", "ro"),
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
            kernel("devpts", "/dev/pts", "newinstance", "ptmxmode=0666", "mode=0620"),
            kernel("tmpfs", "/dev/shm", "nodev", "mode=1777", "size=65536k"), kernel("mqueue", "/dev/mqueue", "nodev"),
            bind("/usr", "/usr", "ro"), bind("/etc", "/etc", "ro"),
            bind(f"{bundle}/alloc", "/alloc", "rw"), bind(f"{bundle}/local", "/local", "rw"),
        ],
        "linux": {
            "cgroupsPath": f"/{os.path.basename(os.path.dirname(bundle))}-peer/{os.path.basename(bundle)}",
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
            "resources": {"memory": {"limit": MEMORY_BYTES}, "cpu": {"shares": CPU_SHARES}, "pids": {"limit": PIDS},
                          "devices": [{"allow": False, "access": "rwm"}]},
            "maskedPaths": ["/proc/keys", "/proc/kcore", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
        },
    }


def make_bundle(work, name):
    bundle = f"{work}/{name}"
    for directory in ("rootfs", "alloc", "local", *(f"rootfs/{d}" for d in ("usr", "etc", "proc", "sys", "dev", "alloc", "local"))):
        os.makedirs(f"{bundle}/{directory}", exist_ok=True)
    for link, target in LINKS.items():
        os.symlink(target, f"{bundle}/rootfs/{link}")
    with open(f"{bundle}/config.json", "w", encoding="utf-8") as f:
        json.dump(oci_config(bundle), f)
    return bundle


def oci(work, program, path):
    bundle = make_bundle(work, program)
    return [path, "--root", f"{work}/{program}-state", "run", "--bundle", bundle, f"{program}-%n"]


def bubblewrap(work, _, path):
    argv = [path, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-user", "--uid", "65534", "--gid", "65534",
            "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"]
    for link, target in LINKS.items():
        argv += ["--symlink", target, f"/{link}"]
    os.makedirs(f"{work}/bwrap/alloc")
    os.makedirs(f"{work}/bwrap/local")
    return argv + ["--bind", f"{work}/bwrap/alloc", "/alloc", "--bind", f"{work}/bwrap/local", "/local", "--proc", "/proc",
                   "--dev", "/dev", "--mqueue", "/dev/mqueue", "--dir", "/tmp", "--ro-bind", "/dev/null", "/proc/keys",
                   "--cap-drop", "ALL", "/usr/bin/true"]


def nsjail(work, _, path):
    argv = [path, "-Mo", "-Q", "--disable_clone_newnet", "--disable_clone_newcgroup", "--disable_clone_newuser",
            "-u", "65534", "-g", "65534", "-R", "/usr", "-R", "/etc"]
    for link, target in LINKS.items():
        argv += ["-s", f"{target}:/{link}"]
    os.makedirs(f"{work}/nsjail/alloc")
    os.makedirs(f"{work}/nsjail/local")
    argv += ["-B", f"{work}/nsjail/alloc:/alloc", "-B", f"{work}/nsjail/local:/local", "-m", "none:/dev:tmpfs:mode=755"]
    for node in ("null", "zero", "full", "random", "urandom", "tty"):
        argv += ["-R", f"/dev/{node}"]
    argv += ["-m", "none:/dev/pts:devpts:newinstance,ptmxmode=0666,mode=0620", "-m", "none:/dev/shm:tmpfs:mode=1777,size=65536k",
             "-m", "none:/dev/mqueue:mqueue", "-m", "none:/sys:sysfs", "--disable_proc", "-m", "none:/proc:proc",
             "-R", "/dev/null:/proc/keys", "--rlimit_as", "inf", "-t", "0"]
    v1, cgroup = "/sys/fs/cgroup", os.path.basename(work) + "-peer"
    if os.path.isdir(f"{v1}/memory"):
        for hierarchy in ("memory", "pids", "cpu"):
            os.makedirs(f"{v1}/{hierarchy}/{cgroup}/nsjail", exist_ok=True)
        argv += ["--cgroup_mem_max", str(MEMORY_BYTES), "--cgroup_pids_max", str(PIDS), "--cgroup_cpu_ms_per_sec", "1000"]
        for short, hierarchy in (("mem", "memory"), ("pids", "pids"), ("cpu", "cpu")):
            argv += [f"--cgroup_{short}_mount", f"{v1}/{hierarchy}", f"--cgroup_{short}_parent", f"{cgroup}/nsjail"]
    return argv + ["--", "/usr/bin/true"]


# name of the row, program, kind of bench.c, how it is called
PEERS = (
    ("crun, with cgroups", "crun", "view", oci),
    ("runc, with cgroups", "runc", "view", oci),
    ("bubblewrap, no cgroups", "bwrap", "command", bubblewrap),
    ("nsjail, with cgroups", "nsjail", "command", nsjail),
)


def version(path):
    for argument in ("--version", "-h"):
        done = subprocess.run([path, argument], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout:
            return done.stdout.splitlines()[0].strip()
    return ""


def why_not(argv, kind):
    """One start on trial. None: it works; else what it said."""
    trial = [word.replace("%n", "trial") for word in argv]
    done = subprocess.run((VIEW if kind == "view" else []) + trial, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode == 0:
        return None
    said = (done.stderr.strip() or f"status {done.returncode}").splitlines()[-1]
    return f"does not run here: {said[:160]}"


def find(work):
    """[(name, kind, argv, version, reason)]; a reason says why there is no figure."""
    found = []
    for name, program, kind, command in PEERS:
        path = shutil.which(program)
        if not path:
            found.append((name, kind, [], "", f"no {program} on this machine (Debian 12 has crun, runc, bubblewrap, no nsjail)"))
            continue
        argv = command(work, program, path)
        found.append((name, kind, argv, version(path), why_not(argv, kind)))
    return found
