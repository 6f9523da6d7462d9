#!/usr/bin/python3
"""Files of at most 400 lines, functions of at most 60: what does not fit in a head is split.

clang-format puts a function's braces alone in the first column, so no parser is needed.
"""
import pathlib
import sys

FILE_LINES = 400
FUNCTION_LINES = 60
SUFFIXES = {".c", ".h", ".py", ".sh"}
# The one interface of the core: it is read from top to bottom, and splitting it would hide that.
WHOLE = {"heuristics/diag.h"}


def functions(lines):
    """(first line, number of lines) of every function body with the lines of its head."""
    start = head = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = head or number
        elif line == "}" and start:
            yield start, number - start + 1
            start = None
        if not line or line[-1] in ";}/" or line.startswith("#"):
            head = None
        elif head is None:
            head = number


def complaints(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > FILE_LINES and str(path) not in WHOLE:
        yield f"{path}: {len(lines)} lines, more than {FILE_LINES}"
    for start, length in functions(lines):
        if length > FUNCTION_LINES:
            yield f"{path}:{start}: a function of {length} lines, more than {FUNCTION_LINES}"


def main():
    files = [path for top in ("heuristics", "plugin", "tests", "tools")
             for path in sorted(pathlib.Path(top).rglob("*")) if path.suffix in SUFFIXES]
    found = [text for path in files for text in complaints(path)]
    print("\n".join(found) or f"{len(files)} files are short enough")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
