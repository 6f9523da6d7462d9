#!/bin/sh
# Every C file is as clang-format 14 writes it; other versions disagree about details.
set -eu
tool=clang-format-14
command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
find heuristics plugin tests tools -name '*.[ch]' -exec $tool --dry-run --Werror {} +
