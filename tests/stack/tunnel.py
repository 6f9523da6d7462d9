# SPDX-License-Identifier: GPL-2.0-or-later
"""What was captured, as a capture between the ends of a tunnel shows it."""
import struct

import recording
from forge import seal_header

ENDS = bytes([203, 0, 113, 1]), bytes([203, 0, 113, 2])
IPIP, IPV6_IN_IP, GRE, UDP = 4, 41, 47, 17
VXLAN_PORT, NETWORK = 4789, 42
TTL = 60
ETHERTYPE = {4: 0x0800, 6: 0x86dd}


def outer(protocol, ends, payload):
    header = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(payload), 0, 0, TTL, protocol, 0)
    return seal_header(header + b''.join(ends) + payload)


def gre(_, packet):
    return GRE, struct.pack('!HH', 0, ETHERTYPE[packet[0] >> 4]) + packet


def ipip(_, packet):
    return (IPIP if packet[0] >> 4 == 4 else IPV6_IN_IP), packet


def vxlan(frame, _):
    payload = struct.pack('!II', 0x08000000, NETWORK << 8) + frame
    return UDP, struct.pack('!HHHH', 50000, VXLAN_PORT, 8 + len(payload), 0) + payload


KINDS = {'gre': gre, 'ipip': ipip, 'vxlan': vxlan}


def wrap(kind, recorded):
    """The recording within this kind of tunnel. Who sends first is at its near end."""
    first = recorded.frames[0].packet.source if recorded.frames else None
    frames = []
    for frame in recorded.frames:
        ends = ENDS if frame.packet.source == first else ENDS[::-1]
        protocol, payload = KINDS[kind](frame.data, frame.data[recording.ETHERNET_HEADER:])
        header = frame.data[:12] + struct.pack('!H', ETHERTYPE[4])
        whole = header + outer(protocol, ends, payload)
        frames.append(recording.Frame(frame.number, frame.time, whole))
    return recording.Recording(frames)
