#!/usr/bin/python3
"""usage: bounds.py

The bounds that docs/reliability.md tells of are those of the code: rows "| what | number | counted
as | FILE `NAME` |", where NAME is a #define or a setting, and what is counted is in dropped.def.
"""
import pathlib
import re
import sys

PAGE = pathlib.Path("docs/reliability.md")
ROW = re.compile(r"^\|[^|]+\| ([\d ]+) \| (?:`(\w+)`)? ?\| (\S+) `(\w+)` \|$", re.MULTILINE)


def value(text, name):
    """Of a #define, or the default of a setting; None if it is neither."""
    found = (re.search(rf"^#define +{name} +(\d+)\b", text, re.MULTILINE)
             or re.search(rf"^SETTING\({name}, *\"\w*\", *(\d+),", text, re.MULTILINE))
    return found and int(found[1])


def complaints():
    counted = set(re.findall(r"^DROPPED\((\w+),",
                             pathlib.Path("heuristics/dropped.def").read_text(encoding="utf-8"),
                             re.MULTILINE))
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    for number, kind, file, name in rows:
        is_now = value(pathlib.Path(file).read_text(encoding="utf-8"), name)
        if is_now != int(number.replace(" ", "")):
            yield f"{PAGE}: {name} is {number.strip()}, {file} says {is_now}"
        if kind and kind not in counted:
            yield f"{PAGE}: nothing is counted as {kind}"
    for kind in counted - {row[1] for row in rows}:
        yield f"{PAGE} has no bound that is counted as {kind}"


def main():
    found = list(complaints())
    print("\n".join(found) or "All bounds are as documented.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
