#!/usr/bin/python3
"""Captures in which a look at the wrong moment would change what Wireshark finds later. Written
for the tests of what diag does to Wireshark; pairs.py imports it.
"""
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import RawPcapWriter

ETHERNET = 1
CLIENT, SERVER = "192.0.2.10", "198.51.100.80"
HEADERS = 14 + 20  # Ethernet and IPv4
DATA = b"one line of the file\n" * 3


def segment(source, destination, flags, seq, ack, data=b""):
    """A frame between two (address, port)."""
    frame = (Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") /
             IP(src=source[0], dst=destination[0]) /
             TCP(sport=source[1], dport=destination[1], flags=flags, seq=seq, ack=ack) / Raw(data))
    return bytes(frame)


def talk(client, server, lines):
    """A connection that is opened, (who, text) exchanged, and closed."""
    seq = {client: 1001, server: 5001}
    yield segment(client, server, "S", 1000, 0)
    yield segment(server, client, "SA", 5000, 1001)
    yield segment(client, server, "A", 1001, 5001)
    for who, data in lines:
        other = server if who == client else client
        yield segment(who, other, "PA", seq[who], seq[other], data)
        seq[who] += len(data)
    yield segment(server, client, "FA", seq[server], seq[client])
    yield segment(client, server, "FA", seq[client], seq[server] + 1)
    yield segment(server, client, "A", seq[server] + 1, seq[client] + 1)


def announced(captured):
    """FTP announces a connection by one port. Before it comes, a stranger's SYN to that port is
    captured with so many bytes of its TCP header: Wireshark must not take it for the connection."""
    control, data = (CLIENT, 40000 + captured), (CLIENT, 41000 + captured)
    passive = (SERVER, 50000 + captured)
    high, low = divmod(passive[1], 256)
    answer = f"227 Entering Passive Mode (198,51,100,80,{high},{low})\r\n".encode()
    stranger = segment((CLIENT, 42000 + captured), passive, "S", 900, 0)
    yield from ((frame, len(frame)) for frame in
                talk(control, (SERVER, 21), [(control, b"PASV\r\n"), ((SERVER, 21), answer)]))
    yield stranger[:HEADERS + captured], len(stranger)
    yield from ((frame, len(frame)) for frame in talk(data, passive, [(passive, DATA)]))


def write(file):
    writer = RawPcapWriter(str(file), linktype=ETHERNET)
    writer.write_header(None)
    frames = [frame for captured in range(0, 21) for frame in announced(captured)]
    for number, (data, length) in enumerate(frames):
        writer.write_packet(data, sec=1700000000 + number // 1000, usec=number % 1000 * 1000,
                            caplen=len(data), wirelen=length)
    writer.close()
