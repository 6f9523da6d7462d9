# SPDX-License-Identifier: GPL-2.0-or-later
"""The TCP streams of a capture in the format of fuzz_tls.c, as they are and mishandled."""
import pathlib
import re
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'stack'))
import recording  # noqa: E402
from packet import SYN, TCP  # noqa: E402

LONGEST = 1400  # of the format's 2047
BY_SERVER, FLAGS, FAR_AWAY, ACKED, SNAPPED, IN_ORDER, BADLY_ACKED, KEYS = \
    (1 << bit for bit in range(8))
BOTH_START = 3
ETHERTYPES = (b'\x08\x00', b'\x86\xdd')


def frames(file):
    if file.suffix == '.pcap':
        return recording.read(str(file)).frames
    content, found, at = file.read_bytes(), [], 0
    while at < len(content):
        kind, size = struct.unpack_from('<II', content, at)
        if kind == recording.ENHANCED_PACKET:
            high, low, captured = struct.unpack_from('<III', content, at + 12)
            data = content[at + 28:at + 28 + captured]
            if data[12:14] in ETHERTYPES:
                found.append(recording.Frame(len(found) + 1, high << 32 | low, data))
        at += size
    return recording.Recording(found).frames


def decrypted(file, tshark):
    """Frame number -> the records that its keys decrypt."""
    keys = file.with_name('keys.log')
    found, frame, lines = {}, 0, []
    if not tshark or not keys.exists():
        return found
    text = subprocess.run([tshark, '-r', file, '-o', f'tls.keylog_file:{keys}', '-x', '-P'],
                          capture_output=True, check=True).stdout.decode()
    for line in text.splitlines() + ['']:
        head = re.match(r' *(\d+) +\d+\.\d+ ', line)
        dump = re.match(r'[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)  ', line)
        if head:
            frame = int(head[1])
        elif line.startswith('Decrypted TLS ('):
            lines = found.setdefault(frame, [])
            lines.append(b'')
        elif dump and lines:
            lines[-1] += bytes.fromhex(dump[1])
        else:
            lines = []
    return found


def content_type(plain):
    if len(plain) == 2:
        return 21
    return 22 if len(plain) > 3 and plain[0] <= 25 and plain[1] == 0 else 23


def segment(what, apart, data, records=()):
    out = struct.pack('>BBH', what | (KEYS if records else 0), apart, len(data)) + data
    if records:
        records = records[:7]
        out += bytes([len(records)])
        for plain in records:
            plain = plain[:LONGEST]
            out += struct.pack('>BH', content_type(plain), len(plain)) + plain
    return out


def payloads(of_stream, keyed):
    """(from the server?, bytes, decrypted records), each byte once."""
    client = of_stream[0].packet.source
    following = {}
    for frame in of_stream:
        packet, data = frame.packet, frame.packet.payload
        source, syn = packet.source, packet.has(SYN, SYN)
        if following.setdefault(source, packet.seq) != packet.seq and not syn:
            continue
        following[source] = (packet.seq + len(data) + syn) % 2**32
        records = keyed.get(frame.number, [])
        for at in range(0, len(data), LONGEST):
            last = at + LONGEST >= len(data)
            yield source != client, data[at:at + LONGEST], records if last else []


def plain(pieces, dice):
    del dice
    return [segment(IN_ORDER | ACKED | side, 0, data, records) for side, data, records in pieces]


def disordered(pieces, dice):
    """Each second piece is cut in two, which change places."""
    out = []
    for side, data, records in pieces:
        half = len(data) // 2
        if half > 100 or half == 0 or dice.random() < .5:
            out.append(segment(IN_ORDER | ACKED | side, 0, data, records))
            continue
        out.append(segment(side, half, data[half:]))
        out.append(segment(side, -len(data) % 256, data[:half], records))
        out.append(segment(side | ACKED, len(data) - half, b''))
    return out


def repeated(pieces, dice):
    out = []
    for side, data, _ in pieces:
        out.append(segment(IN_ORDER | side, 0, data))
        if len(data) < 128 and dice.random() < .5:
            out.append(segment(side | ACKED, -len(data) % 256, data))
    return out


def cut(pieces, dice):
    """By a snap length."""
    out = []
    for side, data, _ in pieces:
        size = dice.randrange(max(len(data) - 200, 0), len(data) + 1)
        out.append(segment(IN_ORDER | SNAPPED | ACKED | side, len(data) - size, data[:size]))
    return out


def holed(pieces, dice):
    out = []
    for side, data, _ in pieces:
        if len(data) < 100 and dice.random() < .3:
            out.append(segment(side | ACKED | BADLY_ACKED, len(data), b''))
        elif len(data) > 200 and dice.random() < .5:
            at = dice.randrange(len(data) - 110)
            out.append(segment(IN_ORDER | side, 0, data[:at]))
            out.append(segment(side | ACKED, 100, data[at + 100:]))
        else:
            out.append(segment(IN_ORDER | ACKED | side, 0, data))
    return out


def small(pieces, dice):
    out = []
    for side, data, _ in pieces:
        for at in range(0, len(data), size := dice.choice((3, 40, 517))):
            out.append(segment(IN_ORDER | side, 0, data[at:at + size]))
    return out


def ssl2_hello():
    """Of a client that could still do SSL 2.0 (RFC 5246 E.2); no recorded one can."""
    ciphers = bytes.fromhex('010080 00c02f 00002f 0000ff')
    body = struct.pack('>BHHHH', 1, 0x0303, len(ciphers), 0, 16) + ciphers + bytes(range(16))
    return bytes([BOTH_START]) + segment(IN_ORDER | ACKED, 0,
                                         struct.pack('>H', 0x8000 | len(body)) + body)


def seeds(file, tshark, dice):
    """(name, content) of each: all manners for the plain streams, one with keys."""
    keyed = decrypted(file, tshark)
    streams = {}
    for frame in frames(file):
        if frame.packet.protocol == TCP:
            streams.setdefault(frame.stream, []).append(frame)
    for number, of_stream in list(streams.items())[:3]:
        pieces = [piece for piece in payloads(of_stream, keyed) if piece[1]][:24]
        if not pieces:
            continue
        for manner in (plain, disordered, repeated, cut, holed, small):
            known = BOTH_START if dice.random() < .8 else dice.randrange(8)
            yield (f'{number}-{manner.__name__}',
                   bytes([known]) + b''.join(manner(pieces, dice)))
