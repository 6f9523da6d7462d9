# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames of a recording: read from tcpdump's pcap, written as a small pcapng without a word
about the machine that made it, and asked for the truth, independently of diag and Wireshark."""
import struct
from dataclasses import dataclass

from packet import ACK, FIN, RST, SYN, TCP, Packet

PCAP_NANOSECONDS = 0xa1b23c4d
ETHERNET = 1
ETHERNET_HEADER = 14
SECTION, INTERFACE, ENHANCED_PACKET = 0x0a0d0d0a, 1, 6
OPTION_END, OPTION_COMMENT, OPTION_NAME, OPTION_RESOLUTION = 0, 1, 2, 9


@dataclass
class Frame:
    number: int
    time: int  # nanoseconds since the epoch
    data: bytes
    stream: int = None

    def __post_init__(self):
        self.packet = Packet(self.data[ETHERNET_HEADER:])

    @property
    def size(self):
        return len(self.packet.payload)

    def has(self, flags, of=FIN | SYN | RST | ACK):
        return self.packet.has(flags, of)

    @property
    def is_syn(self):
        return self.has(SYN, SYN | ACK)

    @property
    def is_synack(self):
        return self.has(SYN | ACK, SYN | ACK)

    @property
    def is_fin(self):
        return self.has(FIN, FIN)

    @property
    def is_rst(self):
        return self.has(RST, RST)


class Recording:
    def __init__(self, frames):
        self.frames = frames
        self.stream_count = 0
        number_streams(self)

    def of(self, stream, sent_by=None):
        """The frames of a stream, or of one address in it."""
        return [frame for frame in self.frames if frame.stream == stream
                and sent_by in (None, frame.packet.source)]

    def stream_of(self, port, occurrence=0):
        """The stream of a client's port; of its second use with occurrence=1, and so on."""
        found = []
        for frame in self.frames:
            if frame.stream is not None and port in (frame.packet.sport, frame.packet.dport) \
                    and frame.stream not in found:
                found.append(frame.stream)
        return found[occurrence]


def first(frames, wanted):
    return next(frame for frame in frames if wanted(frame))


def last(frames, wanted):
    return first(reversed(frames), wanted)


def seconds(one, other):
    return (other.time - one.time) / 1e9


def number_streams(recording):
    """Numbers TCP streams as Wireshark does: by 4-tuple, anew when another SYN reuses it."""
    known = {}  # 4-tuple -> (stream, sequence number of its SYN)
    for frame in recording.frames:
        packet = frame.packet
        if packet.protocol != TCP:
            continue
        tuple4 = frozenset([(packet.source, packet.sport), (packet.target, packet.dport)])
        reused = frame.is_syn and tuple4 in known and known[tuple4][1] != packet.seq
        if tuple4 not in known or reused:
            known[tuple4] = (recording.stream_count, packet.seq)
            recording.stream_count += 1
        frame.stream = known[tuple4][0]


def read(file):
    """The frames of a little-endian nanosecond pcap, as tcpdump writes it here."""
    with open(file, 'rb') as source:
        content = source.read()
    if struct.unpack_from('<I', content)[0] != PCAP_NANOSECONDS:
        raise ValueError(f'{file}: no little-endian nanosecond pcap')
    frames, at = [], 24
    while at < len(content):
        whole, fraction, size, _ = struct.unpack_from('<IIII', content, at)
        at += 16
        frames.append(Frame(len(frames) + 1, whole * 10**9 + fraction, content[at:at + size]))
        at += size
    return Recording(frames)


def option(code, value):
    return struct.pack('<HH', code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack('<I', len(body) + 12)
    return struct.pack('<I', kind) + size + body + size


def section_block(comment):
    header = struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)
    return block(SECTION, header + option(OPTION_COMMENT, comment.encode())
                 + option(OPTION_END, b''))


def interface_block(name):
    nanoseconds = bytes([9])
    return block(INTERFACE, struct.pack('<HHI', ETHERNET, 0, 0)
                 + option(OPTION_NAME, name.encode()) + option(OPTION_RESOLUTION, nanoseconds)
                 + option(OPTION_END, b''))


def packet_block(frame):
    size = len(frame.data)
    return block(ENHANCED_PACKET, struct.pack('<IIIII', 0, frame.time >> 32,
                                              frame.time & 0xffffffff, size, size) + frame.data)


def write(file, recording, name, comment):
    with open(file, 'wb') as target:
        target.write(section_block(comment))
        target.write(interface_block(name))
        for frame in recording.frames:
            target.write(packet_block(frame))
