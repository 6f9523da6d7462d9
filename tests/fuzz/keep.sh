#!/bin/sh
# usage: keep.sh TARGET...
# Packs what tests/fuzz/run has found into the committed corpus: the smallest inputs that reach all
# lines and branches that its corpus reaches.
set -eu
cd "$(dirname "$0")/../.."
here=tests/fuzz tree=build/fuzz
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for target in "$@"; do
    mkdir "$folder/$target"
    options=$(cat "$here/fuzz_$target.options" 2>/dev/null || true)
    longest=3000
    [ "$target" != plugin ] || longest=1200 # frames hold much that does not compress
    # shellcheck disable=SC2086 # several words
    "$tree/tests/fuzz/fuzz_$target" $options -set_cover_merge=1 -use_counters=0 \
        -max_len=$longest "$folder/$target" "$tree/corpus/$target" 2>/dev/null
    tar -C "$folder" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c "$target" |
        xz -9 >"$here/corpus/$target.tar.xz"
done
