#!/usr/bin/python3
"""usage: interference.py (--plugin PLUGIN | --tshark WITH WITHOUT) [--merge BYTES] [--views WORD]
                       [--scenarios PROGRAM] [--ledger FILE] --captures PATH...

Runs tshark with diag and without over captures (files, or directories that are searched), in every
form of output and with settings changed. Once diag's own items are taken out, both must print the
same bytes, the same errors and the same exit status, and export the same objects. PLUGIN is tried
in a private home against Wireshark as it comes; WITH and WITHOUT are two commands instead. --merge
joins captures up to a size: much faster, and it tells the same; --scenarios tells the scenarios
below the paths as captures, too; --views runs only some. What is in the ledger is not looked at
again.
"""
import argparse
import concurrent.futures
import itertools
import os
import sys
import time

import ledger
import own_items
import pairs

FIELDS = """
frame.number frame.time_epoch frame.time_delta_displayed frame.protocols frame.cap_len eth.src
ip.src ip.ttl ipv6.src ip.reassembled_in icmp.type icmpv6.type arp.opcode udp.stream dns.qry.name
dns.time tcp.stream tcp.len tcp.seq tcp.nxtseq tcp.ack tcp.flags tcp.window_size tcp.completeness
tcp.options.timestamp.tsval tcp.options.sack_le tcp.analysis.flags tcp.analysis.retransmission
tcp.analysis.duplicate_ack_num tcp.analysis.acks_frame tcp.analysis.ack_rtt
tcp.analysis.bytes_in_flight tcp.analysis.initial_rtt tcp.analysis.rto tcp.time_relative
tcp.time_delta tcp.reassembled_in tcp.segment.count tcp.segment.error tls.record.content_type
tls.record.version tls.handshake.type tls.handshake.extensions_server_name tls.alert_message.desc
x509sat.uTF8String http.request.full_uri http.response.code http.time _ws.malformed
""".split()

STATISTICS = ["-z", "conv,tcp", "-z", "conv,ip", "-z", "expert", "-z", "io,phs", "-z",
              "follow,tcp,ascii,0", "--export-objects", "http,OBJECTS"]
EVERYTHING = ["-P", "-V", *STATISTICS]
TWICE = ["-2", "-R", "tcp.len > 0 || tcp.flags.reset == 1 || icmp", *EVERYTHING]


def preference(name, value):
    return ["-o", f"{name}:{value}", *EVERYTHING]


VIEWS = {
    "one line": ["-z", "conv,tcp", "-z", "expert"],
    "all details": EVERYTHING,
    "json": ["-T", "json"],
    "fields": ["-T", "fields", *itertools.chain(*(("-e", field) for field in FIELDS))],
    "two passes": TWICE,
    "two passes, no desegmentation": ["-o", "tcp.desegment_tcp_streams:FALSE", *TWICE],
    "display filter": ["-Y", "tcp.analysis.flags || tls.handshake || dns || icmp", *EVERYTHING],
    "tcp.desegment": preference("tcp.desegment_tcp_streams", "FALSE"),
    "tcp.out_of_order": preference("tcp.reassemble_out_of_order", "TRUE"),
    "tcp.relative": preference("tcp.relative_sequence_numbers", "FALSE"),
    "tcp.analyze": preference("tcp.analyze_sequence_numbers", "FALSE"),
    "tcp.heuristic": preference("tcp.try_heuristic_first", "TRUE"),
    "tls.desegment": preference("tls.desegment_ssl_records", "FALSE"),
    "ip.defragment": preference("ip.defragment", "FALSE"),
    "diag disabled": ["--disable-protocol", "diag", *EVERYTHING],
    "tcp disabled": ["--disable-protocol", "tcp", *EVERYTHING],
    "tls disabled": ["--disable-protocol", "tls", *EVERYTHING],
    "decode as http": ["-d", "tcp.port==443,http", *EVERYTHING],
    "decode as tcp": ["-d", "ip.proto==6,tcp", *EVERYTHING],
    "decode as udp": ["-d", "ip.proto==6,udp", *EVERYTHING],
}
NOTHING_TO_TAKE_OUT = {"diag disabled"}
MAY_BE_SILENT = {"diag disabled", "one line", "fields", "tcp disabled", "decode as udp"}


def objects_in(directory):
    """What --export-objects wrote."""
    if not directory.exists():
        return {}
    return {name.name: name.read_bytes() for name in sorted(directory.iterdir())}


def printed(command, capture, options, objects):
    """What one tshark says to one capture, and what it exports."""
    words = [word.replace("OBJECTS", str(objects)) for word in options]
    status, text, errors = command.run("-n", "-r", capture, *words)
    return text, (status, errors.replace(str(objects), "OBJECTS")), objects_in(objects)


