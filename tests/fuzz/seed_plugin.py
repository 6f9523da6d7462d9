# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture in the format of fuzz_plugin.c."""
import struct

import capture_file
import layers

MOST_FRAMES = 60
LONGEST = 2047
LINKS = (layers.ETHERNET, layers.RAW, layers.LINUX_SLL, layers.NULL)
TWICE = 1


def step(nanoseconds):
    """12 bits of mantissa, 3 of exponent to the base of 8, in microseconds, and a sign."""
    micros, exponent = min(abs(nanoseconds) // 1000, 0xfff << 21), 0
    while micros >> 3 * exponent > 0xfff:
        exponent += 1
    return (nanoseconds < 0) << 15 | exponent << 12 | micros >> 3 * exponent


def seed(file):
    out, now = bytes([TWICE]), None
    for frame in capture_file.read(file, MOST_FRAMES):
        if frame.link not in LINKS:
            continue
        data = bytes(frame.data[:LONGEST])
        lost = min((len(frame.data) + frame.lost - len(data)) // 10, 63)
        out += struct.pack('>HHB', len(data), step(frame.time - (now or frame.time)),
                           lost << 2 | LINKS.index(frame.link)) + data
        now = frame.time
    return out
