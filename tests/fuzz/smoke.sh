#!/bin/sh
# usage: smoke.sh FUZZER CORPUS SECONDS
# A short run from the committed corpus, which it leaves as it is. Always the same seed: what is found
# here was brought in by the change at hand. New finds are for tests/fuzz/run, with its own seeds.
set -eu
fuzzer=$1 corpus=$2 seconds=$3
[ -x "$fuzzer" ] || { echo "$fuzzer is not built"; exit 77; }
folder=$(mktemp -d)
options=$(cat "$(dirname "$0")/$(basename "$fuzzer").options" 2>/dev/null || true)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2086 # several words
"$fuzzer" $options -seed=1 -max_total_time="$seconds" -max_len=8000 -timeout=20 -artifact_prefix="$folder/" \
    "$folder" "$corpus" || {
    status=$?
    for crash in "$folder"/crash-* "$folder"/leak-* "$folder"/timeout-* "$folder"/oom-*; do
        [ ! -e "$crash" ] || { echo "the input, in base64:"; base64 "$crash"; }
    done
    exit $status
}
