#!/usr/bin/env python3
"""inside.py PROGRAMS: what the guest runs: every program of the list with its output on ours, between two lines that name it, then a
comparison of the guest before and after. tests/guest/check.py reads it."""
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LEFTOVERS = [sys.executable, os.path.join(HERE, "../suite/leftovers.py")]


def say(line):
    print(line, flush=True)


def run(name, command, seconds):
    say(f"# begin {name}")
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        status = f"none within {seconds} s"
    say(f"# took {time.monotonic() - begin:.0f} s")
    say(f"# end {name} {status}")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        programs = json.load(f)
    subprocess.run([*LEFTOVERS, "snapshot", "/run/before"], check=True)
    for program in programs:
        run(program["name"], program["command"], program["seconds"])
    say("# begin leftovers\n1..1")
    left = subprocess.run([*LEFTOVERS, "compare", "/run/before"], check=False).returncode
    say(f"{'not ok' if left else 'ok'} 1 - the guest is as it was\n# end leftovers {left}")
    say("# over")


main()
