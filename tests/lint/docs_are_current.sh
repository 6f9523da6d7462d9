#!/bin/sh
# usage: docs_are_current.sh CATALOGUE_PROGRAM
# docs/diagnoses.md and docs/settings.md are what the catalogue and the settings say. To renew them:
# catalogue markdown >docs/diagnoses.md; catalogue settings >docs/settings.md
set -eu
"$1" markdown | diff -u docs/diagnoses.md -
"$1" settings | diff -u docs/settings.md -
