#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: golden.sh DIRECTORY CHECK...: runs the golden checker over what was just recorded there.
directory=$1
shift
if [ ! -d "$directory" ]; then
    echo "nothing was recorded in $directory"
    exit 77
fi
exec "$@" "$directory"/*/
