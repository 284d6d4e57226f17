#!/bin/sh
# Man pages without warnings.
set -eu
cd "$1"
mandoc -T lint -W warning man/*.[1-8]
