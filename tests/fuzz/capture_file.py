# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures as lists of frames: read by editcap, which knows every format, written as pcapng."""
import dataclasses
import struct
import subprocess

SECTION, INTERFACE, ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
DROP_COUNT, TIME_RESOLUTION = 4, 9  # option codes
MICROSECONDS, NANOSECONDS = 6, 9
LATEST = 2**64 - 1


@dataclasses.dataclass
class Frame:
    time: int  # in nanoseconds
    link: int  # LINKTYPE_*
    data: bytearray
    lost: int = 0  # bytes at its end that were not captured
    drops: int = 0  # what the interface claims to have dropped before it

    def copy(self):
        return dataclasses.replace(self, data=bytearray(self.data))


def blocks(content):
    at = 0
    while at + 12 <= len(content):
        kind, size = struct.unpack_from('<II', content, at)
        yield kind, content[at + 8:at + size - 4]
        at += size


def options(body, at):
    while at + 4 <= len(body):
        code, size = struct.unpack_from('<HH', body, at)
        if code == 0:
            return
        yield code, body[at + 4:at + 4 + size]
        at += 4 + size + -size % 4


def interface(body):
    """Link type, and nanoseconds in a unit of its clock. Powers of two are rounded to powers of
    ten: nobody here needs the right time."""
    resolution = dict(options(body, 8)).get(TIME_RESOLUTION, bytes([MICROSECONDS]))[0]
    return struct.unpack_from('<H', body)[0], 10 ** max(0, NANOSECONDS - (resolution & 0x7f))


def packet(body, interfaces):
    number, high, low, captured, length = struct.unpack_from('<IIIII', body)
    link, unit = interfaces[number]
    return Frame((high << 32 | low) * unit, link, bytearray(body[20:20 + captured]),
                 max(0, length - captured))


def read(path, most):
    """The first frames of any capture; none where editcap cannot read it."""
    done = subprocess.run(['editcap', '-F', 'pcapng', '-r', path, '-', f'1-{most}'], check=False,
                          capture_output=True)
    frames, interfaces = [], []
    for kind, body in blocks(done.stdout):
        if kind == INTERFACE:
            interfaces.append(interface(body))
        elif kind == ENHANCED_PACKET:
            frames.append(packet(body, interfaces))
    return frames


def option(code, value):
    return struct.pack('<HH', code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body):
    size = struct.pack('<I', len(body) + 12)
    return struct.pack('<I', kind) + size + body + size


def packet_block(frame, number):
    time = min(max(frame.time, 0), LATEST)
    body = struct.pack('<IIIII', number, time >> 32, time & 0xFFFFFFFF, len(frame.data),
                       len(frame.data) + frame.lost) + frame.data + bytes(-len(frame.data) % 4)
    if frame.drops:
        body += option(DROP_COUNT, struct.pack('<Q', frame.drops)) + option(0, b'')
    return block(ENHANCED_PACKET, body)


def write(path, frames):
    links = sorted({frame.link for frame in frames})
    with open(path, 'wb') as file:
        file.write(block(SECTION, struct.pack('<IHHq', 0x1A2B3C4D, 1, 0, -1)))
        for link in links:
            file.write(block(INTERFACE, struct.pack('<HHI', link, 0, 0)
                             + option(TIME_RESOLUTION, bytes([NANOSECONDS])) + option(0, b'')))
        for frame in frames:
            file.write(packet_block(frame, links.index(frame.link)))
