#!/bin/sh
# usage: docs_are_current.sh CATALOGUE_PROGRAM
# What docs/ holds of the catalogue and the settings is what they say. To renew it:
# catalogue markdown >docs/diagnoses.md; catalogue settings >docs/settings.md;
# catalogue json-schema >docs/json-schema.json
set -eu
"$1" markdown | diff -u docs/diagnoses.md -
"$1" settings | diff -u docs/settings.md -
"$1" json-schema | diff -u docs/json-schema.json -
