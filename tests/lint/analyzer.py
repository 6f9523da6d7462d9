#!/usr/bin/python3
"""usage: analyzer.py BUILD_DIRECTORY

gcc's static analyzer over every file that users run: paths through null pointers, leaks, use after
free, reads of what was never written. Each finding fails. (clang's analyzer runs within clang-tidy:
clang-analyzer-* in .clang-tidy are the checkers of scan-build.) Version 12: others disagree.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

TOOL = "gcc-12"
SKIPPED = 77
PRODUCT = ("heuristics", "plugin", "tools")
# Of the real command: without link-time optimization, and with paths that are not joined too far.
CHANGED = ["-fno-lto", "-O1", "-fanalyzer", "-Werror", "-c", "-o", os.devnull]


def commands(tree):
    """A command line for each file, as the build compiles it."""
    root = pathlib.Path.cwd()
    for entry in json.loads((tree / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(root) or path.relative_to(root).parts[0] not in PRODUCT:
            continue
        words = shlex.split(entry["command"])[1:]
        kept = [word for word in words if word.startswith(("-D", "-I", "-isystem", "-std", "-f"))]
        paths = [words[i + 1] for i, word in enumerate(words) if word == "-isystem"]
        kept = [word for word in kept if word != "-isystem"]
        yield str(path), [TOOL, *kept, *[f"-isystem{path}" for path in paths], *CHANGED, str(path)]


def analyze(command):
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    return done.stderr if done.returncode else ""


def main():
    if not shutil.which(TOOL):
        print(f"{TOOL} is not installed")
        return SKIPPED
    todo = dict(commands(pathlib.Path(sys.argv[1])))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(analyze, todo.values()) if text]
    print("\n".join(found) or f"{len(todo)} files: nothing found")
    return bool(found) or not todo


if __name__ == "__main__":
    sys.exit(main())
