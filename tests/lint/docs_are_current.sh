#!/bin/sh
# usage: docs_are_current.sh CATALOGUE_PROGRAM
# docs/diagnoses.md is what the catalogue says. To renew it: catalogue markdown > docs/diagnoses.md
set -eu
"$1" markdown | diff -u docs/diagnoses.md -
