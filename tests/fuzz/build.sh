#!/bin/sh
# usage: build.sh SOURCE TREE [CMAKE-ARGUMENT...]
# Builds the fuzzers in a tree of their own.
set -eu
source=$1 tree=$2
shift 2
command -v clang >/dev/null || { echo "clang is not installed"; exit 77; }
cd "$source"
cmake --preset fuzz -B "$tree" "$@"
exec cmake --build "$tree" --parallel 2 --target fuzzers
