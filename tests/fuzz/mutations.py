# SPDX-License-Identifier: GPL-2.0-or-later
"""What may happen to a capture: in transit, at the capture point, or by somebody who means harm.
Each mutation takes dice (random.Random) and the frames, and changes the frames."""
import struct

import payloads
from layers import ICMP, ICMP_V6, IP_IN_IP, TCP, UDP, Layers
from payloads import ODD_SIZES, noise

SECOND = 10**9
ODD_NUMBERS = (1, -1, 2, 1460, -1460, 65535, 2**16, 2**31 - 1, 2**31, 2**31 + 1, -2**24)
OPTION_SIZES = {2: 4, 3: 3, 4: 2, 5: 10, 8: 10, 19: 18, 28: 4, 29: 4, 30: 4, 34: 2, 254: 4}
MOST_FRAMES = 600  # a mutation that multiplies stops there


def pick(dice, frames, wanted=lambda layers: layers.protocol is not None):
    """A frame that has what a mutation needs, and its layers; or None twice."""
    for _ in range(12):
        frame = dice.choice(frames)
        layers = Layers(frame)
        if wanted(layers):
            return frame, layers
    return None, None


def has_payload(layers):
    return layers.protocol is not None and layers.payload < len(layers.data)


def of_tcp(change):
    """A mutation of one frame with a TCP header."""
    def mutation(dice, frames):
        frame, layers = pick(dice, frames, lambda layers: layers.has_tcp)
        if frame:
            change(dice, layers)
    return mutation


def of_ip(change):
    def mutation(dice, frames):
        frame, layers = pick(dice, frames)
        if frame:
            change(dice, layers)
    return mutation


def of_payload(change):
    """A mutation of the bytes behind a transport header. They may grow."""
    def mutation(dice, frames):
        frame, layers = pick(dice, frames, has_payload)
        if not frame:
            return
        at = layers.payload
        frame.data[at:] = change(dice, bytearray(frame.data[at:]))[:65000]
        if dice.random() < 0.8:
            layers.fit(frame.lost)
    return mutation


# ---- TCP ----------------------------------------------------------------------------------------

def odd_flags(dice, layers):
    at = layers.l4 + 13
    changed = layers.data[at] ^ 1 << dice.randrange(8)
    layers.data[at] = dice.choice((0, 1, 2, 4, 0x11, 0x12, 0x14, 0x29, 0xFF, changed))


def odd_numbers(dice, layers):
    at = layers.l4 + dice.choice((4, 8))
    layers.put('!I', at, layers.get('!I', at) + dice.choice(ODD_NUMBERS))


def odd_window(dice, layers):
    layers.put('!H', layers.l4 + 14, dice.choice((0, 1, 0xFFFF, dice.getrandbits(16))))


def odd_header_length(dice, layers):
    layers.data[layers.l4 + 12] = dice.getrandbits(8)


def odd_ports(dice, layers):
    layers.put('!H', layers.l4 + dice.choice((0, 2)), dice.choice((0, 53, 443, 853, 5353, 65535)))


def one_option(dice):
    kind = dice.choice((*OPTION_SIZES, dice.getrandbits(8)))
    if kind < 2:
        return bytes([kind])
    size = OPTION_SIZES.get(kind, dice.randrange(2, 12))
    said = size if dice.random() < 0.7 else dice.getrandbits(8)
    return bytes([kind, said]) + dice.randbytes(size - 2)


def odd_options(dice, layers):
    area = b''.join(one_option(dice) for _ in range(dice.randrange(1, 8)))[:40]
    area += bytes(-len(area) % 4)
    layers.data[layers.l4 + 20:layers.payload] = area
    layers.data[layers.l4 + 12] = (5 + len(area) // 4) << 4
    layers.fit()


# ---- IP -----------------------------------------------------------------------------------------

def odd_ip_length(dice, layers):
    at = layers.ip + (4 if layers.v6 else 2)
    layers.put('!H', at, dice.choice((*ODD_SIZES, layers.get('!H', at) + dice.choice((-1, 1, 8)))))


def odd_ip_header(dice, layers):
    layers.data[layers.ip + dice.randrange(20)] = dice.getrandbits(8)


def as_fragment(dice, layers):
    if not layers.v6:
        layers.put('!H', layers.ip + 6, dice.choice((0x2000, 1, 0x2001, 0x1FFF, 0x8000)))


def odd_protocol(dice, layers):
    layers.data[layers.ip + (6 if layers.v6 else 9)] = dice.choice((ICMP, IP_IN_IP, TCP, UDP,
                                                                  ICMP_V6, 41, 44, 47, 132))


def reflected(_, layers):
    """Source and destination change places; the ports do not."""
    at, size = (layers.ip + 8, 16) if layers.v6 else (layers.ip + 12, 4)
    first, second = layers.data[at:at + size], layers.data[at + size:at + 2 * size]
    layers.data[at:at + 2 * size] = second + first


def to_itself(_, layers):
    at, size = (layers.ip + 8, 16) if layers.v6 else (layers.ip + 12, 4)
    layers.data[at:at + size] = layers.data[at + size:at + 2 * size]


def v4_header(protocol, size):
    return struct.pack('!BBHHHBBH4s4s', 0x45, 0, min(20 + size, 0xFFFF), 1, 0, 64, protocol, 0,
                       bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))


