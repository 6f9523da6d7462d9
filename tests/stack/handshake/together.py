# SPDX-License-Identifier: GPL-2.0-or-later
"""Many recordings of one end as one capture: Wireshark needs longer to start than to read them all,
and a real capture has many connections, too. Only what is over when its recording ends is joined,
for in the joint capture the end comes later."""
import os
from dataclasses import dataclass, field

import recording
from packet import ACK, TCP


@dataclass
class Take:
    """The recording of one case at one end."""
    directory: str
    end: str
    frames: list
    report: list = None         # diag's connections without keys
    keyed_report: list = None   # and with them
    shown_in: list = None       # the frames that the numbers of the reports count

    @property
    def keys(self):
        file = os.path.join(self.directory, 'keys.log')
        return file if os.path.exists(file) else None

    def flows(self):
        return {flow(frame) for frame in self.frames if frame.packet.protocol == TCP}


def flow(frame):
    packet = frame.packet
    return frozenset([(packet.source, packet.sport), (packet.target, packet.dport)])


def take(directory, end):
    return Take(directory, end, recording.read(os.path.join(directory, f'{end}.pcap')).frames)


class Talk:
    """What is known of one connection when its recording ends."""

    def __init__(self):
        self.reset = self.closed = False
        self.sent, self.acked = {}, {}  # by sender

    def hear(self, frame):
        packet = frame.packet
        self.reset |= frame.is_rst
        self.closed |= frame.is_fin
        if frame.size:
            self.sent[packet.source] = max(self.sent.get(packet.source, 0),
                                           packet.seq + frame.size)
        if packet.flags & ACK:
            self.acked[packet.target] = max(self.acked.get(packet.target, 0), packet.ack)

    @property
    def over(self):
        """Nothing is awaited any more that a longer capture could be asked for."""
        return self.reset or self.closed and all(
            self.acked.get(sender, 0) >= end for sender, end in self.sent.items())


def is_over(one):
    """Each connection was reset, or closed with all bytes acknowledged. (A wrap of the sequence
    numbers only means that this recording is read alone.)"""
    talks = {}
    for frame in one.frames:
        if frame.packet.protocol == TCP:
            talks.setdefault(flow(frame), Talk()).hear(frame)
    return all(talk.over for talk in talks.values())


@dataclass
class Batch:
    """Takes that share no connection's addresses and ports, in one capture."""
    takes: list = field(default_factory=list)
    taken: set = field(default_factory=set)
    frames: list = None

    def add(self, one):
        if self.taken & one.flows():
            return False
        self.takes.append(one)
        self.taken |= one.flows()
        return True

    def write(self, file, name):
        self.frames = sorted((frame for one in self.takes for frame in one.frames),
                             key=lambda frame: frame.time)
        recording.write(file, recording.Recording(self.frames), name, '')

    def keys(self):
        """All of their keys, as one log; empty when there are none."""
        logs = []
        for one in self.takes:
            if one.keys:
                with open(one.keys, encoding='utf-8') as source:
                    logs.append(source.read())
        return ''.join(logs)

    def share(self, report):
        """Each take's connections, by whose first frame it was."""
        owners = {id(frame): number for number, one in enumerate(self.takes)
                  for frame in one.frames}
        shares = [[] for _ in self.takes]
        for entry in report:
            if entry['type'] == 'connection':
                first = self.frames[entry['first_frame'] - 1]
                shares[owners[id(first)]].append(entry)
        return shares


def batches(takes):
    """Those that are over together, the others one by one."""
    joint, alone = [], []
    for one in takes:
        if not is_over(one):
            alone.append(Batch([one]))
        elif not any(batch.add(one) for batch in joint):
            joint.append(Batch([one], one.flows()))
    return joint + alone
