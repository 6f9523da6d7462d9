#!/bin/sh
# cppcheck knows GLib's allocators (gtk.cfg) and reads no system headers.
set -eu
command -v cppcheck >/dev/null || { echo "cppcheck is not installed"; exit 77; }
exec cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
    --inline-suppr --library=gtk --suppress=missingInclude --suppress=toomanyconfigs \
    --error-exitcode=1 -I heuristics heuristics plugin tests tools tools