def in_tunnels(dice, layers):
    if layers.v6:
        return
    inner = bytes(layers.data[layers.ip:])
    for _ in range(dice.choice((1, 2, 3, 40))):
        inner = v4_header(IP_IN_IP, len(inner)) + inner
    layers.data[layers.ip:] = inner


def in_fragments(dice, frames):
    """Fragments of a size of its own, in order or not, one of them lost or not."""
    frame, layers = pick(dice, frames, lambda layers: has_payload(layers) and not layers.v6)
    if not frame or layers.l4 != layers.ip + 20:
        return
    body, step = bytes(frame.data[layers.l4:]), dice.choice((8, 16, 24, 64, 512))
    pieces = []
    for at in list(range(0, len(body), step))[:30]:
        piece = frame.copy()
        piece.data[layers.l4:] = body[at:at + step]
        there = Layers(piece)
        there.put('!H', there.ip + 6, at // 8 | (0x2000 if at + step < len(body) else 0))
        there.fit()
        pieces.append(piece)
    if dice.random() < 0.3:
        dice.shuffle(pieces)
    if dice.random() < 0.2:
        pieces.pop(dice.randrange(len(pieces)))
    place = frames.index(frame)
    frames[place:place + 1] = pieces


# ---- ICMP ---------------------------------------------------------------------------------------

def icmp_error(dice, frames):
    """Somebody on the path complains about a frame: truly, or with a quote of any size."""
    frame, layers = pick(dice, frames)
    if not frame:
        return
    error = frame.copy()
    quote = bytes(frame.data[layers.ip:])[:dice.choice((0, 8, 19, 20, 24, 28, 40, 48, 576))]
    kind, protocol = dice.choice(((3, ICMP), (11, ICMP), (5, ICMP), (12, ICMP), (4, ICMP),
                                  (1, ICMP_V6), (2, ICMP_V6), (3, ICMP_V6), (4, ICMP_V6)))
    body = struct.pack('!BBHI', kind, dice.randrange(16), 0, dice.choice((0, 68, 1280, 2**32 - 1)))
    if dice.random() < 0.1:
        quote = v4_header(ICMP, len(quote) + 8) + body + quote  # an error about an error
    body += quote
    head = v4_header(protocol, len(body))
    if layers.v6:
        head = bytes(layers.data[layers.ip:layers.ip + 4]) + struct.pack(
            '!HBB', len(body), protocol, 64) + bytes(layers.data[layers.ip + 8:layers.ip + 40])
    error.data[layers.ip:] = head + body
    error.lost, error.time = 0, frame.time + dice.randrange(SECOND // 10)
    frames.insert(frames.index(frame) + 1, error)


# ---- the whole capture --------------------------------------------------------------------------

def in_pieces(dice, frames):
    """One segment as many, each with its own sequence number."""
    frame, layers = pick(dice, frames, lambda layers: layers.has_tcp and has_payload(layers))
    if not frame:
        return
    at, size, pieces = layers.payload, dice.choice((1, 2, 5, 100)), []
    body = bytes(frame.data[at:])
    for offset in list(range(0, len(body), size))[:150]:
        piece = frame.copy()
        piece.data[at:] = body[offset:offset + size]
        there = Layers(piece)
        if there.protocol is not None:  # lengths that an earlier change falsified
            there.put('!I', there.l4 + 4, layers.get('!I', layers.l4 + 4) + offset)
            there.fit()
        pieces.append(piece)
    place = frames.index(frame)
    frames[place:place + 1] = pieces


def overlap(dice, frames):
    """Sent again with other bytes, other length."""
    frame, layers = pick(dice, frames, lambda layers: layers.has_tcp and has_payload(layers))
    if not frame:
        return
    again = frame.copy()
    at = layers.payload
    again.data[at:] = noise(dice, again.data[at:])[:dice.randrange(1, 2000)]
    there = Layers(again)
    if there.protocol is not None:
        there.fit()
    frames.insert(min(len(frames), frames.index(frame) + dice.randrange(1, 5)), again)


def lose(dice, frames):
    at = dice.randrange(len(frames))
    del frames[at:at + dice.choice((1, 1, 2, 5, 20))]


def repeat(dice, frames):
    at = dice.randrange(len(frames))
    for _ in range(dice.choice((1, 1, 2, 30))):
        frames.insert(min(len(frames), at + dice.randrange(10)), frames[at].copy())


def disorder(dice, frames):
    at, count = dice.randrange(len(frames)), dice.choice((2, 3, 8, 50))
    part = frames[at:at + count]
    dice.shuffle(part)
    frames[at:at + count] = part


def backwards(_, frames):
    frames.reverse()


def one_direction(dice, frames):
    """What one sender of a frame sent is gone."""
    frame, layers = pick(dice, frames, lambda layers: layers.has_tcp)
    if not frame:
        return
    port = layers.get('!H', layers.l4)
    frames[:] = [each for each in frames
                 if not (layers := Layers(each)).has_tcp or layers.get('!H', layers.l4) != port]


def once_more(dice, frames):
    """The same connections again, later or at once."""
    later = dice.choice((0, SECOND, 100 * SECOND, 100000 * SECOND))
    again = [frame.copy() for frame in frames]
    for frame in again:
        frame.time += later
    frames += again


def cut_short(dice, frames):
    """One frame, or all, by a snap length."""
    length = dice.choice((0, 1, 14, 33, 34, 40, 54, 60, 66, 96, 128, 256))
    for frame in frames if dice.random() < 0.3 else [dice.choice(frames)]:
        frame.lost += max(0, len(frame.data) - length)
        del frame.data[length:]


def leap(dice, frames):
    """The clock is set."""
    by = dice.choice((1, -1)) * dice.choice((1, 1000, SECOND, 3600 * SECOND, 10**17, 2**62))
    for frame in frames[dice.randrange(len(frames)):]:
        frame.time += by


def no_clock(_, frames):
    for frame in frames:
        frame.time = frames[0].time


def slowly(dice, frames):
    first, factor = frames[0].time, dice.choice((10, 1000, 10**6))
    for frame in frames:
        frame.time = first + (frame.time - first) * factor


def interface_drops(dice, frames):
    dice.choice(frames).drops = dice.choice((1, 1000, 2**63, 2**64 - 1))


def bytes_anywhere(dice, frames):
    """What editcap -E does."""
    rate = dice.choice((0.001, 0.01, 0.05))
    for frame in frames:
        for _ in range(int(len(frame.data) * rate + dice.random())):
            if frame.data:
                frame.data[dice.randrange(len(frame.data))] = dice.getrandbits(8)


OFTEN = ([of_tcp(change) for change in (odd_flags, odd_numbers, odd_window, odd_header_length,
                                        odd_ports, odd_options)]
         + [of_ip(change) for change in (odd_ip_length, odd_ip_header, as_fragment, odd_protocol,
                                         reflected, to_itself, in_tunnels)]
         + [of_payload(change) for change in payloads.ALL]
         + [in_fragments, icmp_error, icmp_error, in_pieces, overlap, lose, repeat, disorder])
SELDOM = [backwards, one_direction, once_more, cut_short, leap, no_clock, slowly, interface_drops,
          bytes_anywhere]


def mutant(dice, source, most):
    """Some frames of a capture, with a few or many things done to them."""
    start = dice.randrange(max(1, len(source) - 20)) if dice.random() < 0.3 else 0
    frames = [frame.copy() for frame in source[start:start + most]]
    for _ in range(dice.choice((1, 1, 2, 3, 5, 10, 30))):
        change = dice.choice(OFTEN if dice.random() < 0.8 else SELDOM)
        change(dice, frames)
        del frames[MOST_FRAMES:]
        if not frames:
            break
    return frames
