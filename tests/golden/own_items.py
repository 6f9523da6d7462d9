#!/usr/bin/python3
"""Takes out of tshark's output what diag put in, and nothing else.

What is left must be, byte by byte, what a tshark without diag prints. Own items are diag's protocol
in the details, its expert items (at TCP, TLS or diag itself), its rows in -z expert and -z io,phs.
"""
import json
import re

PROTOCOL = "TCP/TLS diagnosis"
FRAME = re.compile(r"^Frame \d+: ", re.M)
JSON_FRAME = re.compile(r"^  \{\n    \"_index\": ", re.M)
FINDING = re.compile(r"^    \[(.*) \(\w+\)\]$")
EXPERT = re.compile(r"^( +)\[Expert Info \(\w+/Sequence\): (.*)\]$")
EXPERT_HEADING = re.compile(r"^(\w+) \((\d+)\)$")
EXPERT_COLUMNS = re.compile(r"^ +Frequency +Group +Protocol +Summary$")
EXPERT_ROW = re.compile(r"^ *\d+ +\S+ +\S")
OWN_ROW = re.compile(r"^ *(\d+) +\S+ +Diag  ")
HIERARCHY_ROW = re.compile(r"^ +diag +frames:\d+ bytes:\d+$")


def depth(line):
    return len(line) - len(line.lstrip(" "))


def branch_end(lines, start):
    """Behind the last line that is deeper than the line at start."""
    end = start + 1
    while end < len(lines) and lines[end] and depth(lines[end]) > depth(lines[start]):
        end += 1
    return end


def own_branch(lines):
    """Where diag's protocol stands among the details of a frame."""
    for start, line in enumerate(lines):
        if line.startswith(PROTOCOL):
            return start, branch_end(lines, start)
    return None


def findings(lines):
    """Title and summary of each finding, by diag's own tree; its expert item says the summary."""
    return [match.group(1) for match in map(FINDING.match, lines) if match]


def finding_of(line, titled):
    match = EXPERT.match(line)
    return next((one for one in titled if match and one.endswith(": " + match.group(2))), None)


def without_expert_items(lines, titled):
    left, kept, at = list(titled), [], 0
    while at < len(lines):
        finding = finding_of(lines[at], left)
        if finding:
            left.remove(finding)
            at = branch_end(lines, at)
        else:
            kept.append(lines[at])
            at += 1
    return kept


def details_of_frame(text):
    if PROTOCOL not in text:
        return text
    lines = text.split("\n")
    own = own_branch(lines)
    if own is None:
        return text
    kept = lines[:own[0]] + lines[own[1]:]
    return "\n".join(without_expert_items(kept, findings(lines[own[0]:own[1]])))


def expert_table(lines):
    """The lines of -z expert: a heading with a total for each severity, and a row a message."""
    kept, heading = [], None
    for line in lines:
        row = EXPERT_ROW.match(line) if heading is not None else None
        own = OWN_ROW.match(line)
        if EXPERT_COLUMNS.match(line) and EXPERT_HEADING.match(kept[-2] if kept[1:] else ""):
            heading = len(kept) - 2
        elif not row:
            heading = None
        elif own:
            name, total = EXPERT_HEADING.match(kept[heading]).groups()
            kept[heading] = f"{name} ({int(total) - int(own.group(1))})"
            continue
        kept.append(line)
    return kept


def without_empty_tables(lines):
    """A severity that only diag had: a blank line, the heading, its underline, the columns."""
    kept = []
    for line in lines:
        kept.append(line)
        if EXPERT_COLUMNS.match(line) and kept[-3].endswith(" (0)"):
            del kept[-4:]
    return kept


def statistics(text):
    """What follows the last frame: tables, and the protocol hierarchy."""
    lines = [line for line in text.split("\n") if not HIERARCHY_ROW.match(line)]
    return "\n".join(without_empty_tables(expert_table(lines)))


def from_text(text):
    """Packet lines, details and statistics as tshark prints them."""
    starts = [match.start() for match in FRAME.finditer(text)]
    frames = [text[a:b] for a, b in zip([0, *starts], [*starts, len(text)])]
    *before, last = map(details_of_frame, frames)
    return "".join(before) + statistics(last)


def is_own(key, value):
    """diag's protocol, or one of its expert items at another protocol."""
    return key == "diag" or (key == "_ws.expert" and isinstance(value, list) and
                             any(str(name).startswith("diag.") for name, _ in value))


class Label:
    """An item that is an object only because diag hung something below it. Without diag tshark
    writes its label there, a text."""

    def __eq__(self, other):
        return isinstance(other, str)


def pruned(value):
    """JSON objects are lists of pairs here: tshark writes a key as often as a field occurs."""
    if isinstance(value, Pairs):
        kept = Pairs((key, pruned(inner)) for key, inner in value if not is_own(key, inner))
        return Label() if value and not kept else kept
    if isinstance(value, list):
        return [pruned(inner) for inner in value]
    return value


class Pairs(list):
    """An object with its keys in the order, and as often, as they were written."""


def json_frames(text):
    """tshark's array as texts, one for each frame; before them, and after them, is the bracket."""
    starts = [match.start() for match in JSON_FRAME.finditer(text)]
    return [text[a:b].rstrip(" \n,]") for a, b in zip([0, *starts], [*starts, len(text)])]


def from_json(text):
    """Parsed: the order of keys and their repetition count, white space does not."""
    return pruned(json.loads(text, object_pairs_hook=Pairs, parse_int=str, parse_float=str))
