#!/usr/bin/python3
"""usage: sharkd.py PLUGIN DIRECTORY...

Loads DIRECTORY/capture.pcapng into sharkd, Wireshark without a window, and compares the column, the
tree of each diagnosed frame, and the expert items with what tshark -2 shows.
"""
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from plugged import Plugged, words  # noqa: E402


def ask(plugged, capture, requests):
    """The results of some (method, parameters) about a loaded capture."""
    requests = [("load", {"file": str(capture)}), *requests, ("bye", {})]
    lines = [json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
             for number, (method, params) in enumerate(requests, 1)]
    answers = [json.loads(line) for line in
               plugged.run("sharkd", "-", input="\n".join(lines) + "\n").stdout.splitlines()]
    for answer in answers:
        if "result" not in answer:
            sys.exit(f"sharkd: {answer}")
    return [answer["result"] for answer in answers[1:-1]]


def fields(plugged, capture, *names):
    """What tshark -2 shows, by frame."""
    words = [word for name in names for word in ("-e", name)]
    text = plugged.run("tshark", "-n", "-2", "-r", capture, "-T", "fields", "-E", "aggregator=\x1f",
                       "-e", "frame.number", *words).stdout
    shown = {}
    for line in text.splitlines():
        frame, *columns = line.split("\t")
        shown[int(frame)] = [column.split("\x1f") if column else [] for column in columns]
    return shown


def column_complaints(frames, shown):
    for frame in frames:
        wanted = ",".join(shown[frame["num"]][0])
        if frame["c"][0] != wanted:
            yield f"frame {frame['num']}: column {frame['c'][0]!r}, tshark -2 {wanted!r}"


def expert_complaints(details, shown):
    found = collections.Counter((detail["f"], detail["m"]) for detail in details)
    wanted = collections.Counter((frame, message) for frame, columns in shown.items()
                                 for message in columns[1])
    for frame, message in (found - wanted).elements():
        yield f"frame {frame}: expert item {message!r} is not in tshark -2"
    for frame, message in (wanted - found).elements():
        yield f"frame {frame}: expert item {message!r} is only in tshark -2"


def labels(nodes):
    for node in nodes:
        yield node["l"]
        yield from labels(node.get("n", []))


def tree_complaints(tree, finding):
    shown = words(labels(tree))
    for key in ("summary", "explanation", "next_step", "reference"):
        if finding[key] not in shown:
            yield (f"frame {finding['frame']}: the tree lacks the {key} of {finding['id']}: "
                   f"{finding[key]}")


def complaints(plugged, directory):
    capture = plugged.lend(directory / "capture.pcapng", directory.name + ".pcapng")
    report = plugged.run("tshark", "-n", "-q", "-r", capture, "-z", "diag,json").stdout
    findings = [finding for line in report.splitlines()
                for finding in json.loads(line).get("findings", []) if finding["frame"]]
    shown = fields(plugged, capture, "diag.summary", "_ws.expert.message")
    frames, expert, *trees = ask(plugged, capture, [
        ("frames", {"column0": "diag.summary:0"}), ("tap", {"tap0": "expert"}),
        *(("frame", {"frame": finding["frame"], "proto": True}) for finding in findings)])
    yield from column_complaints(frames, shown)
    yield from expert_complaints(expert["taps"][0]["details"], shown)
    for finding, tree in zip(findings, trees):
        yield from tree_complaints(tree["tree"], finding)


def main():
    plugin, *directories = sys.argv[1:]
    failures = 0
    with Plugged(plugin) as plugged:
        for directory in map(pathlib.Path, directories):
            for text in complaints(plugged, directory):
                print(f"{directory.name}: {text}")
                failures += 1
    print(f"{len(directories)} captures in sharkd, {failures} differences")
    return 1 if failures or not directories else 0


if __name__ == "__main__":
    sys.exit(main())
