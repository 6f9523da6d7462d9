# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways in which captures of good connections are bad. Each takes the frames of a capture and
returns what a worse one would have kept of them: nothing that happened is changed."""
import random
import struct
from dataclasses import dataclass, replace

from forge import seal_header
from packet import ACK, SYN, TCP, Packet

ETHERNET = 1
ETHERNET_HEADER = 14
IP = {b'\x08\x00': 4, b'\x86\xdd': 6}
VLAN = b'\x81\x00\x00\x2a'
NANOSECONDS, MICROSECONDS = 0xa1b23c4d, 0xa1b2c3d4
US, MS, SECOND = 10**3, 10**6, 10**9
WAYS = {}


@dataclass
class Frame:
    """Of which `data` was kept, and `size` sent."""
    time: int  # nanoseconds since the epoch
    data: bytes
    size: int

    @property
    def packet(self):
        """None if it is no TCP."""
        if self.data[12:ETHERNET_HEADER] not in IP or len(self.data) < ETHERNET_HEADER + 40:
            return None
        packet = Packet(self.data[ETHERNET_HEADER:])
        return packet if packet.protocol == TCP else None

    def later(self, time):
        return replace(self, time=self.time + time)


@dataclass
class Capture:
    frames: list
    link: int = ETHERNET


def read(file):
    """A little-endian pcap."""
    with open(file, 'rb') as source:
        content = source.read()
    magic, link = struct.unpack_from('<I16xI', content)
    unit = {NANOSECONDS: 1, MICROSECONDS: US}[magic]
    frames, at = [], 24
    while at + 16 <= len(content):
        whole, fraction, kept, size = struct.unpack_from('<IIII', content, at)
        at += 16
        frames.append(Frame(whole * SECOND + fraction * unit, content[at:at + kept], size))
        at += kept
    return Capture(frames, link)


def write(file, capture):
    with open(file, 'wb') as target:
        target.write(struct.pack('<IHHiIII', NANOSECONDS, 2, 4, 0, 0, 1 << 18, capture.link))
        for frame in capture.frames:
            target.write(struct.pack('<IIII', *divmod(frame.time, SECOND), len(frame.data),
                                     frame.size) + frame.data)


def way(function):
    """Makes a way of spoiling of it. Its name is the way's."""
    WAYS[function.__name__] = function
    return function


def sorted_by_time(frames):
    return sorted(frames, key=lambda frame: frame.time)


# ---- who is who


def clients(frames):
    """The ends that began: those that sent a SYN, else those with the higher port."""
    ends = {}
    for frame in frames:
        packet = frame.packet
        if not packet:
            continue
        here, there = (packet.source, packet.sport), (packet.target, packet.dport)
        connection = frozenset((here, there))
        if packet.has(SYN, SYN | ACK):
            ends[connection] = here
        elif packet.has(SYN | ACK, SYN | ACK):
            ends.setdefault(connection, there)
        else:
            ends.setdefault(connection, max(here, there, key=lambda end: end[1]))
    return set(ends.values())


def by_client(frames):
    """(frame, True, False, or None where it is no TCP): is it from a client?"""
    ends = clients(frames)
    for frame in frames:
        packet = frame.packet
        yield frame, packet and (packet.source, packet.sport) in ends


# ---- one direction, lost frames, short frames


@way
def only_client(frames):
    return [frame for frame, from_client in by_client(frames) if from_client is not False]


@way
def only_server(frames):
    return [frame for frame, from_client in by_client(frames) if not from_client]


@way
def every_tenth_missing(frames):
    return [frame for i, frame in enumerate(frames, 1) if i % 10]


@way
def every_seventh_missing(frames):
    return [frame for i, frame in enumerate(frames, 1) if i % 7 != 4]


@way
def a_stretch_missing(frames):
    return frames[:len(frames) // 2] + frames[len(frames) * 3 // 4:]


@way
def cut_at_96(frames):
    return [replace(frame, data=frame.data[:96]) for frame in frames]


@way
def cut_in_the_options(frames):
    return [replace(frame, data=frame.data[:60]) for frame in frames]


# ---- copies


@way
def mirrored(frames):
    """By a switch that mirrors a port in both directions, or two of them."""
    return [copy for frame in frames for copy in (frame, frame.later(20 * US))]


def routed(frame, hops=1):
    """Behind so many routers."""
    packet = frame.packet
    if not packet:
        return frame
    packet.data[packet.at_ttl] -= hops
    header = bytes(12 * [hops]) + frame.data[12:ETHERNET_HEADER]
    data = bytes(packet.data) if packet.v6 else seal_header(packet.data)
    return replace(frame, data=header + data)


@way
def in_and_out(frames):
    """On all links of a router."""
    return sorted_by_time(frames + [routed(frame.later(150 * US)) for frame in frames])


def other_side(frames, delay):
    """The same, captured at the server: the frames of the client come later, its own earlier."""
    for frame, from_client in by_client(frames):
        if from_client is not None:
            yield routed(frame, 2).later(delay if from_client else -delay)


@way
def both_sides(frames):
    return sorted_by_time(frames + list(other_side(frames, 400 * US)))


@way
def both_sides_clocks_apart(frames):
    other = [frame.later(150 * MS) for frame in other_side(frames, 400 * US)]
    return sorted_by_time(frames + other)


@way
def with_and_without_vlan(frames):
    def tagged(frame):
        return replace(frame, data=frame.data[:12] + VLAN + frame.data[12:], size=frame.size + 4)
    return sorted_by_time(frames + [tagged(frame.later(60 * US)) for frame in frames])


# ---- the clock


@way
def clock_back(frames):
    half = len(frames) // 2
    return frames[:half] + [frame.later(-700 * MS) for frame in frames[half:]]


@way
def clock_days_ahead(frames):
    half = len(frames) // 2
    return frames[:half] + [frame.later(2 * 86400 * SECOND) for frame in frames[half:]]


@way
def whole_seconds(frames):
    return [replace(frame, time=frame.time // SECOND * SECOND) for frame in frames]


def shuffled(frames, most):
    dice = random.Random(len(frames))
    return sorted(frames, key=lambda frame: frame.time + dice.randrange(most))


@way
def written_out_of_order(frames):
    """By a card with several queues: the times are right."""
    return shuffled(frames, 5 * MS)


@way
def stamped_out_of_order(frames):
    """The same, but whoever gave the times saw this order."""
    times = sorted(frame.time for frame in frames)
    return [replace(frame, time=time) for frame, time in zip(shuffled(frames, 5 * MS), times)]


# ---- only a part


@way
def first_half(frames):
    return frames[:len(frames) // 2]


@way
def second_half(frames):
    return frames[len(frames) // 2:]


@way
def without_the_opening(frames):
    return frames[3:]
