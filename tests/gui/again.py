#!/usr/bin/python3
"""usage: again.py PLUGIN PROFILE DIRECTORY OTHER PICTURES

Takes Wireshark's window through a reload, a display filter, a profile with other preferences,
another capture and closing, and compares the Diagnosis column at each step with what tshark says
of the same: nothing of the step before may stay. Exits with 77 when a program that this takes is
missing.
"""
import pathlib
import shutil
import sys

import start
from start import Plugged

FILTER = "tcp.flags.reset == 1 || diag.severity >= 2"  # as in steps.py
PREFERENCES = {"diag.name_delay": "60000", "tcp.relative_sequence_numbers": "FALSE"}


def furnish_other(plugged):
    """The profile Other: the same columns, and settings with which diag finds something else."""
    profiles = plugged.home / "config" / "profiles"
    shutil.copytree(profiles / "Diagnosis", profiles / "Other")
    file = profiles / "Other" / "preferences"
    file.write_text(file.read_text() +
                    "".join(f"{name}: {value}\n" for name, value in PREFERENCES.items()))
    for path in [file.parent, *file.parent.iterdir()]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        if plugged.options:
            shutil.chown(path, "nobody", "nogroup")


def summaries(plugged, capture, *options):
    """frame -> what the column shows."""
    text = plugged.run("tshark", "-n", "-2", "-r", capture, *options, "-T", "fields", "-e",
                       "frame.number", "-e", "diag.summary").stdout
    return dict(line.split("\t") for line in text.splitlines())


def wanted(plugged, capture, other):
    plain = summaries(plugged, capture)
    changed = [word for name, value in PREFERENCES.items() for word in ("-o", f"{name}:{value}")]
    return {"open": plain, "reload": plain, "filter": summaries(plugged, capture, "-Y", FILTER),
            "no filter": plain, "profile": summaries(plugged, capture, *changed),
            "profile again": plain, "other": summaries(plugged, other), "closed and opened": plain}


def step_complaints(shown, expected):
    number, column = (shown["columns"].index(name) for name in ("No.", "Diagnosis"))
    found = {row[number]: row[column] for row in shown["packets"]}
    if sorted(found, key=int) != sorted(expected, key=int):
        yield f"shows the frames {sorted(found, key=int)}, tshark {sorted(expected, key=int)}"
    for frame in found.keys() & expected.keys():
        if found[frame] != expected[frame]:
            yield f"frame {frame}: {found[frame]!r}, tshark -2 {expected[frame]!r}"


def complaints(plugged, capture, other, pictures):
    expected = wanted(plugged, capture, other)
    if expected["profile"] == expected["open"] or expected["filter"] == expected["open"]:
        yield "a profile or a filter that changes nothing tests nothing"
    try:
        shown = start.look(plugged, "steps.py", capture, other)
    finally:
        for picture in plugged.home.glob("*.png"):
            shutil.copy(picture, pictures)
    if not shown["alive"]:
        yield "Wireshark has ended"
    for name, columns in expected.items():
        for text in step_complaints(shown["steps"][name], columns):
            yield f"{name}: {text}"
    if shown["steps"]["open"] != shown["steps"]["closed and opened"]:
        yield "after all of it the packet list is another one"


def main():
    plugin, profile, directory, other, pictures = sys.argv[1:]
    if lacking := list(start.missing()):
        print(f"not installed: {', '.join(lacking)}")
        return start.SKIPPED
    pathlib.Path(pictures).mkdir(parents=True, exist_ok=True)
    with Plugged(plugin) as plugged:
        start.furnish(plugged, profile)
        furnish_other(plugged)
        captures = [plugged.lend(pathlib.Path(one) / "capture.pcapng", f"{name}.pcapng")
                    for one, name in ((directory, "one"), (other, "another"))]
        found = list(complaints(plugged, *captures, pictures))
    print("\n".join(found) or f"the column is right at every step ({pictures})")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
