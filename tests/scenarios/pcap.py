#!/usr/bin/python3
"""usage: pcap.py FACTS CAPTURE

Writes the facts of a scenario (scenario --facts) as frames on an Ethernet, with real headers and
checksums: one frame per fact, under the frame number of the fact.
"""
import json
import socket
import struct
import sys

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, ICMPv6Unknown, IPv6)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import checksum

ETHERNET = 14
TCP_HEADER = 20
PROTOCOL_TCP = 6
WRONG_CHECKSUM, PARTIAL_CHECKSUM = 2, 3  # enum diag_checksum
PACKET_DROPS, TIME_RESOLUTION = 4, 9  # option codes of pcapng
LOCAL_EXPERIMENT = 0x88B5  # IEEE 802: an EtherType that nobody decodes
BROADCAST = "ff:ff:ff:ff:ff:ff"


def is_v6(address):
    return ":" in address


def mac_of(address):
    """The MAC that the runner gives a host, too."""
    if is_v6(address):
        return "02:00:" + ":".join(f"{byte:02x}" for byte in bytes(IPv6(src=address))[20:24])
    return "02:00:" + ":".join(f"{int(byte):02x}" for byte in address.split("."))


def ends(fact):
    return [fact[end][part] for end in ("source", "destination") for part in ("address", "port")]


def ethernet(source, destination):
    return Ether(src=mac_of(source), dst=mac_of(destination))


def network(source, destination, ttl=64, tos=0, ip_id=0, dont_fragment=True):
    if is_v6(source):
        return IPv6(src=source, dst=destination, hlim=ttl, tc=tos)
    return IP(src=source, dst=destination, ttl=ttl, tos=tos, id=ip_id,
              flags="DF" if dont_fragment else 0)


def multipath(what):
    """Option 30 of RFC 8684: MP_JOIN of a SYN, or MP_TCPRST."""
    return b"\x10\x01tokenonc" if what == "join" else bytes([0x80, what])


def tcp_options(options):
    """In the order of Linux."""
    found = []
    if "mss" in options:
        found.append(("MSS", options["mss"]))
    if "sackok" in options:
        found.append(("SAckOK", b""))
    elif "ts" in options:
        found += [("NOP", None)] * 2
    if "ts" in options:
        found.append(("Timestamp", tuple(options["ts"])))
    if "ws" in options:
        found += [("NOP", None), ("WScale", options["ws"])]
    if "mptcp" in options:
        found.append((30, multipath(options["mptcp"])))
    if "sack" in options:
        edges = [edge for block in options["sack"] for edge in block]
        found += [("NOP", None), ("NOP", None), ("SAck", tuple(edges))]
    return found


def spoil(packet, fact):
    """Another TCP checksum than the right one, where the fact wants one."""
    if fact["checksum"] == WRONG_CHECKSUM:
        packet[TCP].chksum = type(packet)(bytes(packet))[TCP].chksum ^ 0x5A5A
    if fact["checksum"] == PARTIAL_CHECKSUM:
        family = socket.AF_INET6 if is_v6(packet.src) else socket.AF_INET
        ends_of_it = [socket.inet_pton(family, end) for end in (packet.src, packet.dst)]
        pseudo = b"".join(ends_of_it) + struct.pack("!II", len(packet[TCP]), PROTOCOL_TCP)
        packet[TCP].chksum = ~checksum(pseudo) & 0xFFFF


def segment(fact):
    source, sport, destination, dport = ends(fact)
    packet = network(source, destination, fact["ttl"], fact["tos"], fact["ip_id"], fact["df"])
    options = {"ts": [0, 0]} if fact["cut"] else fact["options"]
    packet /= TCP(sport=sport, dport=dport, seq=fact["seq"], ack=fact["ack"], flags=fact["flags"],
                  window=fact["window"], options=tcp_options(options))
    packet /= Raw(bytes.fromhex(fact["data"]))
    spoil(packet, fact)
    if fact["tunnel"]:
        packet = IP(src="192.0.2.1", dst="192.0.2.2") / packet
    header = ethernet(source, destination)
    return (header / Dot1Q(vlan=fact["vlan"]) if fact["vlan"] else header) / packet


