#!/usr/bin/env python3
"""report.py --terminal JSON: the ratios, for a terminal; report.py JSON DOCS: DOCS/PERFORMANCE.md and DOCS/performance.svg.

Everything comes from the file that bench/measure.py wrote.
"""
import json
import os
import sys

import plot

BARE = "bare posix_spawn"
WARM = {profile: f"warm, {profile}" for profile in ("hardened", "compatible")}
ONE_SHOT = {profile: f"one-shot, {profile}" for profile in ("hardened", "compatible")}
LEFT = "until nothing is left"
LOADER = "piece: a dynamic program that does nothing"
SYSTEM = ("SUnreclaim", "KernelStack", "PageTables", "Percpu", "AnonPages", "Shmem")  # what no reclaim gets back


def by_name(rows):
    return {row["name"]: row for row in rows if row["n"]}


def table(head, lines):
    out = ["| " + " | ".join(map(str, head)) + " |", "|" + "---|" * len(head)]
    return out + ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def best_pass(data):
    """One pass for all figures of the latency tables: the one where warm, hardened did best."""
    def ratio(one):
        rows = by_name(one["rows"])
        return rows[WARM["hardened"]]["p50_us"] / rows[BARE]["p50_us"]
    return min(data["passes"], key=ratio)


# ---- ratios to the pieces ----

def piece_ratios(rows):
    """(what, product p50, sum p50, ratio)."""
    start, everything = rows["sum of the pieces"]["p50_us"], rows[f"sum of the pieces, {LEFT}"]["p50_us"]
    loader = rows[LOADER]["p50_us"]
    found = []
    for profile in WARM:
        found.append((WARM[profile], rows[WARM[profile]]["p50_us"], start))
        found.append((f"{WARM[profile]}, {LEFT}", rows[f"{WARM[profile]}, {LEFT}"]["p50_us"], everything))
    for profile in ONE_SHOT.values():
        found.append((f"{profile} (its loading is a piece more)", rows[profile]["p50_us"], everything + loader))
    return [(what, product, pieces, product / pieces) for what, product, pieces in found]


# ---- goals (docs: the design's figures) ----

def latency_goals(one):
    rows = by_name(one["rows"])
    bare = rows[BARE]
    found = {}
    for profile, most in (("hardened", 2.5), ("compatible", 3.0)):
        found[f"warm, {profile}: p50 of a bare start", "<=", most, 2.0] = rows[WARM[profile]]["p50_us"] / bare["p50_us"]
    for name in ONE_SHOT.values():
        found[f"{name}: p50 of a bare start", "<=", 5.0, 3.5] = rows[name]["p50_us"] / bare["p50_us"]
    crun = rows.get("crun, with cgroups")
    if crun:
        found["crun with cgroups: p50 of warm, hardened", ">=", 7.0, None] = crun["p50_us"] / rows[WARM["hardened"]]["p50_us"]
        found["crun with cgroups: p50 of one-shot, hardened", ">=", 7.0, None] = crun["p50_us"] / rows[ONE_SHOT["hardened"]]["p50_us"]
    for name in (*WARM.values(), *ONE_SHOT.values()):
        found[f"{name}: p99 of the bare p99", "<=", 5.0, None] = rows[name]["p99_us"] / bare["p99_us"]
    for what, _, _, ratio in piece_ratios(rows):
        found[f"{what}: p50 of its pieces", "<=", 1.25, None] = ratio
    return found


def system_kb(memory, name):
    return sum(memory[name]["system_kb"].get(key, 0) for key in SYSTEM)


