#!/usr/bin/python3
"""usage: generate.py PACKETS FILE

Writes a pcap of exactly PACKETS frames for the cost measurements: web traffic as an office has it
(DNS, HTTP, TLS 1.2 and 1.3, IPv4 and IPv6, 1 % loss) and some connections that fail. The same
number of packets gives the same bytes every time. TCP and UDP checksums are wrong: nobody verifies them.
"""
import base64
import heapq
import itertools
import random
import struct
import sys

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = 0, 1
MS = 1_000_000
START = 1_700_000_000_000 * MS
MSS = 1448
LOSS = 0.01
CERTIFICATE = base64.b64decode("""
MIIBsjCCAVigAwIBAgIUGmvRkCJql4d0soaSbP3nrLg4WA4wCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwPd3d3LmV4YW1wbGUu
Y29tMB4XDTI2MTEyMDA5MjIyNFoXDTM2MTExNzA5MjIyNFowGjEYMBYGA1UEAwwPd3d3LmV4YW1wbGUuY29tMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEOyG1S5E2DT6+SZSys3OdmoHDtcvQP7ay84kSyKzZXCaNwVSkx0UZKd7TsamNyNd2c2Q9EDG5
iuG9ijfxqts9GqN8MHowHQYDVR0OBBYEFPAXCBwVMrtZa8JBBqz+TDRcYB5bMB8GA1UdIwQYMBaAFPAXCBwVMrtZa8JBBqz+
TDRcYB5bMA8GA1UdEwEB/wQFMAMBAf8wJwYDVR0RBCAwHoIPd3d3LmV4YW1wbGUuY29tggtleGFtcGxlLmNvbTAKBggqhkjO
PQQDAgNIADBFAiEAxGc71xw/1N89viOpM/k0LlzO8F1B1vZFQoTasGv1gC8CIHqYdHd6CeMPEUjd+ITDu4WZvYFERnnsRyNM
JpdZ76Q9""")


def ip_checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


class Flow:
    """One client and one server, and the clock of their packets."""

    def __init__(self, rng, number, now, port):
        self.rng = rng
        self.now = now
        self.v6 = rng.random() < 0.15
        hosts = (number % 200 + 1, rng.randrange(1, 60))
        self.address = [b"\x20\x01\x0d\xb8" + bytes(11) + bytes([host]) if self.v6
                        else bytes([10, 1 + side, 0, host]) for side, host in enumerate(hosts)]
        self.port = [10000 + number % 50000, port]
        self.seq = [rng.randrange(1 << 32), rng.randrange(1 << 32)]
        self.stamp = [rng.randrange(1 << 31), rng.randrange(1 << 31)]
        self.ip_id = [rng.randrange(1 << 16), rng.randrange(1 << 16)]
        self.rtt = rng.randrange(5, 60) * MS
        self.timestamps = rng.random() < 0.8

    def frame(self, side, protocol, segment):
        source, target = self.address[side], self.address[1 - side]
        ethernet = bytes([2, 0, 0, 0, 0, 1 + side, 2, 0, 0, 0, 0, 2 - side])
        if self.v6:
            header = struct.pack("!IHBB", 0x60000000, len(segment), protocol, 64)
            return ethernet + b"\x86\xdd" + header + source + target + segment
        self.ip_id[side] = (self.ip_id[side] + 1) & 0xFFFF
        head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(segment), self.ip_id[side], 0x4000,
                           64 - 7 * side, protocol)
        tail = source + target
        checksum = struct.pack("!H", ip_checksum(head + b"\0\0" + tail))
        return ethernet + b"\x08\0" + head + checksum + tail + segment

    def stamps(self, side):
        ticks = (self.now - START) // MS
        own, echo = ((self.stamp[s] + ticks) & 0xFFFFFFFF for s in (side, 1 - side))
        return struct.pack("!BBBBII", 1, 1, 8, 10, own, echo)

    def options(self, side, flags, sack):
        if flags & SYN:
            fixed = struct.pack("!BBHBBBB", 2, 4, 1460, 1, 3, 3, 7) + b"\4\2\1\1"
            return fixed + (self.stamps(side) if self.timestamps else b"")
        text = self.stamps(side) if self.timestamps and not flags & RST else b""
        if sack:
            text += struct.pack("!BBBBII", 1, 1, 5, 10, *(edge & 0xFFFFFFFF for edge in sack))
        return text

    def tcp(self, side, flags, payload=b"", seq=None, ack=None, sack=None):
        """The next segment of this side; seq and ack override what a stack would send."""
        options = self.options(side, flags, sack)
        header = struct.pack(
            "!HHIIBBHHH", self.port[side], self.port[1 - side],
            (self.seq[side] if seq is None else seq) & 0xFFFFFFFF,
            ((self.seq[1 - side] if ack is None else ack) & 0xFFFFFFFF) if flags & ACK else 0,
            (20 + len(options)) << 2, flags, 501, 0, 0)
        if seq is None:
            self.seq[side] += len(payload) + bool(flags & (SYN | FIN))
        return self.now, self.frame(side, 6, header + options + payload)

    def udp(self, side, port, payload):
        ports = (port, 53) if side == CLIENT else (53, port)
        header = struct.pack("!HHHH", *ports, 8 + len(payload), 1)
        return self.now, self.frame(side, 17, header + payload)

    def wait(self, milliseconds):
        self.now += int(milliseconds * MS)

    def half_rtt(self):
        self.now += self.rtt // 2


