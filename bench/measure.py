#!/usr/bin/env python3
"""measure.py BUILD ROUNDS WORK STATE OUT: measure everything, write OUT (the schema is in docs/PERFORMANCE.md).

bench/run.sh calls it. WORK and STATE are empty directories, on a disk and in memory.
"""
import json
import os
import platform
import subprocess
import sys
import time

import peers

PASSES = 3  # the goals are for the best of three
GAP_US = 20000
TASKS = 200
IDLE_S = 5
HOST_MOUNTS = (20, 200, 1000)
FILES = (10, 1000, 20000)
FILES_A_DIRECTORY = 1000
PROFILES = ("hardened", "compatible")
PIECES = ("the payload: posix_spawn of true", "the supervisor's program", "cgroups made, limited, entered",
          "a process in new namespaces, their end", "mounts of the root", "ids, capabilities, filter", "directories and files made",
          "cgroups and files removed")
MEMINFO = ("SUnreclaim", "SReclaimable", "KernelStack", "PageTables", "Percpu", "AnonPages", "Shmem", "MemAvailable")


def tell(text):
    print("bench:", text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, build, work, state):
        self.build, self.work, self.state, self.data = build, work, f"{state}/state", f"{work}/data"
        self.cgroup = "/" + os.path.basename(work)  # no other run has it

    def program(self, name):
        return f"{self.build}/bench-{name}"

    def one_shot(self, profile, *options):
        return [f"{self.build}/isoexec", "run", "-data-dir", self.data, "-state-dir", self.state,
                "-cgroup-parent", self.cgroup, "-profile", profile, *options, "--", "/usr/bin/true"]

    def warm(self, profile):
        return [self.program("warm"), profile, self.state, self.data, self.cgroup]

    def latency(self, rows, rounds, binds=0):
        """One interleaved run. @rows: (name, kind, argv)."""
        path = f"{self.work}/rows"
        with open(path, "w", encoding="utf-8") as f:
            for name, kind, argv in rows:
                f.write(f"{name}\t{kind}\t{' '.join(argv)}\n")
        argv = [self.program("bench")]
        if binds:
            for i in range(binds):
                os.makedirs(f"{self.work}/bind/{i}", exist_ok=True)
            argv += ["-binds", str(binds), f"{self.work}/bind"]
        done = subprocess.run(argv + [path, str(rounds), str(GAP_US)], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)