def first_json_difference(ours, stock, where=""):
    """Both are nested lists and pairs (see own_items)."""
    if not (isinstance(ours, (list, tuple)) and isinstance(stock, (list, tuple)) and
            len(ours) == len(stock)):
        return f"{where}: with diag {str(ours)[:200]}, without {str(stock)[:200]}"
    for index, (one, other) in enumerate(zip(ours, stock)):
        if one != other:
            return first_json_difference(one, other, f"{where}/{index}")
    return "no value differs"


def json_complaint(ours, stock):
    """Frame by frame: all values of a large capture would be gigabytes."""
    if len(ours) != len(stock) or ours[0] != stock[0]:
        return f"{len(ours) - 1} frames with diag, {len(stock) - 1} without"
    for number, (left, right) in enumerate(zip(ours[1:], stock[1:]), 1):
        if left != right:
            left, right = own_items.from_json(left), own_items.from_json(right)
            if left != right:
                return first_json_difference(left, right, f"frame {number}: ")
    return None


def output_complaint(view, ours, stock):
    """The difference of two outputs as a text; None when they say the same."""
    if view in NOTHING_TO_TAKE_OUT:
        return None if ours == stock else pairs.first_difference(ours, stock)
    if view == "json":
        return json_complaint(own_items.json_frames(ours), own_items.json_frames(stock))
    left, right = own_items.from_text(ours), own_items.from_text(stock)
    if right != stock:
        return ("the test takes out what Wireshark itself printed: " +
                pairs.first_difference(right, stock))
    return None if left == right else pairs.first_difference(left, right)


def without_our_name(options):
    """Since 4.4 Wireshark refuses to disable a protocol that it does not know."""
    return EVERYTHING if "diag" in options else options


def compare(task):
    """Complaints about one view of one capture, whether diag had said something in it, and the
    seconds it took."""
    began = time.monotonic()
    commands, capture, view, directory = task
    results = [printed(command, capture, options, directory / f"{capture.stem}-{view}-{side}")
               for command, side, options in zip(commands, ("with", "without"),
                                                 (VIEWS[view], without_our_name(VIEWS[view])))]
    (ours, our_end, our_objects), (stock, stock_end, stock_objects) = results
    found = []
    complaint = output_complaint(view, ours, stock)
    if complaint:
        found.append(complaint)
    if our_end != stock_end:
        found.append(f"ends with {our_end}, without diag {stock_end}")
    if our_objects != stock_objects:
        found.append(f"exports {list(our_objects)}, without diag {list(stock_objects)}")
    return capture, view, found, ours != stock, time.monotonic() - began


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--plugin")
    parser.add_argument("--tshark", nargs=2)
    parser.add_argument("--merge", type=int, default=0)
    parser.add_argument("--scenarios")
    parser.add_argument("--views", default="")
    parser.add_argument("--ledger")
    parser.add_argument("--captures", nargs="+", required=True)
    chosen = parser.parse_args()
    if bool(chosen.plugin) == bool(chosen.tshark):
        parser.error("either --plugin or --tshark")
    return chosen


def summed_up(results, notes):
    """The views with differences, and the views in which diag said something."""
    failed, said = 0, set()
    for capture, views in itertools.groupby(results, lambda result: result[0]):
        seconds, wrong = 0, 0
        for _, view, found, differs, took in views:
            wrong += bool(found)
            said.update([view] if differs else [])
            seconds += took
            for text in found:
                print(f"{capture.name}, {view}: {text}", flush=True)
        failed += wrong
        if not wrong:
            notes.note(capture, f"nothing differs, {seconds:.1f} s")
    return failed, said


def main():
    chosen = arguments()
    views = [view for view in VIEWS if chosen.views in view]
    with pairs.room() as directory, pairs.tsharks(chosen.plugin, chosen.tshark) as commands, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        count, captures = pairs.prepare(chosen.captures, directory, chosen.merge,
                                        chosen.scenarios)
        notes = ledger.Ledger(chosen.ledger, "interference", views,
                              ledger.program(chosen.plugin, commands[0]))
        left = notes.left_of(captures)
        tasks = [(commands, capture, view, directory) for capture in left for view in views]
        failed, said = summed_up(pool.map(compare, tasks), notes)
    silent = set(views) - said - MAY_BE_SILENT if len(left) == len(captures) else []
    for view in sorted(silent):
        print(f"{view}: diag says nothing in any capture: this view tests nothing")
    print(f"{count} captures in {len(captures)} files, {len(captures) - len(left)} of them in an "
          f"earlier run, {len(views)} views, {failed} differences")
    return 1 if failed or silent else 0


if __name__ == "__main__":
    sys.exit(main())
