#!/bin/sh
# Every diagnosis is reported by some rule, has a scenario that fires it and a near miss that does not.
set -eu
bad=0
complain()
{
    echo "$1: $2"
    bad=1
}

slugs=$(sed -n 's/^DIAGNOSIS(\([a-z0-9_]*\),.*/\1/p' heuristics/*.def)
[ -n "$slugs" ] || complain catalogue "holds no diagnosis"
for slug in $slugs; do
    grep -qw "DIAG_$slug" heuristics/*.c heuristics/*/*.c ||
        complain "$slug" "no rule reports it"
    grep -qsw "^expect $slug" tests/scenarios/*/"$slug".scn ||
        complain "$slug" "no scenario expects it (tests/scenarios/<family>/$slug.scn)"
    near=$(find tests/scenarios -name "$slug.near.scn")
    [ -n "$near" ] || complain "$slug" "no near miss (tests/scenarios/<family>/$slug.near.scn)"
    [ -z "$near" ] || ! grep -qw "^expect $slug" "$near" ||
        complain "$slug" "its near miss expects it"
done
exit $bad
