#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: golden.sh DIRECTORY CHECK...: runs the golden checker over what was just recorded there,
# two captures at a time, and names the seed when something differs.
directory=$1
shift
if [ ! -d "$directory" ]; then
    echo "nothing was recorded in $directory"
    exit 77
fi
if ! printf '%s\0' "$directory"/*/ | xargs -0 -n 1 -P 2 "$@"; then
    sed -n 's/^Record it again: /recorded by /p' "$directory"/*/ABOUT.md | head -n 1
    exit 1
fi