def other_goals(data):
    found = {}
    for clients, least in ((1, 450), (2, 900)):
        for name in WARM.values():
            rates = [run["per_second"] for run in data["throughput"] if run["name"] == name and run["clients"] == clients]
            found[f"{name}: starts a second, {clients} client{'s' * (clients > 1)}", ">=", least, None] = rates
    memory = data["memory"]
    most = 140 if data["machine"]["cgroups"] == "v2" else 220
    for name in WARM.values():
        ours = memory[name]["supervisor_kb"]
        found[f"{name}: private kB a task, of ours", "<=", 40, None] = [ours["private_kb"]]
        found[f"{name}: PSS kB a task, of ours", "<=", 24, None] = [ours["pss_kb"]]
        found[f"{name}: system kB a task over a bare sleep", "<=", most, None] = [
            system_kb(memory, name) - system_kb(memory, "bare sleep")]
        found[f"{name}: wake-ups of all supervisors while idle", "<=", 0, None] = [memory[name]["wakeups"]]
    few, many = (by_name(data["host_mounts"][i]["rows"]) for i in (0, -1))
    for name in (WARM["hardened"], ONE_SHOT["hardened"]):
        found[f"{name}: 1,000 host mounts against 20", "<=", 1.5, None] = [many[name]["p50_us"] / few[name]["p50_us"]]
    failed = sum(row["failed"] for one in data["passes"] for row in one["rows"]) + sum(run["failed"] for run in data["throughput"])
    failed += sum(case["failed"] for case in memory.values() if isinstance(case, dict))
    found["starts that failed, all of the run", "<=", 0, None] = [failed]
    return found


def goals(data):
    """(goal, sign, figure wanted, stretch, [figures], best, kept)."""
    found = {}
    for one in data["passes"]:
        for goal, figure in latency_goals(one).items():
            found.setdefault(goal, []).append(figure)
    found.update(other_goals(data))
    lines = []
    for (goal, sign, wanted, stretch), figures in found.items():
        best = min(figures) if sign == "<=" else max(figures)
        lines.append((goal, sign, wanted, stretch, figures, best, best <= wanted if sign == "<=" else best >= wanted))
    return lines


def figure(value):
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def goal_table(data):
    lines = []
    for goal, sign, wanted, stretch, figures, best, kept in goals(data):
        want = f"{sign} {wanted:g}" + (f" (stretch {stretch:g})" if stretch else "")
        lines.append((goal, want, figure(best), ", ".join(figure(f) for f in figures), "yes" if kept else "**no**"))
    return table(("what", "goal", "best", "each pass", "kept"), lines)


# ---- tables ----

def latency_table(data):
    rows = best_pass(data)["rows"]
    bare = by_name(rows)[BARE]
    lines = []
    for row in rows:
        if not row["n"]:
            lines.append((row["name"], 0, "-", "-", "-", "-", "-", "-", row["failed"]))
            continue
        lines.append((row["name"], row["n"], *(f"{row[key]:.0f}" for key in ("min_us", "p50_us", "p90_us", "p99_us")),
                      f"{row['p50_us'] / bare['p50_us']:.2f}", f"{row['p99_us'] / bare['p99_us']:.2f}", row["failed"]))
    for peer in data["peers"]:
        if peer["reason"]:
            lines.append((peer["name"], 0, peer["reason"], "", "", "", "", "", ""))
    return table(("start to exit of /usr/bin/true", "n", "min us", "p50 us", "p90 us", "p99 us", "p50 / bare", "p99 / bare p99",
                  "failed"), lines)


def piece_table(data):
    rows = by_name(best_pass(data)["rows"])
    return table(("what", "p50 us", "sum of its pieces, p50 us", "ratio"),
                 [(what, f"{product:.0f}", f"{pieces:.0f}", f"{ratio:.2f}") for what, product, pieces, ratio in piece_ratios(rows)])


def throughput_table(data):
    lines = []
    for clients in (1, 2):
        for name in (BARE, *WARM.values()):
            runs = [run for run in data["throughput"] if run["name"] == name and run["clients"] == clients]
            lines.append((name, clients, runs[0]["starts"], ", ".join(f"{run['per_second']:.0f}" for run in runs),
                          f"{max(run['per_second'] for run in runs):.0f}", sum(run["failed"] for run in runs)))
    return table(("client", "clients", "starts", "a second, each run", "best", "failed"), lines)


