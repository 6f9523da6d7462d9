#!/usr/bin/python3
"""usage: orders.py (--plugin PLUGIN | --tshark COMMAND --sharkd COMMAND) [--merge BYTES]
                  [--seed N] [--scenarios PROGRAM] [--ledger FILE] --captures PATH...

Whatever the order in which Wireshark looks at the frames, diag says the same of each: in one pass,
with -2, with a read filter, and in sharkd, which is asked for frames in random orders, over and
over, with taps and columns in between. Captures are files, or directories that are searched;
--merge joins them up to a size; --scenarios tells the scenarios in directories as captures, too.
The seed is printed. What is in the ledger is not looked at again.
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import shlex
import sys
import time

import conversation
import ledger
import own_items
import pairs

NUMBER = re.compile(r"^Frame (\d+): ")
LATER = re.compile(r"^ {8}\[(Severity in the whole capture|Explained by): ")
VERDICTS = re.compile(r"^    \[(Connection \d+: |Summary: )")
SAMPLE = 1000  # frames that diag says something of, in random order; each is asked for twice
OTHERS = 150  # frames among them whatever diag says
READ_FILTERS = ["tcp.len > 0 || tcp.flags.reset == 1", "frame.number > 0 && tcp.flags.syn == 1"]


def blocks(text):
    """frame -> the lines of diag's protocol in it, from tshark -V."""
    found, frame, own = {}, None, None
    for line in text.split("\n"):
        if match := NUMBER.match(line):
            frame, own = int(match.group(1)), None
        elif line.startswith(own_items.PROTOCOL):
            own = found.setdefault(frame, [])
        elif not line.startswith(" "):
            own = None
        if own is not None:
            own.append(line)
    return found


def branches(lines):
    """Every item directly below diag's protocol, with what is below it."""
    at = 1
    while at < len(lines):
        end = own_items.branch_end(lines, at)
        yield lines[at:end]
        at = end


def early_complaints(once, twice):
    """What one pass shows of a frame stays, word for word; -2 adds what the whole capture shows."""
    for frame, lines in once.items():
        left = [[line for line in branch if not LATER.match(line)]
                for branch in branches(twice.get(frame, []))]
        for branch in branches(lines):
            if VERDICTS.match(branch[0]):
                continue
            if branch in left:
                left.remove(branch)
            elif not grown(branch, left):
                yield f"frame {frame}: -2 does not show {branch!r}, but {left!r}"


def grown(branch, later):
    """Later frames may tell more of a loss or of a reset, never less."""
    return any(branch[0] == other[0] and set(branch) <= set(other) for other in later)


def of_sharkd(nodes, level=0):
    """The nodes of sharkd as lines of tshark -V."""
    for node in nodes:
        label = f"[{node['l']}]" if node.get("g") else node["l"]
        yield " " * 4 * level + label
        yield from of_sharkd(node.get("n", []), level + 1)


def block_of_sharkd(tree):
    for node in tree:
        if node["l"].startswith(own_items.PROTOCOL):
            return list(of_sharkd([node]))
    return []


def requests_for(told, count, dice):
    """Frames in random order, twice in a row now and then, and other work in between; then all of
    them, as somebody scrolls through the list."""
    order = dice.sample(told, min(len(told), SAMPLE)) * 2
    order += dice.sample(range(1, count + 1), min(count, OTHERS))
    dice.shuffle(order)
    for frame in order:
        yield from [("frame", {"frame": frame, "proto": True})] * dice.choice((1, 1, 2))
        if dice.random() < 0.01:
            yield dice.choice((("tap", {"tap0": "expert"}), ("frames", {"column0": "diag.id:0"}),
                               ("tap", {"tap0": "nstat:diag,table"}), ("tap", {"tap0": "conv:TCP"}),
                               ("frames", {"filter": "diag.id", "limit": 20}),
                               ("check", {"filter": "diag.conn.outcome == \"failed\""})))
    for frame in range(1, count + 1):
        yield "frame", {"frame": frame, "proto": True}


