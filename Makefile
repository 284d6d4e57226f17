# Thin: meson does the work, all output is in build/. `make help` lists the targets.
BUILD := build
MESON := meson

.PHONY: all deps run check check-fault check-stress check-guest check-asan bench bench-deps bench-report install clean help

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	$(MESON) setup $(BUILD)

deps:
	tools/deps.sh

run: deps all
	$(BUILD)/isoexec run examples/hello.nomad.hcl

# tools/check.sh compares the machine before and after: nothing may be left
check: deps all
	tools/check.sh $(BUILD)

# the kernel suite on cgroup v2 and Linux 6.1, in a virtual machine; make check-guest TESTS='kernel-run kernel-cgroup2'
check-guest: deps all
	tools/deps.sh guest
	tools/check-guest.sh $(BUILD) $(TESTS)

# each kernel call of a supervisor fails once, in each way that it can: about 11,000 rounds, 6 minutes
check-fault: deps all
	python3 -B tests/fault/fault.py $(BUILD)

# 10,000 starts and stops, with kill -9 of whoever it may be at any moment
check-stress: deps all
	python3 -B tests/fault/stress.py $(BUILD)

check-asan: deps
	tools/check-asan.sh . $(BUILD)

bench: all
	bench/run.sh $(BUILD)

bench-deps:
	tools/deps.sh bench

bench-report:
	python3 -B bench/report.py $(BUILD)/bench.json docs

install: all
	$(MESON) install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build'
	@echo 'make deps       install the packages that are missing (Debian, Ubuntu)'
	@echo 'make run        deps, build, run examples/hello.nomad.hcl (as root)'
	@echo 'make check      deps, build, all checks and tests (as root)'
	@echo 'make check-fault each kernel call of a supervisor fails once, or its caller is killed there (as root)'
	@echo 'make check-stress 10,000 tasks, with kill -9 at any moment (as root)'
	@echo 'make check-guest the kernel tests on cgroup v2 and an old kernel, in a virtual machine (as root)'
	@echo 'make check-asan unit and golden tests under ASan and UBSan'
	@echo 'make bench      times, rates and memory against a bare posix_spawn and peers (as root)'
	@echo 'make bench-deps install the peers: crun, runc, bubblewrap, nsjail where there is one'
	@echo 'make bench-report  docs/PERFORMANCE.md and its plot from the last run'
	@echo 'make install    into the prefix given to meson (/usr/local)'
