#!/bin/sh
# usage: tidy.sh BUILD_DIRECTORY
# clang-tidy 14 over every file that the build compiles, one process a file: with two, the va_list
# check remembers the first in the second. It does not know gcc's flags for link-time optimization.
set -eu
tool=clang-tidy-14
command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$1/compile_commands.json" | sort -u |
    xargs -P "$(nproc)" -n 1 $tool --quiet -p "$1" \
        --extra-arg=-Wno-ignored-optimization-argument 2>/dev/null