def sharkd_complaints(sharkd, capture, twice, count, dice):
    wrong = set()
    with conversation.Conversation(sharkd) as talk:
        loaded = talk.load(capture)
        if loaded != count:
            yield f"sharkd reads {loaded} frames, tshark {count}"
            return
        for method, params in requests_for(sorted(twice), count, dice):
            result = talk.ask(method, params)
            if result is None:
                yield f"sharkd refuses {method} {params}"
                return
            if method != "frame" or params["frame"] in wrong:
                continue
            shown, wanted = block_of_sharkd(result["tree"]), twice.get(params["frame"], [])
            if shown != wanted:
                wrong.add(params["frame"])
                at = next((i for i, (a, b) in enumerate(zip(shown, wanted)) if a != b),
                          min(len(shown), len(wanted)))
                yield (f"frame {params['frame']}: sharkd {shown[at:at + 1]}, tshark -2 "
                       f"{wanted[at:at + 1]}")


def report(tshark, capture, *options):
    """Streams by their order: with a read filter Wireshark itself numbers a few differently."""
    status, text, _ = tshark.run("-n", "-q", "-r", capture, "-z", "diag,json", *options)
    objects = [json.loads(line) for line in text.splitlines()]
    place = {entry["stream"]: f"stream at place {number}" for number, entry in enumerate(objects)
             if entry["type"] == "connection"}
    for entry in objects:
        entry["stream"] = place.get(entry.get("stream"))
        entry["streams"] = [place.get(stream) for stream in entry.get("streams", [])]
    return status, objects


def filter_complaints(tshark, capture):
    """A read filter changes the numbers of the frames, not what diag says."""
    wanted = report(tshark, capture)
    for options in [["-2"], *(["-2", "-R", one] for one in READ_FILTERS)]:
        if report(tshark, capture, *options) != wanted:
            yield f"the report with {shlex.join(options)} is another one"


def complaints(tshark, sharkd, capture, seed):
    """Also how many frames there are, of how many diag says something, and the seconds it took."""
    began = time.monotonic()
    details = ["-n", "-r", capture, "-V", "-O", "diag"]
    once, text = blocks(tshark.run(*details)[1]), tshark.run(*details, "-2")[1]
    twice = blocks(text)
    count = sum(1 for line in text.split("\n") if NUMBER.match(line))
    dice = random.Random(f"{seed} {capture.name}")
    found = [*early_complaints(once, twice), *filter_complaints(tshark, capture)]
    try:
        found += sharkd_complaints(sharkd, capture, twice, count, dice)
    except conversation.Silence as silence:
        found.append(str(silence))
    return capture, found, count, len(twice), time.monotonic() - began


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--plugin")
    parser.add_argument("--tshark")
    parser.add_argument("--sharkd")
    parser.add_argument("--merge", type=int, default=0)
    parser.add_argument("--scenarios")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ledger")
    parser.add_argument("--captures", nargs="+", required=True)
    chosen = parser.parse_args()
    if bool(chosen.plugin) == bool(chosen.tshark and chosen.sharkd):
        parser.error("either --plugin, or --tshark and --sharkd")
    return chosen


def main():
    chosen = arguments()
    print(f"seed {chosen.seed}")
    failed = frames = 0
    with pairs.room() as directory, \
            pairs.programs(chosen.plugin, chosen.tshark, chosen.sharkd) as (tshark, sharkd), \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        number, captures = pairs.prepare(chosen.captures, directory, chosen.merge,
                                         chosen.scenarios)
        notes = ledger.Ledger(chosen.ledger, "orders", chosen.seed,
                              ledger.program(chosen.plugin, tshark))
        left = notes.left_of(captures)
        for capture, found, count, shown, seconds in pool.map(
                lambda capture: complaints(tshark, sharkd, capture, chosen.seed), left):
            failed += bool(found)
            frames += shown
            for text in found:
                print(f"{capture.name}: {text}", flush=True)
            if not found:
                notes.note(capture, f"{count} frames, diag says something of {shown}, "
                                    f"{seconds:.1f} s")
    print(f"{number} captures in {len(captures)} files, {len(captures) - len(left)} of them in an "
          f"earlier run, {frames} frames that diag says something of, {failed} files with differences")
    return 1 if failed or (left and not frames) else 0


if __name__ == "__main__":
    sys.exit(main())
