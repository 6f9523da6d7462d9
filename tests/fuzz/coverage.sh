#!/bin/sh
# usage: coverage.sh TARGET...
# Which lines of the core and of the plugin the corpus of tests/fuzz/run reaches.
set -eu
cd "$(dirname "$0")/../.."
here=tests/fuzz tree=build/fuzz-coverage
version=$(clang --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
llvm()
{
    tool=$1
    shift
    command -v "llvm-$tool" >/dev/null || tool=$tool-$version
    "llvm-$tool" "$@"
}

$here/build.sh . $tree -DDIAG_FUZZ_COVERAGE=ON >/dev/null
for target in "$@"; do
    fuzzer=$tree/tests/fuzz/fuzz_$target
    [ -x "$fuzzer" ] || continue
    LLVM_PROFILE_FILE=$tree/$target.raw "$fuzzer" -runs=0 "build/fuzz/corpus/$target" 2>/dev/null
    llvm profdata merge -o "$tree/$target.data" "$tree/$target.raw"
    echo "== $target: lines, not reached, reached"
    llvm cov report "$fuzzer" -instr-profile="$tree/$target.data" 2>/dev/null |
        sed -n 's/^.*heuristics\///; / [0-9]/p' | awk '{ print $1, $8, $9, $10 }'
done
