#!/bin/sh
# usage: warnings.sh CMAKE COMPILER DIRECTORY WITH_PLUGIN
# Builds everything with the named compiler, in a tree of its own, and takes no warning.
set -eu
cmake=$1 compiler=$2 tree=$3-$2 plugin=$4
command -v "$compiler" >/dev/null || { echo "$compiler is not installed"; exit 77; }
"$cmake" -S . -B "$tree" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DDIAG_WERROR=ON -DDIAG_PLUGIN="$plugin" >/dev/null
exec "$cmake" --build "$tree" --parallel 2
