# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that no kernel of the bed sent: built here, put on a wire of the bed by a thread. A
middlebox that forges, delays or doubles is made of these."""
import fcntl
import socket
import struct
import threading

from packet import TCP, Packet

SIOCGIFHWADDR = 0x8927
ETHERTYPE = {4: b'\x08\x00', 6: b'\x86\xdd'}
DONT_FRAGMENT = 0x4000


def internet_header(source, target, size, ttl, ident):
    if ':' in source:
        ends = b''.join(socket.inet_pton(socket.AF_INET6, end) for end in (source, target))
        return struct.pack('!IHBB', 6 << 28, size, TCP, ttl) + ends
    ends = b''.join(socket.inet_aton(end) for end in (source, target))
    return struct.pack('!BBHHHBBH', 0x45, 0, 20 + size, ident, DONT_FRAGMENT, ttl, TCP, 0) + ends


def segment(source, target, flags, seq, ack=0, ttl=64, ident=0, window=0, payload=b'', options=b''):
    """A packet from one (address, port) to another."""
    length = 20 + len(options)
    header = struct.pack('!HHIIBBHHH', source[1], target[1], seq % 2**32, ack % 2**32,
                         length // 4 << 4, flags, window, 0, 0) + options
    packet = Packet(internet_header(source[0], target[0], length + len(payload), ttl, ident)
                    + header + payload)
    return seal_header(packet.seal())


def seal_header(data):
    """With the checksum of the IPv4 header right."""
    data = bytearray(data)
    if data[0] >> 4 == 4:
        struct.pack_into('!H', data, 10, 0)
        struct.pack_into('!H', data, 10, Packet(data).header_checksum())
    return bytes(data)


def hardware_address(link):
    """Of a link in this thread's namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, SIOCGIFHWADDR, struct.pack('16s240x', link.encode()))
    return answer[18:24]


class Wire:
    """Puts packets on the link between two namespaces, as if `sender` had sent them."""

    def __init__(self, sender, link, receiver, peer):
        with receiver.inside():
            self.target = hardware_address(peer)
        with sender.inside():
            self.source = hardware_address(link)
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.bind((link, 0))

    def close(self):
        self.socket.close()

    def send(self, data, after=0.0):
        frame = self.target + self.source + ETHERTYPE[data[0] >> 4] + data
        if after:
            later = threading.Timer(after, self._put, [frame])
            later.daemon = True
            later.start()
        else:
            self._put(frame)

    def _put(self, frame):
        try:
            self.socket.send(frame)
        except OSError:
            pass  # the scenario is over
