# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the headers of a frame lie, for those who break them."""
import struct

ETHERNET, NULL, RAW, LINUX_SLL, LINUX_SLL2 = 1, 0, 101, 113, 276
IP_BEHIND = {NULL: 4, RAW: 0, 12: 0, LINUX_SLL: 16, LINUX_SLL2: 20}
VLAN_TAGS = (0x8100, 0x88A8)
V4, V6 = 0x0800, 0x86DD
ICMP, IP_IN_IP, TCP, UDP, ICMP_V6 = 1, 4, 6, 17, 58


def ip_start(frame):
    """None for what carries no IP."""
    if frame.link != ETHERNET:
        return IP_BEHIND.get(frame.link)
    at = 12
    while at + 2 <= len(frame.data):
        kind = struct.unpack_from('!H', frame.data, at)[0]
        if kind in (V4, V6):
            return at + 2
        if kind not in VLAN_TAGS:
            return None
        at += 4
    return None


class Layers:
    """Offsets into the frame's data; protocol is None where there is no whole IP header."""

    def __init__(self, frame):
        self.data, self.protocol = frame.data, None
        self.ip = ip_start(frame)
        if self.ip is None or len(self.data) < self.ip + 20:
            return
        self.v6 = self.data[self.ip] >> 4 == 6
        self.l4 = self.ip + (40 if self.v6 else (self.data[self.ip] & 15) * 4)
        if self.l4 + 8 > len(self.data):
            return
        self.protocol = self.data[self.ip + (6 if self.v6 else 9)]

    @property
    def payload(self):
        """Behind the transport header, and never behind the end."""
        at = self.l4 + 8
        if self.protocol == TCP:
            at = self.l4 + (self.data[self.l4 + 12] >> 4) * 4 if self.has_tcp else self.l4 + 20
        return min(at, len(self.data))

    @property
    def has_tcp(self):
        """With the whole of its fixed header."""
        return self.protocol == TCP and self.l4 + 20 <= len(self.data)

    def get(self, layout, at):
        """Zero for what was not captured, which cannot be changed either."""
        whole = at + struct.calcsize(layout) <= len(self.data)
        return struct.unpack_from(layout, self.data, at)[0] if whole else 0

    def put(self, layout, at, value):
        if at + struct.calcsize(layout) <= len(self.data):
            struct.pack_into(layout, self.data, at, value % (1 << 8 * struct.calcsize(layout)))

    def fit(self, missing=0):
        """The length in the IP header becomes that of the frame."""
        whole = min(len(self.data) + missing - self.ip, 0xFFFF)
        if self.v6:
            self.put('!H', self.ip + 4, whole - 40)
        else:
            self.put('!H', self.ip + 2, whole)