def snap_length(fact, frame):
    """How much of the frame is in the file."""
    payload = len(fact.get("data", "")) // 2
    if fact.get("cut"):
        options = 12
        return len(frame) - payload - options
    return len(frame) - payload + fact.get("captured", payload)


def quoted(fact):
    """RFC 792: the IP header and eight bytes of the segment."""
    source, sport, destination, dport = ends(fact)
    start = Raw(struct.pack("!HHI", sport, dport, fact["seq"]))
    if fact["v6"]:
        return bytes(IPv6(src=source, dst=destination, nh=6, plen=TCP_HEADER) / start)
    return bytes(IP(src=source, dst=destination, proto=6, len=2 * TCP_HEADER, flags="DF") / start)


def icmp(fact):
    to = fact["source"]["address"]
    packet = ethernet(fact["sender"], to) / network(fact["sender"], to)
    if fact["v6"]:
        body = struct.pack("!I", fact["mtu"]) + quoted(fact)
        return packet / ICMPv6Unknown(type=fact["type"], code=fact["code"], msgbody=body)
    error = ICMP(type=fact["type"], code=fact["code"])
    if fact["mtu"]:
        error.nexthopmtu = fact["mtu"]
    return packet / error / Raw(quoted(fact))


def name(fact):
    source, sport, destination, dport = ends(fact)
    ttl = 255 if destination.startswith("224.0.0.") else 64
    packet = ethernet(source, destination) / network(source, destination, ttl)
    return packet / UDP(sport=sport, dport=dport) / Raw(bytes.fromhex(fact["data"]))


def neighbour(fact, mac):
    """ARP's meaning in IPv6."""
    sender, target = fact["sender"], fact["target"]
    packet = Ether(src=mac, dst=mac_of(target)) / network(sender, target, ttl=255)
    if fact["reply"]:
        return packet / ICMPv6ND_NA(tgt=sender, R=0) / ICMPv6NDOptDstLLAddr(lladdr=mac)
    return packet / ICMPv6ND_NS(tgt=target) / ICMPv6NDOptSrcLLAddr(lladdr=mac)


def arp(fact):
    mac = ":".join(fact["mac"][i:i + 2] for i in range(0, 12, 2))
    if is_v6(fact["sender"]):
        return neighbour(fact, mac)
    to = mac_of(fact["target"]) if fact["reply"] else BROADCAST
    return Ether(src=mac, dst=to) / ARP(op=2 if fact["reply"] else 1, hwsrc=mac,
                                        psrc=fact["sender"], pdst=fact["target"],
                                        hwdst=to if fact["reply"] else "00:00:00:00:00:00")


def other(_):
    return Ether(src=mac_of("10.0.0.1"), dst=mac_of("10.0.0.2"),
                 type=LOCAL_EXPERIMENT) / Raw(bytes(46))


BUILDERS = {"segment": segment, "icmp": icmp, "name": name, "arp": arp, "other": other}


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body):
    """Of pcapng (draft-ietf-opsawg-pcapng 3.1)."""
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def packet_block(fact, frame, captured):
    body = struct.pack("<IIIII", 0, fact["time_ns"] >> 32, fact["time_ns"] & 0xFFFFFFFF, captured,
                       len(frame)) + frame[:captured] + bytes(-captured % 4)
    if fact["drops"]:
        body += option(PACKET_DROPS, struct.pack("<Q", fact["drops"])) + option(0, b"")
    return block(6, body)


def write(facts, path):
    """pcapng in nanoseconds, one frame per fact."""
    with open(path, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(block(1, struct.pack("<HHI", 1, 0, 0) + option(TIME_RESOLUTION, b"\x09") +
                         option(0, b"")))
        for number, fact in enumerate(facts, 1):
            frame = bytes(BUILDERS[fact["kind"]](fact))
            assert fact["frame"] == number
            file.write(packet_block(fact, frame, snap_length(fact, frame)))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        facts = [json.loads(line) for line in file]
    write([fact for fact in facts if fact["kind"] != "settings"], sys.argv[2])


if __name__ == "__main__":
    main()
