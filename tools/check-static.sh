#!/bin/sh
# The supervisor is static: no interpreter, no dynamic section. And it is not the one that tests make fail (sys_call_fault.c).
set -eu
if readelf -lW "$1" | grep -qE 'INTERP|DYNAMIC'; then
	echo "$1 is a dynamic program" >&2
	exit 1
fi
if grep -q '\.fault' "$1"; then
	echo "$1 looks for an order to fail" >&2
	exit 1
fi