class Client:
    """A resident client, asked as bench.c asks (client.h)."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def answer(self):
        """The number of failures."""
        line = self.process.stdout.readline()
        return int(line.split()[0]) if line else -1

    def ask(self, text):
        self.say(text)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# ---- latency ----

def all_rows(bench, found):
    os.makedirs(f"{bench.work}/pieces")
    os.makedirs(f"{bench.state}-pieces")
    rows = [("bare posix_spawn", "command", ["/usr/bin/true"])]
    for profile in PROFILES:
        rows.append((f"one-shot, {profile}", "command", bench.one_shot(profile)))
    for profile in PROFILES:
        rows.append((f"warm, {profile}", "client", bench.warm(profile)))
        rows.append((f"warm, {profile}, until nothing is left", "mark 1", []))
    rows += [(name, kind, argv) for name, kind, argv, _, reason in found if not reason]
    rows.append(("piece: a dynamic program that does nothing", "command", [bench.program("bare")]))
    rows.append(("sum of the pieces", "client", [bench.program("pieces"), f"{bench.work}/pieces",
                 f"{bench.state}-pieces", f"{bench.build}/isoexec-supervise"]))
    rows += [(f"piece: {name}", f"mark {i + 1}", []) for i, name in enumerate(PIECES)]
    rows.append(("sum of the pieces, until nothing is left", f"mark {len(PIECES) + 1}", []))
    return rows


# ---- throughput ----

def throughput(bench, starts):
    clients = {"bare posix_spawn": [bench.program("bare")]}
    clients.update({f"warm, {profile}": bench.warm(profile) for profile in PROFILES})
    result = []
    for n in (1, 2):
        for _ in range(PASSES):
            for name, argv in clients.items():
                running = [Client(argv) for _ in range(n)]
                failed = sum(c.ask("run 10") for c in running)  # warm
                begin = time.monotonic()
                for c in running:
                    c.say(f"run {starts}")
                failed += sum(c.answer() for c in running)
                seconds = time.monotonic() - begin
                for c in running:
                    c.close()
                result.append({"name": name, "clients": n, "starts": starts * n, "seconds": round(seconds, 4),
                               "per_second": round(starts * n / seconds, 1), "failed": failed})
    return result


# ---- memory ----

def meminfo():
    with open("/proc/meminfo", encoding="utf-8") as f:
        lines = dict(line.split(":") for line in f)
    return {key: int(lines[key].split()[0]) for key in MEMINFO if key in lines}


def children(parents):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                if int(f.read().rpartition(")")[2].split()[1]) in parents:
                    found.append(int(pid))
        except OSError:
            pass
    return found


def rollup(pids):
    total = {"rss_kb": 0, "pss_kb": 0, "private_kb": 0, "anon_kb": 0}
    keys = {"Rss": "rss_kb", "Pss": "pss_kb", "Private_Clean": "private_kb", "Private_Dirty": "private_kb", "Anonymous": "anon_kb"}
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
            for line in f:
                key = keys.get(line.split(":")[0])
                if key:
                    total[key] += int(line.split()[1])
    return {key: round(value / max(len(pids), 1), 1) for key, value in total.items()}


def switches(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            total += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return total


def task_cgroups(pid, parent):
    """Directories that hold this task alone."""
    found = []
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as f:
        for line in f:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if not path.startswith(parent + "/"):
                continue
            hybrid = f"/sys/fs/cgroup/{controllers or 'unified'}"
            found.append((hybrid if os.path.isdir(hybrid) else "/sys/fs/cgroup") + path)
    return found


def settle():
    os.sync()
    time.sleep(2)


def delta(before, after):
    return {key: round((after[key] - before[key]) / TASKS, 1) for key in before}


def hold(argv, look=None):
    """TASKS tasks that sleep: what the machine has less of, a task."""
    client = Client(argv)
    failed = client.ask("hold 1") + client.ask("release")
    settle()
    before = meminfo()
    failed += client.ask(f"hold {TASKS}")
    settle()
    result = {"system_kb": delta(before, meminfo())}
    if look:
        result.update(look(client.process.pid))
    result["failed"] = failed + client.ask("release")
    client.close()
    return result


def look_at_tasks(pid, parent):
    supervisors = children({pid})
    payloads = children(set(supervisors))
    dirs = task_cgroups(payloads[0], parent) if payloads else []
    before, start = switches(supervisors), time.monotonic()
    time.sleep(IDLE_S)
    return {"supervisors": len(supervisors), "payloads": len(payloads), "supervisor_kb": rollup(supervisors),
            "payload_kb": rollup(payloads), "client_kb": rollup([pid]), "cgroups_a_task": dirs and [os.path.dirname(d) for d in dirs],
            "idle_seconds": round(time.monotonic() - start, 1), "wakeups": switches(supervisors) - before}


def empty_cgroups(parents):
    """As many empty cgroups as the tasks have."""
    names = [f"{parent}/piece-{i}" for i in range(TASKS) for parent in parents]
    for parent in parents:
        os.makedirs(parent, exist_ok=True)
    settle()
    before = meminfo()
    for name in names:
        os.mkdir(name)
    settle()
    result = {"system_kb": delta(before, meminfo()), "failed": 0}
    for name in names:
        os.rmdir(name)
    for parent in parents:
        os.rmdir(parent)
    return result


def memory(bench):
    result = {"tasks": TASKS, "bare sleep": hold([bench.program("bare")])}
    for profile in PROFILES:
        tell(f"memory of {TASKS} tasks, {profile}")
        result[f"warm, {profile}"] = hold(bench.warm(profile), lambda pid: look_at_tasks(pid, bench.cgroup))
    parents = result["warm, hardened"]["cgroups_a_task"]
    if parents:
        result["empty cgroups"] = empty_cgroups(parents)
    return result


# ---- what grows ----

def count_mounts():
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as f:
        return sum(1 for _ in f)


def against_mounts(bench, found, rounds):
    result, have = [], count_mounts()
    rows = [("bare posix_spawn", "command", ["/usr/bin/true"]), ("one-shot, hardened", "command", bench.one_shot("hardened")),
            ("warm, hardened", "client", bench.warm("hardened"))]
    rows += [(name, kind, argv) for name, kind, argv, _, reason in found if not reason and name.startswith("bubblewrap")]
    for wanted in HOST_MOUNTS:
        extra = max(0, wanted - have)
        tell(f"{have + extra} host mounts")
        result.append({"mounts": have + extra, "rows": bench.latency(rows, rounds, extra)})
    return result


def make_tree(path, n):
    for i in range(n):
        if i % FILES_A_DIRECTORY == 0:
            os.makedirs(f"{path}/{i // FILES_A_DIRECTORY}")
        with open(f"{path}/{i // FILES_A_DIRECTORY}/{i}", "w", encoding="utf-8"):
            pass


def against_files(bench, rounds):
    rows = [("bare posix_spawn", "command", ["/usr/bin/true"])]
    for n in FILES:
        make_tree(f"{bench.work}/tree/{n}", n)
        config = f"{bench.work}/operator-{n}.hcl"
        with open(config, "w", encoding="utf-8") as f:
            f.write('client {\n  chroot_env {\n')
            for source in ("/bin", "/etc", "/lib", "/lib64", "/sbin", "/usr"):
                f.write(f'    "{source}" = "{source}"\n')
            f.write(f'    "{bench.work}/tree/{n}" = "/opt/tree"\n  }}\n}}\n')
        rows.append((str(n), "command", bench.one_shot("hardened", "-config", config)))
    measured = bench.latency(rows, rounds)
    return [{"files": n, "row": row, "bare": measured[0]} for n, row in zip(FILES, measured[1:])]


# ---- all ----

def machine():
    def first(path, key):
        with open(path, encoding="utf-8") as f:
            return next((line.split(":", 1)[1].strip() for line in f if line.startswith(key)), "")

    layout = "v2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "v1"
    if os.path.exists("/sys/fs/cgroup/unified/cgroup.controllers"):
        layout = "v1 and v2 (hybrid)"
    system = ""
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release", encoding="utf-8") as f:
            system = next((line.split("=", 1)[1].strip().strip('"') for line in f if line.startswith("PRETTY_NAME")), "")
    return {"kernel": platform.release(), "system": system, "cpu": first("/proc/cpuinfo", "model name"),
            "cpus": os.cpu_count(), "memory_kb": int(first("/proc/meminfo", "MemTotal").split()[0]), "cgroups": layout,
            "mounts": count_mounts()}


def load():
    return round(os.getloadavg()[0], 2)


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    build, rounds, work, state, out = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
    begin = time.monotonic()
    bench = Bench(build, work, state)
    found = peers.find(work)
    result = {"schema": 1, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(), "rounds": rounds,
              "gap_us": GAP_US, "load_before": load(),
              "peers": [{"name": name, "version": version, "reason": reason} for name, _, _, version, reason in found], "passes": []}
    rows = all_rows(bench, found)
    for i in range(PASSES):
        tell(f"start to exit, pass {i + 1} of {PASSES}, {rounds} rounds")
        result["passes"].append({"load": load(), "rows": bench.latency(rows, rounds)})
    tell("starts a second")
    result["throughput"] = throughput(bench, 2 * rounds)
    result["memory"] = memory(bench)
    result["host_mounts"] = against_mounts(bench, found, max(rounds // 2, 5))
    tell("files of chroot_env")
    result["chroot_env"] = against_files(bench, max(rounds // 2, 5))
    result["load_after"], result["seconds"] = load(), round(time.monotonic() - begin)
    with open(out, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


main()
