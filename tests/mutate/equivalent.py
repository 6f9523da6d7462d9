"""Reads equivalent.txt: mutants that no test can notice, or need not, each with its reason.

    heuristics/rules/close.c: function
    - the line
    + the line with the mutant in it
    The reason, in one line or several, up to an empty line.

"heuristics/FILE: FUNCTION #2" is the second of those that read the same. Several differences may
stand before one reason.
"""


class BadEntry(Exception):
    pass


def keys_of(lines):
    """The mutants of one entry; the rest of it is the reason."""
    keys, head, before = [], None, None
    for line in lines:
        if line.startswith("heuristics/"):
            file, _, function = line.removeprefix("heuristics/").partition(": ")
            function, _, nth = function.partition(" #")
            head = file, function, int(nth or 1)
        elif line.startswith("- "):
            before = line[2:]
        elif line.startswith("+"):
            keys.append((head[0], head[1], before, line[2:], head[2]))
        else:
            return keys
    raise BadEntry(f"no reason is given for {lines[0]}")


def read_explained(path):
    keys = set()
    for entry in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in entry.splitlines() if line and not line.startswith("#")]
        if lines:
            keys.update(keys_of(lines))
    return keys
