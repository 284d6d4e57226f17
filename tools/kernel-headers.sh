#!/bin/sh
# kernel-headers.sh CC DIR: a folder with only linux/, asm/ and asm-generic/, for a C library that
# brings none. Taking all of /usr/include instead would let the other C library fill gaps unseen.
set -eu
mkdir -p "$2"
for h in linux asm asm-generic; do
	probe=errno.h
	[ $h = linux ] && probe=openat2.h
	f=$(echo "#include <$h/$probe>" | "$1" -E -M -x c - | tr ' \\' '\n\n' | grep -m1 "/$h/[a-z0-9]*.h$")
	ln -sfn "${f%/*}" "$2/$h"
done
