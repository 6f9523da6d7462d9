#!/bin/sh
# The launcher and every script are read by shellcheck; dash parses those that claim to be sh.
set -eu
scripts=$(git ls-files 2>/dev/null || find . -path ./build -prune -o -type f -print)
# xargs needs several greps for so many files, and one without a script among them is no failure.
scripts=$(printf '%s\n' "$scripts" | xargs -r grep -sIlE '^#!.*[/ ](ba|da)?sh( |$)' || true)
[ -n "$scripts" ]
for script in $scripts; do
    ! head -n 1 "$script" | grep -q '/sh$' || dash -n "$script"
done
command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
# shellcheck disable=SC2086 # no file name of the project holds a blank
exec shellcheck $scripts
