#!/bin/sh
# usage: reproducible.sh CMAKE COMPILER DIAG_SO DIRECTORY
# Builds the plugin from a copy of the sources in a directory of another name: the same bytes come
# out. Whoever gets diag.so from somebody else can then check what it was made of.
set -eu
cmake=$1 compiler=$2 built=$3 place=$4/sources-under-another-name
rm -rf "$4"
mkdir -p "$place"
cp -r CMakeLists.txt heuristics plugin tools "$place"
"$cmake" -S "$place" -B "$4/tree" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DDIAG_TESTS=OFF >/dev/null
"$cmake" --build "$4/tree" --parallel 2 --target diag >/dev/null
cmp "$built" "$4/tree/diag.so" || { echo "the two differ"; exit 1; }
! strings -a "$built" | grep -F "$(pwd)" || { echo "it names its directory"; exit 1; }
rm -rf "$4"