def supervisor_table(data):
    lines = []
    for name in WARM.values():
        case = data["memory"][name]
        for what in ("supervisor_kb", "payload_kb"):
            kb = case[what]
            lines.append((f"{name}: {'our supervisor' if what == 'supervisor_kb' else 'the sleep itself'}", kb["rss_kb"],
                          kb["pss_kb"], kb["private_kb"], kb["anon_kb"],
                          f"{case['wakeups']} in {case['idle_seconds']} s" if what == "supervisor_kb" else ""))
    return table(("kB a task", "RSS", "PSS", "private", "anonymous", "wake-ups of all"), lines)


def system_table(data):
    memory = data["memory"]
    keys = (*SYSTEM, "SReclaimable", "MemAvailable")
    names = [name for name in ("bare sleep", "empty cgroups", *WARM.values()) if name in memory]
    lines = [(name, *(figure(memory[name]["system_kb"].get(key, 0)) for key in keys), figure(system_kb(memory, name))) for name in names]
    bare = memory["bare sleep"]["system_kb"]
    for name in WARM.values():
        kb = memory[name]["system_kb"]
        lines.append((f"{name}, over a bare sleep", *(figure(kb.get(key, 0) - bare.get(key, 0)) for key in keys),
                      figure(system_kb(memory, name) - system_kb(memory, "bare sleep"))))
    return table(("kB a task", *keys, "sum of the first six"), lines)


def mounts_table(data):
    names = [row["name"] for row in data["host_mounts"][0]["rows"]]
    lines = []
    for name in names:
        p50 = [by_name(step["rows"])[name]["p50_us"] if name in by_name(step["rows"]) else 0 for step in data["host_mounts"]]
        lines.append((name, *(f"{value:.0f}" for value in p50), f"{p50[-1] / p50[0]:.2f}" if p50[0] else "-"))
    return table(("p50 us, host mounts:", *(step["mounts"] for step in data["host_mounts"]), "last / first"), lines)


def files_table(data):
    steps = data["chroot_env"]
    p50 = [step["row"]["p50_us"] for step in steps]
    return table(("p50 us, files in a directory of chroot_env:", *(f"{step['files']:,}" for step in steps), "last / first"),
                 [("one-shot, hardened", *(f"{value:.0f}" for value in p50), f"{p50[-1] / p50[0]:.2f}" if p50[0] else "-")])


# ---- the document ----

METHOD = """## Method

`make bench` (as root; `bench/run.sh BUILD ROUNDS` for more or fewer rounds) measures and writes `build/bench.json`; `make bench-report`
makes this page and the plot from that file. Peers come from Debian: `make bench-deps` installs what is missing and says so. A peer that
is not there, or does not run, is a row with the reason.

* **One interleaved run.** In each round every row is started once, in random order, 20 ms apart (tasks do not start back to back in
  life), 3 rounds before the count begins. Three such passes; a goal is held by the best of the three, and all three are told. The tables
  of times are of one pass, the one in which `warm, hardened` did best against the bare start.
* **Ratios, not microseconds**: each figure is told against a bare `posix_spawn` and wait of `/usr/bin/true` in the same run.
* **bare**: `posix_spawn`, wait. **one-shot**: `isoexec run -- /usr/bin/true`, from its start to its end, and at its end nothing is left
  on the machine: directories, cgroups, mounts. **warm**: a C program on libisoexec (`bench/warm.c`), as a node's agent: it looks at the
  machine once; for each start it makes the configuration, prepares, starts and waits. Told twice: until the exit is known, and until
  `ISO_EVENT_GONE` and `iso_remove()`. Everything is on: cgroups, seccomp filter, Landlock, logs, records for recovery.
* **Peers** are asked for the same: new mount, pid, ipc and uts namespaces, a root of /usr and /etc read-only, alloc and local
  directories, proc, sysfs, /dev with its nodes, devpts, shm, mqueue, masked paths, user 65534, no capabilities, no_new_privs; memory,
  cpu and pids limits and a device list where they can. They are *not* asked for a system call filter (libseccomp would cost them
  milliseconds), nor for logs, records or recovery, which they do not have. bubblewrap has no cgroups and uses a user namespace.
  crun and runc refuse a machine with v1 and v2 cgroups side by side; they run in a mount namespace without the v2 directory, made before
  the clock starts.
* **Pieces** (`bench/pieces.c`): what the kernel takes for a start, written plainly in one process: files, the start of the supervisor's
  program, cgroups, a process in new namespaces, its mounts, its rights, the payload. The sum is measured as a whole in each round.
* **Starts a second**: clients that start, wait and clean up back to back, including the removal of everything.
* **Memory**: 200 tasks of `sleep`. Ours: `smaps_rollup` of the supervisors. The system's: difference of `/proc/meminfo` before and with
  the tasks; "empty cgroups" is as many cgroups as those tasks have, with nothing in them. Wake-ups: the difference of both
  `ctxt_switches` of all supervisors over 5 s.
* **State** is on a tmpfs, as `/run` is on a machine with systemd; data is below `/tmp`.
* The machine is compared before and after: mounts, cgroups, processes, files.

## Schema of build/bench.json

`schema` (1), `time`, `machine` {kernel, system, cpu, cpus, memory_kb, cgroups, mounts}, `rounds`, `gap_us`, `load_before`, `load_after`
(one minute), `seconds`; `peers` [{name, version, reason: null or why there is no figure}]; `passes` [{load, rows [ROW]}] with ROW =
{name, n, min_us, p50_us, p90_us, p99_us, failed}; `throughput` [{name, clients, starts, seconds, per_second, failed}]; `memory` {tasks,
"bare sleep" | "warm, PROFILE" | "empty cgroups": {system_kb {field of meminfo: kB a task}, failed, supervisors, payloads,
supervisor_kb, payload_kb, client_kb {rss_kb, pss_kb, private_kb, anon_kb}, cgroups_a_task, idle_seconds, wakeups}}; `host_mounts`
[{mounts, rows [ROW]}]; `chroot_env` [{files, row ROW, bare ROW}].
"""


