# SPDX-License-Identifier: GPL-2.0-or-later
"""One IP packet as bytes: what a story's middlebox looks at and changes, and what the truth is
read from. Knows IPv4 and IPv6 without extension headers, and TCP with its options."""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
TCP, UDP = 6, 17
OPTION_TIMESTAMPS = 8


def internet_checksum(data):
    if len(data) % 2:
        data = bytes(data) + b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def field(layout, offset):
    """A header field at an offset from the transport header, readable and writable."""
    def read(packet):
        return struct.unpack_from(layout, packet.data, packet.l4 + offset)[0]

    def write(packet, value):
        limit = 1 << (8 * struct.calcsize(layout))
        struct.pack_into(layout, packet.data, packet.l4 + offset, value % limit)

    return property(read, write)


class Packet:
    def __init__(self, data):
        self.data = bytearray(data)
        self.v6 = self.data[0] >> 4 == 6
        self.l4 = 40 if self.v6 else (self.data[0] & 15) * 4
        self.protocol = self.data[6 if self.v6 else 9]

    sport = field('!H', 0)
    dport = field('!H', 2)
    seq = field('!I', 4)
    ack = field('!I', 8)
    flags = field('!B', 13)
    window = field('!H', 14)
    checksum = field('!H', 16)

    @property
    def addresses(self):
        """Source and destination, as they lie in the header."""
        at, size = (8, 16) if self.v6 else (12, 4)
        return bytes(self.data[at:at + size]), bytes(self.data[at + size:at + 2 * size])

    @property
    def source(self):
        return self._text(self.addresses[0])

    @property
    def target(self):
        return self._text(self.addresses[1])

    def _text(self, address):
        return socket.inet_ntop(socket.AF_INET6 if self.v6 else socket.AF_INET, address)

    @property
    def length(self):
        """Bytes of the packet by its own header: a short frame is padded behind it."""
        if self.v6:
            return 40 + struct.unpack_from('!H', self.data, 4)[0]
        return struct.unpack_from('!H', self.data, 2)[0]

    @property
    def payload(self):
        header = 8 if self.protocol == UDP else (self.data[self.l4 + 12] >> 4) * 4
        return bytes(self.data[self.l4 + header:self.length])

    @property
    def ecn(self):
        traffic_class = self.data[1] >> 4 if self.v6 else self.data[1]
        return traffic_class & 3

    def set_ecn(self, mark):
        if self.v6:
            self.data[1] = self.data[1] & ~0x30 | mark << 4
            return
        self.data[1] = self.data[1] & ~3 | mark
        struct.pack_into('!H', self.data, 10, 0)
        struct.pack_into('!H', self.data, 10, self.header_checksum())

    @property
    def ace(self):
        """AE, CWR and ECE as a number of three bits."""
        return (self.data[self.l4 + 12] & 1) << 2 | self.flags >> 6

    def set_ace(self, bits):
        self.data[self.l4 + 12] = self.data[self.l4 + 12] & ~1 | bits >> 2
        self.flags = self.flags & ~(ECE | CWR) | (bits & 3) << 6

    def has(self, flags, of=FIN | SYN | RST | ACK):
        """The flags are exactly these, looking only at the ones asked about."""
        return self.protocol == TCP and self.flags & of == flags

    def timestamps(self):
        """(TSval, TSecr), or None without the option."""
        at = self.option(OPTION_TIMESTAMPS)
        return None if at is None else struct.unpack_from('!II', self.data, at + 2)

    def set_timestamps(self, tsval, tsecr):
        struct.pack_into('!II', self.data, self.option(OPTION_TIMESTAMPS) + 2, tsval, tsecr)

    def drop_timestamps(self):
        at = self.option(OPTION_TIMESTAMPS)
        if at is not None:
            self.data[at:at + 10] = bytes([1]) * 10  # no-operation

    def option(self, kind):
        """Where this TCP option begins in the packet; None without it."""
        at, end = self.l4 + 20, self.l4 + (self.data[self.l4 + 12] >> 4) * 4
        while at < end and self.data[at] != 0:
            if self.data[at] == kind:
                return at
            at += 1 if self.data[at] == 1 else max(self.data[at + 1], 2)
        return None

    @property
    def at_ttl(self):
        return 7 if self.v6 else 8

    @property
    def ttl(self):
        return self.data[self.at_ttl]

    def header_checksum(self):
        """Of the IPv4 header as it is; 0 when the checksum in it is right."""
        return internet_checksum(self.data[:self.l4])

    def seal(self):
        """The bytes with the TCP checksum of what they say now."""
        at = self.l4 + 16
        segment = self.length - self.l4
        struct.pack_into('!H', self.data, at, 0)
        pseudo = b''.join(self.addresses) + struct.pack('!IHBB', segment, 0, 0, TCP)
        checksum = internet_checksum(pseudo + bytes(self.data[self.l4:self.length]))
        struct.pack_into('!H', self.data, at, checksum)
        return bytes(self.data)
