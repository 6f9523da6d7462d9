#!/bin/sh
# usage: tidy.sh BUILD_DIRECTORY
# clang-tidy 14 over every file that the build compiles, but those that it makes itself. One process
# a file, and one command of it: with two, the va_list check remembers the first in the second. It
# does not know gcc's flags for link-time optimization.
set -eu
tool=clang-tidy-14
command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
mkdir -p "$1/tidy"
python3 - "$1" <<'END'
import json, sys
tree = sys.argv[1]
with open(f'{tree}/compile_commands.json', encoding='utf-8') as file:
    once = {entry['file']: entry for entry in json.load(file)
            if not entry['file'].startswith(f'{tree}/')}
with open(f'{tree}/tidy/compile_commands.json', 'w', encoding='utf-8') as file:
    json.dump(list(once.values()), file)
with open(f'{tree}/tidy/files', 'w', encoding='utf-8') as file:
    file.writelines(f'{path}\n' for path in sorted(once))
END
xargs -P "$(nproc)" -n 1 $tool --quiet -p "$1/tidy" \
    --extra-arg=-Wno-ignored-optimization-argument <"$1/tidy/files" 2>/dev/null
