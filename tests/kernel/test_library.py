#!/usr/bin/env python3
"""libisoexec: the example program does what its comment says, from outside and installed alone."""
import os
import subprocess

from harness import BUILD, PATIENCE, Suite

test = Suite()


def run(place, *more):
    return subprocess.run([os.path.join(BUILD, "example-sleep"), "state_dir", place.state, "data_dir", place.data,
                           "cgroup_parent", place.parent, *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE, check=False)


@test
def test_example(place):
    r = run(place)
    assert r.returncode == 0, r.stderr
    assert sorted(r.stdout.strip().split("\n")) == sorted([
        "started", "I am nobody, process 2 beside sleep", "the session ended with 0", "1 process, some memory: yes",
        "ended by signal 9, forced: no"]), r.stdout


@test
def test_init_gets_the_signal(place):
    # process 1 is ours: the command is number 2, dies of SIGINT by itself, and process 1 ends as it did
    r = run(place, "init", "true")
    assert r.returncode == 0, r.stderr
    assert "beside init" in r.stdout and "ended by signal 0" in r.stdout, r.stdout


@test
def test_wrong_names_and_values(place):
    for name, value, words in (("comand", "x", "did you mean 'command'?"), ("memory_mb", "-1", "memory_mb: expected a number"),
                               ("pid_mode", "hosts", 'expected "private" or "host"'), ("profile", "x", "hardened"),
                               ("kill_signal", "9", "expected a signal's name"), ("init", "yes", "expected true or false"),
                               ("command", "/no/such", "file /no/such not found"), ("user", "nobodyy", "unknown user nobodyy"),
                               ("alloc_id", "../x", "name"), ("state_dir", "rel", "absolute")):
        r = run(place, name, value)
        assert r.returncode == 1 and words in r.stderr, (name, value, r.stderr)
        subprocess.run(["rm", "-rf", place.state, place.data], check=True)


test.main()