def lookup(flow, number):
    """A DNS question and its answer."""
    name = b"\3www\7example\3com\0"
    question = name + struct.pack("!HH", 1, 1)
    yield flow.udp(CLIENT, 40000 + number % 20000,
                   struct.pack("!6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + question)
    flow.half_rtt()
    answer = struct.pack("!HHHIH", 0xC00C, 1, 1, 300, 4) + bytes([10, 2, 0, 1])
    yield flow.udp(SERVER, 40000 + number % 20000,
                   struct.pack("!6H", number & 0xFFFF, 0x8180, 1, 1, 0, 0) + question + answer)
    flow.wait(1)


def connect(flow):
    yield flow.tcp(CLIENT, SYN)
    flow.half_rtt()
    yield flow.tcp(SERVER, SYN | ACK)
    flow.half_rtt()
    yield flow.tcp(CLIENT, ACK)


def transfer(flow, side, data):
    """Data in segments. A lost one is answered by SACKs and sent again after the third."""
    peer, hole, doubled = 1 - side, None, 0
    for index, offset in enumerate(range(0, len(data), MSS)):
        chunk = data[offset:offset + MSS]
        flow.wait(0.1)
        if hole is None and flow.rng.random() < LOSS:
            hole = flow.seq[side], chunk
            flow.seq[side] += len(chunk)
            continue
        yield flow.tcp(side, PSH | ACK, chunk)
        if hole:
            doubled += 1
            edge = hole[0] + len(hole[1])
            yield flow.tcp(peer, ACK, ack=hole[0], sack=(edge, flow.seq[side]))
        elif index % 2:
            yield flow.tcp(peer, ACK)
        if hole and doubled == 3:
            yield from repair(flow, side, hole, flow.rtt)
            hole, doubled = None, 0
    if hole:
        yield from repair(flow, side, hole, 200 * MS + flow.rtt)
    flow.half_rtt()
    yield flow.tcp(peer, ACK)


def repair(flow, side, hole, delay):
    flow.now += delay
    yield flow.tcp(side, PSH | ACK, hole[1], seq=hole[0])
    yield flow.tcp(1 - side, ACK)


def close(flow):
    yield flow.tcp(CLIENT, FIN | ACK)
    flow.half_rtt()
    yield flow.tcp(SERVER, FIN | ACK)
    flow.half_rtt()
    yield flow.tcp(CLIENT, ACK)


def body(flow):
    return flow.rng.randrange(200, 60_000)


def http(flow):
    yield from connect(flow)
    for _ in range(flow.rng.randrange(1, 4)):
        request = b"GET /page HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n"
        yield from transfer(flow, CLIENT, request)
        flow.wait(flow.rng.randrange(1, 80))
        size = body(flow)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % size
        yield from transfer(flow, SERVER, head + bytes(size))
    yield from close(flow)


def record(kind, data):
    return b"".join(struct.pack("!BHH", kind, 0x0303, len(data[at:at + 16384])) +
                    data[at:at + 16384] for at in range(0, len(data), 16384))


def handshake(kind, text):
    return struct.pack("!B", kind) + len(text).to_bytes(3, "big") + text


def extension(kind, text):
    return struct.pack("!HH", kind, len(text)) + text


def client_hello(rng, versions):
    name = b"www.example.com"
    extensions = (
        extension(0, struct.pack("!HBH", len(name) + 3, 0, len(name)) + name) +
        extension(10, b"\0\4\0\x1d\0\x17") + extension(13, b"\0\4\4\3\x08\4") +
        extension(16, b"\0\x0c\2h2\x08http/1.1") +
        extension(43, bytes([2 * len(versions)]) + b"".join(versions)) +
        extension(51, struct.pack("!HHH", 36, 29, 32) + rng.randbytes(32)))
    ciphers = b"\x13\1\x13\2\xc0\x2b\xc0\x2f"
    return handshake(1, b"\3\3" + rng.randbytes(32) + b"\x20" + rng.randbytes(32) +
                     struct.pack("!H", len(ciphers)) + ciphers + b"\1\0" +
                     struct.pack("!H", len(extensions)) + extensions)


def server_hello(rng, cipher, extensions):
    return handshake(2, b"\3\3" + rng.randbytes(32) + b"\x20" + rng.randbytes(32) + cipher + b"\0" +
                     struct.pack("!H", len(extensions)) + extensions)


def tls12_handshake(flow):
    rng = flow.rng
    chain = b"".join(len(CERTIFICATE).to_bytes(3, "big") + CERTIFICATE for _ in range(6))
    key = b"\3\0\x17\x41" + rng.randbytes(65) + b"\4\3\0\x40" + rng.randbytes(64)
    finished = record(20, b"\1") + record(22, rng.randbytes(40))
    yield from transfer(flow, CLIENT, record(22, client_hello(rng, [b"\3\3"])))
    yield from transfer(flow, SERVER, record(22, server_hello(rng, b"\xc0\x2b", b"")) +
                        record(22, handshake(11, len(chain).to_bytes(3, "big") + chain)) +
                        record(22, handshake(12, key)) + record(22, handshake(14, b"")))
    yield from transfer(flow, CLIENT,
                        record(22, handshake(16, b"\x41" + rng.randbytes(65))) + finished)
    yield from transfer(flow, SERVER, finished)


def tls13_handshake(flow):
    rng = flow.rng
    extensions = (extension(43, b"\3\4") +
                  extension(51, struct.pack("!HH", 29, 32) + rng.randbytes(32)))
    yield from transfer(flow, CLIENT, record(22, client_hello(rng, [b"\3\4", b"\3\3"])))
    yield from transfer(flow, SERVER, record(22, server_hello(rng, b"\x13\1", extensions)) +
                        record(20, b"\1") + record(23, rng.randbytes(3000)))
    yield from transfer(flow, CLIENT, record(20, b"\1") + record(23, rng.randbytes(53)))


def tls(flow):
    yield from connect(flow)
    yield from tls13_handshake(flow) if flow.rng.random() < 0.6 else tls12_handshake(flow)
    for _ in range(flow.rng.randrange(1, 5)):
        yield from transfer(flow, CLIENT, record(23, flow.rng.randbytes(300)))
        flow.wait(flow.rng.randrange(1, 80))
        yield from transfer(flow, SERVER, record(23, flow.rng.randbytes(body(flow))))
    for side in (CLIENT, SERVER):
        yield flow.tcp(side, PSH | ACK, record(21, flow.rng.randbytes(19)))
    yield from close(flow)


def no_reply(flow):
    for pause in (1000, 2000, 4000):
        yield flow.tcp(CLIENT, SYN, seq=flow.seq[CLIENT])
        flow.wait(pause)


def refused(flow):
    yield flow.tcp(CLIENT, SYN)
    flow.half_rtt()
    yield flow.tcp(SERVER, RST | ACK, seq=0)


def silent(flow):
    """The server takes the ClientHello and says nothing; the client gives up."""
    yield from connect(flow)
    yield from transfer(flow, CLIENT, record(22, client_hello(flow.rng, [b"\3\4"])))
    flow.wait(30_000)
    yield from close(flow)


def reset_in_transfer(flow):
    yield from connect(flow)
    yield from transfer(flow, CLIENT, b"GET /large HTTP/1.0\r\n\r\n")
    yield from transfer(flow, SERVER, b"HTTP/1.0 200 OK\r\n\r\n" + bytes(body(flow)))
    yield flow.tcp(CLIENT, RST | ACK)


STORIES = [(http, 80), (tls, 443), (no_reply, 443), (refused, 8080), (silent, 443),
           (reset_in_transfer, 80)]
WEIGHTS = [30, 60, 3, 2, 2, 3]


def connections(rng):
    """Every connection as an iterator of (time, frame), 50 ms after the one before it."""
    for number in itertools.count():
        story, port = rng.choices(STORIES, WEIGHTS)[0]
        flow = Flow(random.Random(rng.random()), number, START + number * 50 * MS, port)
        yield flow.now, itertools.chain(lookup(flow, number) if number % 3 == 0 else (), story(flow))


def frames():
    """The frames of all connections in the order of their times."""
    waiting, order = [], itertools.count()
    for start, packets in connections(random.Random(1)):
        while waiting and waiting[0][0] <= start:
            now, _, frame, rest = heapq.heappop(waiting)
            yield now, frame
            following = next(rest, None)
            if following:
                heapq.heappush(waiting, (following[0], next(order), following[1], rest))
        first = next(packets)
        heapq.heappush(waiting, (first[0], next(order), first[1], packets))


def main():
    count, path = int(sys.argv[1]), sys.argv[2]
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for now, frame in itertools.islice(frames(), count):
            second, nanosecond = divmod(now, 1000 * MS)
            file.write(struct.pack("<IIII", second, nanosecond, len(frame), len(frame)) + frame)


if __name__ == "__main__":
    main()
