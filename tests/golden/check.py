#!/usr/bin/python3
"""usage: check.py --tshark COMMAND --catalogue PROGRAM --captures DIRECTORY...

Runs tshark with the plugin over DIRECTORY/capture.pcapng, in one pass and with -2, and compares what
-z diag,json prints with DIRECTORY/expected.json. COMMAND is split into words as by a shell;
PROGRAM prints the JSON Schema that every line must match (catalogue json-schema).
"""
import argparse
import collections
import json
import pathlib
import shlex
import subprocess
import sys

import jsonschema

SECONDS = 0.020  # how far a measured time may be from the one that the story asked for,
SHARE = 0.05     # or which share of it
FIELDS = ["frame.number", "diag.id", "diag.severity", "diag.confidence", "_ws.expert.message"]
RESET_FIELDS = ["frame.number", "diag.rst.class", "diag.rst.kind", "diag.rst.answers",
                "diag.rst.repeat"]
SEPARATOR = "\x1f"


def tshark(command, capture, *options):
    words = [*shlex.split(command), "-n", "-r", str(capture), *options]
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(words)}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def same_number(wanted, found):
    """Times are floating point numbers of seconds; everything else is counted, and exact."""
    if isinstance(found, float):
        return abs(wanted - found) <= max(SECONDS, SHARE * abs(wanted))
    return wanted == found


def value_complaints(wanted, finding):
    for name, value in wanted.items():
        found = finding["values"].get(name)
        numbers = all(isinstance(one, (int, float)) for one in (value, found))
        if not (same_number(value, found) if numbers else value == found):
            yield f"{finding['id']}: {name} is {found}, not {value}"


def text_complaints(wanted, finding):
    for text in wanted:
        if text not in finding["summary"]:
            yield f"{finding['id']}: {text!r} is not in the summary {finding['summary']!r}"


def is_open(finding, connection):
    """It accuses somebody: not benign, not folded under its cause, not about the capture."""
    return not (finding["benign"] or finding["explained_by"] or
                finding["id"] in connection["capture"])


def verdict_complaints(wanted, connection, hosts):
    """Nothing explains the verdict of a connection but a finding about hosts that lists it."""
    allowed = [None, *(host["id"] for host in hosts if connection["stream"] in host["streams"])]
    verdicts = [finding for finding in connection["findings"]
                if finding["id"] == wanted["verdict"] and finding["explained_by"] in allowed]
    if not verdicts:
        yield f"no unexplained finding {wanted['verdict']}"
        return
    finding = verdicts[0]
    if finding["blame"] not in [wanted["blame"], *wanted["blame_also"]]:
        yield f"{finding['id']}: blame is {finding['blame']}, not {wanted['blame']}"
    if finding["cause"] != wanted["cause"]:
        yield f"{finding['id']}: cause is {finding['cause']}, not {wanted['cause']}"
    yield from value_complaints(wanted["values"], finding)
    yield from text_complaints(wanted["summary"], finding)
    others = [other["id"] for other in connection["findings"]
              if other is not finding and is_open(other, connection)]
    if len(others) > 1:
        yield f"more than one further open finding beside {finding['id']}: {', '.join(others)}"


def healthy_complaints(connection):
    for finding in connection["findings"]:
        if {finding["severity"], finding["effective_severity"]} & {"warn", "error"}:
            yield f"healthy, but {finding['id']} is {finding['severity']}: {finding['summary']}"


def connection_complaints(wanted, connection, hosts):
    for key in ("outcome", "verdict", "attempts"):
        if wanted[key] != connection[key]:
            yield f"{key} is {connection[key]}, not {wanted[key]}"
    if wanted["verdict"]:
        yield from verdict_complaints(wanted, connection, hosts)
    if wanted["outcome"] == "healthy":
        yield from healthy_complaints(connection)
    found = [finding["id"] for finding in connection["findings"]]
    for name in wanted.get("findings", []):
        if name not in found:
            yield f"no finding {name}"


def host_complaints(wanted, hosts):
    fitting = [host for host in hosts if host["id"] == wanted["id"] and
               sorted(host["streams"]) == sorted(wanted["streams"])]
    if not fitting:
        yield f"no host finding {wanted['id']} about streams {wanted['streams']}"
        return
    yield from value_complaints(wanted.get("values", {}), fitting[0])
    yield from text_complaints(wanted["summary"], fitting[0])


def surplus_complaints(expected, objects):
    """What is found and not expected at all."""
    streams = [wanted["stream"] for wanted in expected["connections"]]
    hosts = [wanted["id"] for wanted in expected["hosts"]]
    for entry in objects:
        if entry["type"] == "connection" and entry["stream"] not in streams:
            yield f"stream {entry['stream']} is not expected"
        if entry["type"] == "host" and entry["id"] not in hosts:
            yield f"host finding {entry['id']} about streams {entry['streams']} is not expected"


