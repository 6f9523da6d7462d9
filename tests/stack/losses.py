#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What was lost, and where? The path drops, delays, doubles and reorders chosen packets of a
transfer between real stacks (lossy.py), which is captured at the client, on both sides of the
router and at the server. At each point diag must tell the kind and the place of every loss, and as
many bytes as the router's own log says: in front of the path every dropped copy, behind it what
came in the end.

losses.py [--plugin DIAG.SO] [--jobs N] [--out DIR] [SCENARIO...]
Exit status: 0 agreed, 1 not, 77 this machine cannot play them."""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import suite  # noqa: E402
from lossy import MSS, POINTS  # noqa: E402

BEFORE_DROP = {'client': ('client', 'outside'), 'server': ('server', 'inside')}
NUMBER = 800      # the first network of these scenarios
PCAP_HEADER, RECORD_HEADER = 24, 16
LOST = ('network', 'selective')
FRAMES = ('-2', '-Y', 'diag.loss.kind', '-T', 'fields', '-e', 'tcp.srcport',
          '-e', 'diag.loss.kind', '-e', 'diag.loss.where')


def records(data):
    """Of a pcap file: where each begins and ends, and how many bytes were captured."""
    at = PCAP_HEADER
    while at < len(data):
        captured = struct.unpack_from('=I', data, at + 8)[0]
        yield at, at + RECORD_HEADER + captured, captured
        at += RECORD_HEADER + captured


def forget(file, lost):
    """Takes full segments worth so many bytes out of the middle of a capture."""
    with open(file, 'rb') as capture:
        data = capture.read()
    full = [(start, end) for start, end, captured in records(data) if captured >= MSS]
    middle = len(full) // 2
    for start, end in reversed(full[middle:middle + lost // MSS]):
        data = data[:start] + data[end:]
    with open(file, 'wb') as capture:
        capture.write(data)


def spoil(point, file, expected):
    for where, lost in expected.captured:
        if where == point:
            forget(file, lost)


# ---- comparing


def report(plugged, file):
    """The connection, and (sender's port, kind, where) of each frame that tells of a loss."""
    connections, lines = suite.reported(plugged, file, *FRAMES)
    return connections[0], [tuple(line.split('\t')) for line in lines if line[:1].isdigit()]


def told(said, sender, kinds):
    rows = [row for row in said['loss'] if row['side'] == sender and row['kind'] in kinds]
    return sum(row['bytes'] for row in rows), {row['where'] for row in rows}


def wrong_bytes(point, expected, said):
    log = expected.log
    upstream = point in BEFORE_DROP[log.sender]
    lost, where = told(said, log.sender, LOST)
    wanted = log.lost_bytes(upstream) - expected.unknown * upstream
    if expected.kind == 'selective' and not upstream:
        wanted = lost  # what never arrives is not told from what was never sent until the end
    if lost != wanted:
        yield f'{point}: {lost} bytes lost, the router dropped {wanted}: {said["loss"]}'
    if lost and where != {'after' if upstream else 'before'}:
        yield f'{point}: lost {where}: {said["loss"]}'
    needless, _ = told(said, log.sender, ('none',))
    wanted = log.repeated_bytes()
    if expected.needless and needless != wanted:
        yield f'{point}: {needless} bytes needless, sent again were {wanted}: {said["loss"]}'


def wrong_kinds(point, expected, said, frames):
    upstream = point in BEFORE_DROP[expected.log.sender]
    captured = dict(expected.captured).get(point, 0)
    seen, _ = told(said, expected.log.sender, ('capture',))
    if seen != captured:
        yield f'{point}: {seen} bytes not captured, taken out were {captured}: {said["loss"]}'
    if expected.kind == 'selective' and upstream:
        if 'selective' not in {kind for _, kind, _ in frames}:
            yield f'{point}: no frame is called selective'
    place = 'after' if upstream else 'before'
    for port, kind, where in frames:
        if kind in LOST and where != place:
            yield f'{point}: a frame from {port} tells of {kind} loss {where}'
    for wanted in expected.findings.get(point, ()):
        if wanted not in {finding['id'] for finding in said['findings']}:
            yield f'{point}: no {wanted}'
    other = 'server' if expected.log.sender == 'client' else 'client'
    if told(said, other, LOST)[0]:
        yield f'{point}: the {other} lost nothing: {said["loss"]}'


def disagreements(plugged, point, file, expected):
    said, frames = report(plugged, file)
    yield from wrong_bytes(point, expected, said)
    yield from wrong_kinds(point, expected, said, frames)


if __name__ == '__main__':
    sys.exit(suite.main(suite.Suite("Holds what diag tells of losses against the router's log.",
                                    NUMBER, disagreements, POINTS, jobs=3, spoil=spoil)))
