#!/bin/sh
# The supervisor is static: no interpreter, no dynamic section.
set -eu
if readelf -lW "$1" | grep -qE 'INTERP|DYNAMIC'; then
	echo "$1 is a dynamic program" >&2
	exit 1
fi
