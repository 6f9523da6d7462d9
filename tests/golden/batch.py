#!/usr/bin/python3
"""usage: batch.py PLUGIN PATH...

While nobody looks at single frames the core takes many at a time. The reports must not show it:
they are the same when every frame is dissected in detail, when columns are made, and when the
expert tap listens. PATHs are captures, or directories that are searched; all are joined in one.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from plugged import Plugged  # noqa: E402

REPORT = ["-n", "-z", "diag,json"]
EXPERT = ["-n", "-z", "expert"]
DETAILS = ["-T", "fields", "-e", "tcp.stream"]
LOOKS = {"details": [*DETAILS, *REPORT],
         "columns": REPORT,
         "the expert tap": ["-q", *EXPERT, *REPORT],
         "two passes": ["-q", "-2", *REPORT]}


def captures(paths):
    for path in map(pathlib.Path, paths):
        yield from sorted(path.rglob("*.pcap*")) if path.is_dir() else [path]


def report(plugged, capture, options, begin="{"):
    """The lines among what tshark prints that begin so: those of the JSON report."""
    done = plugged.run("tshark", "-r", capture, *options)
    return [line for line in done.stdout.splitlines() if line.startswith(begin)]


def main():
    plugin, *paths = sys.argv[1:]
    with Plugged(plugin) as plugged:
        joined = plugged.home / "joined.pcapng"
        subprocess.run(["mergecap", "-a", "-w", joined, *captures(paths)], check=True)
        joined.chmod(0o644)
        batches = report(plugged, joined, ["-q", *REPORT])
        others = [look for look, options in LOOKS.items()
                  if report(plugged, joined, options) != batches]
        expert = report(plugged, joined, ["-q", *EXPERT], "   ")
        if expert != report(plugged, joined, [*DETAILS, *EXPERT], "   "):
            others.append("-z expert")
        if not any(" Diag " in line for line in expert):
            others.append("the protocol of expert items")
    print(f"{len(batches)} lines of JSON; told otherwise with: {', '.join(others) or 'nothing'}")
    return bool(others) or not batches


if __name__ == "__main__":
    sys.exit(main())
