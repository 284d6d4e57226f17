#!/bin/sh
# deps.sh [guest|bench]: installs what a fresh Debian or Ubuntu machine lacks to build and test isoexec, with "guest" what
# `make check-guest` needs, with "bench" the programs that `make bench` compares with; says what it does; does nothing when all is
# there. Each package with its reason.
set -eu

build_packages='
meson:build
ninja-build:build
pkgconf:build
gcc:build
libc6-dev:build
linux-libc-dev:build
musl-tools:the_static_supervisor
libmpfr-dev:numbers_of_the_job_language
libutf8proc-dev:unicode_of_the_job_language
libjansson-dev:JSON
libcurl4-openssl-dev:artifacts
libarchive-dev:artifacts
libssl-dev:checksums_of_artifacts
openssl:a_certificate_for_the_artifact_tests
libcmocka-dev:unit_tests
libseccomp-dev:oracle_of_the_seccomp_tests
clang:second_compiler
clang-format:format_check
libclang-rt-14-dev:sanitizers_of_the_second_compiler
python3:checks_and_tests
mandoc:check_of_the_man_pages
'
guest_packages='
qemu-system-x86:the_virtual_machine
busybox-static:the_first_programs_in_it
cpio:its_initramfs
kmod:its_modules
'
packages=$build_packages
[ "${1:-}" != guest ] || packages=$guest_packages
bench_packages='
crun:peer
runc:peer
bubblewrap:peer
nsjail:peer
'

if [ "${1:-}" = bench ]; then
	packages=
	for entry in $bench_packages; do
		if apt-cache show "${entry%%:*}" 2>/dev/null | grep -q '^Version:'; then
			packages="$packages $entry"
		else
			echo "deps: no package ${entry%%:*} here: make bench goes without it"
		fi
	done
fi

missing=
for entry in $packages; do
	package=${entry%%:*}
	if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
		missing="$missing $package"
	fi
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "deps: not a Debian or Ubuntu machine: install these or their like:$missing" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "deps: these packages are missing:$missing" >&2
	echo "deps: run 'sudo make deps'" >&2
	exit 1
fi
echo "deps: installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