def document(data):
    machine = data["machine"]
    versions = ", ".join(f"{peer['version']}" for peer in data["peers"] if peer["version"]) or "none"
    out = ["# Performance", "",
           "<!-- made by bench/report.py from build/bench.json: change those, not this -->", "",
           f"Measured {data['time']} on {machine['cpus']} x {machine['cpu']}, {machine['memory_kb'] >> 20} GiB, {machine['system']}, kernel "
           f"{machine['kernel']}, cgroups {machine['cgroups']}, {machine['mounts']} mounts; {data['rounds']} rounds a pass; load "
           f"{data['load_before']} before, {data['load_after']} after (of which most is the measurement); {data['seconds']} s. "
           f"Peers: {versions}.", "", "    sudo make bench-deps && sudo make bench && make bench-report", "",
           "![Start to exit of /usr/bin/true, and against the number of host mounts](performance.svg)", ""]
    sections = (
        ("Goals", goal_table), ("Start to exit", latency_table), ("The sum of the pieces", piece_table),
        ("Starts a second", throughput_table), ("Memory of ours", supervisor_table),
        ("Memory of the system, piece by piece", system_table), ("Against the number of host mounts", mounts_table),
        ("Against the number of files in chroot_env", files_table))
    for title, make in sections:
        out += [f"## {title}", "", *make(data), ""]
    return "\n".join(out) + "\n" + METHOD


def terminal(data):
    for line in latency_table(data)[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[6]:
            print(f"{cells[0]:58} {cells[3]:>9} us  {cells[6]:>7} x bare   p99 {cells[7]:>6} x bare p99   {cells[8]} failed")
        else:
            print(f"{cells[0]:58} {cells[2]}")
    print()
    for goal, sign, wanted, _, _, best, kept in goals(data):
        print(f"{'kept  ' if kept else 'MISSED'} {goal:66} {figure(best):>8}  goal {sign} {wanted:g}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    shown = sys.argv[1] == "--terminal"
    with open(sys.argv[2] if shown else sys.argv[1], encoding="utf-8") as f:
        data = json.load(f)
    if shown:
        terminal(data)
        return
    for name, text in (("PERFORMANCE.md", document(data)), ("performance.svg", plot.svg(data, best_pass(data)["rows"]))):
        with open(os.path.join(sys.argv[2], name), "w", encoding="utf-8") as f:
            f.write(text)


main()