def expectation_complaints(expected, objects):
    connections = {entry["stream"]: entry for entry in objects if entry["type"] == "connection"}
    hosts = [entry for entry in objects if entry["type"] == "host"]
    for wanted in expected["connections"]:
        if wanted["stream"] not in connections:
            yield f"stream {wanted['stream']}: not in the report"
            continue
        for text in connection_complaints(wanted, connections[wanted["stream"]], hosts):
            yield f"stream {wanted['stream']}: {text}"
    for wanted in expected["hosts"]:
        yield from host_complaints(wanted, hosts)
    yield from surplus_complaints(expected, objects)


def schema_complaints(validator, objects):
    for entry in objects:
        for error in validator.iter_errors(entry):
            where = "/".join(str(part) for part in error.absolute_path)
            yield f"schema: {entry['type']} {where}: {error.message}"
    if not objects or objects[-1]["type"] != "capture":
        yield "the last line is not about the capture"


def report(command, capture):
    """What -z diag,json alone prints, in one pass and without a tree."""
    return tshark(command, capture, "-q", "-z", "diag,json")


def shown(command, capture, *passes):
    """What the frames show: (frame, id, severity, confidence) and (frame, expert message); and the
    report that is printed after them."""
    text = tshark(command, capture, *passes, "-z", "diag,json", "-T", "fields", "-Y", "diag.id",
                  "-E", f"aggregator={SEPARATOR}",
                  *(word for field in FIELDS for word in ("-e", field)))
    rows = [line for line in text.splitlines(keepends=True) if not line.startswith("{")]
    events, messages = collections.Counter(), collections.Counter()
    for row in rows:
        frame, *columns, experts = row.rstrip("\n").split("\t")
        for event in zip(*(column.split(SEPARATOR) for column in columns), strict=True):
            events[(int(frame), *event)] += 1
        messages.update((int(frame), message) for message in experts.split(SEPARATOR))
    return events, messages, text[sum(map(len, rows)):]


def event_complaints(once, twice, objects):
    """An event never changes: what one pass shows, -2 shows too, in the same words."""
    events, messages, _ = once
    findings = [finding for entry in objects
                for finding in entry.get("findings", [entry]) if "id" in finding]
    summaries = {finding["summary"] for finding in findings}
    ours = collections.Counter({message: count for message, count in messages.items()
                                if message[1] in summaries})
    for frame, *event in (events - twice[0]).elements():
        yield f"frame {frame}: one pass shows {event}, -2 does not"
    for frame, message in (ours - twice[1]).elements():
        yield f"frame {frame}: one pass says {message!r}, -2 does not"
    if events.total() != ours.total():
        yield (f"{events.total()} events have {ours.total()} expert items with the words of the "
               f"report: {sorted(events)}, {sorted(ours)}")
    reported = collections.Counter(finding["id"] for finding in findings)
    for name in collections.Counter(event[1] for event in events.elements()) - reported:
        yield f"more events {name} at the frames than in the report"


def shown_resets(command, capture, *passes):
    """What every frame with a reset shows of it: one row a frame."""
    return tshark(command, capture, *passes, "-T", "fields", "-Y", "tcp.flags.reset == 1",
                  *(word for field in RESET_FIELDS for word in ("-e", field))).splitlines()


def reset_complaints(command, capture, objects):
    """A reset is judged at its frame: one pass shows of each what the report has, and -2 the same."""
    once, twice = shown_resets(command, capture), shown_resets(command, capture, "-2")
    resets = [reset for entry in objects for reset in entry.get("rst", [])]
    wanted = {reset["frame"]: [reset["class"], reset["kind"], str(reset["answers"] or "")]
              for reset in resets}
    found = {int(frame): columns for frame, *columns, _ in (row.split("\t") for row in once)
             if any(columns)}
    if once != twice:
        yield f"resets: one pass shows {once}, -2 shows {twice}"
    if found != wanted:
        yield f"resets: the report has {wanted}, the frames show {found}"


def complaints(arguments, validator, directory):
    capture = directory / "capture.pcapng"
    expected = json.loads((directory / "expected.json").read_text(encoding="utf-8"))
    plain = report(arguments.tshark, capture)
    once, twice = (shown(arguments.tshark, capture, *passes) for passes in ([], ["-2"]))
    objects = [json.loads(line) for line in plain.splitlines()]
    if once[2] != plain:
        yield "-z diag,json prints something else when a tree is built"
    if twice[2] != plain:
        yield "-z diag,json prints something else with -2"
    yield from schema_complaints(validator, objects)
    yield from expectation_complaints(expected, objects)
    yield from event_complaints(once, twice, objects)
    yield from reset_complaints(arguments.tshark, capture, objects)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--tshark", required=True)
    parser.add_argument("--catalogue", required=True)
    parser.add_argument("--captures", required=True, nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    schema = json.loads(subprocess.run([arguments.catalogue, "json-schema"], check=True,
                                       capture_output=True).stdout)
    validator = jsonschema.Draft202012Validator(schema)
    failures = 0
    for directory in arguments.captures:
        found = list(complaints(arguments, validator, directory))
        failures += bool(found)
        for text in found:
            print(f"{directory.name}: {text}")
    print(f"{len(arguments.captures)} captures, {failures} not as expected")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
