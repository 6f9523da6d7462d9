# SPDX-License-Identifier: GPL-2.0-or-later
"""What may happen to the bytes behind a transport header: TLS, a name service, whatever it is. Each
takes dice and the bytes, and returns what becomes of them."""
import struct

ODD_SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 20, 39, 40, 41, 255, 256, 16384, 16385, 0x4800, 65535)
TLS_TYPES = (20, 21, 22, 23, 24, 0x80, 0x16, 0)


def noise(dice, data):
    for _ in range(max(1, int(len(data) * dice.choice((0.001, 0.01, 0.05, 0.3))))):
        data[dice.randrange(len(data))] = dice.getrandbits(8)
    return data


def odd_length_field(dice, data):
    """Any two bytes may be a length, and many are."""
    if len(data) > 2:
        at = dice.randrange(min(len(data) - 1, dice.choice((8, 64, 512, 65536))))
        now = struct.unpack_from('!H', data, at)[0]
        size = dice.choice((*ODD_SIZES, now + 1, now - 1, now * 2)) % 65536
        struct.pack_into('!H', data, at, size)
    return data


def record_starts(data):
    """Of TLS records, as long as their lengths lead from one to the next."""
    at = 0
    while at + 5 <= len(data) and 20 <= data[at] <= 24 and data[at + 1] == 3:
        yield at
        at += 5 + struct.unpack_from('!H', data, at + 3)[0]


def odd_record(dice, data):
    starts = list(record_starts(data))
    if not starts:
        return odd_length_field(dice, data)
    at, what = dice.choice(starts), dice.randrange(5)
    if what == 0:
        data[at] = dice.choice(TLS_TYPES)
    elif what == 1:
        data[at + 2] = dice.getrandbits(8)
    elif what == 2:
        struct.pack_into('!H', data, at + 3, dice.choice(ODD_SIZES))
    elif what == 3 and at + 9 <= len(data):
        odd = b'\0\0\0', b'\xff\xff\xff', b'\0\0\1', dice.randbytes(3)
        data[at + 6:at + 9] = dice.choice(odd)
    elif at + 6 <= len(data):
        data[at + 5] = dice.choice((0, 1, 2, 4, 8, 11, 12, 13, 14, 16, 20, 24, 25, 67, 254))
    return data


def records_anew(dice, data):
    """The same bytes in records of another size, as a stack that fragments would write them."""
    starts = list(record_starts(data))
    if not starts:
        return data
    kind, version, size = data[0], bytes(data[1:3]), dice.choice((1, 2, 3, 5, 50, 500))
    body = bytes(data[5:])
    pieces = [body[at:at + size] for at in range(0, min(len(body), 2000), size)]
    return bytearray(b''.join(bytes([kind]) + version + struct.pack('!H', len(piece)) + piece
                              for piece in pieces))


def alert(dice, data):
    return data + bytes([21, 3, 3, 0, 2, dice.choice((1, 2, 3)), dice.getrandbits(8)])


def grown(dice, data):
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.randbytes(dice.choice((1, 4, 100, 1400))) + data[at:]


def shrunk(dice, data):
    return data[:dice.randrange(len(data))]


def name_pointers(dice, data):
    """A name that leads elsewhere in the message, perhaps to itself."""
    if len(data) > 14:
        at = dice.randrange(12, len(data) - 1)
        data[at:at + 2] = struct.pack('!H', 0xC000 | dice.choice((12, at, at - 2, 0, 0x3FFF)))
    return data


def name_counts(dice, data):
    if len(data) >= 12:
        struct.pack_into('!H', data, dice.choice((2, 4, 6, 8, 10)), dice.choice(ODD_SIZES))
    return data


ALL = (noise, odd_length_field, odd_record, odd_record, records_anew, alert, grown, shrunk,
       name_pointers, name_counts)
