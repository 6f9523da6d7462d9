#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of the bed that need no root: what a middlebox changes, and what is called true."""
import os
import struct
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import recording  # noqa: E402
from bed import syn_time  # noqa: E402
from packet import ACK, ECE, FIN, PSH, RST, SYN, Packet, internet_checksum  # noqa: E402
from record import all_stories  # noqa: E402
from story import Dice, duration  # noqa: E402
from talk import response_of_total  # noqa: E402

# A SYN/ACK: port 80 to 40404, MSS 1460, SACK permitted, TSval 7, TSecr 9, window scale 7.
TCP_HEADER = bytes.fromhex('0050 9dd4 00000064 000000c9 a012 fe88 0000 0000'
                           '020405b4 0402 080a 00000007 00000009 01 030307')
V4_HEADER = bytes.fromhex('4500 003c 0000 4000 3f06 0000 c6336450 c000020a')
V6_HEADER = bytes.fromhex('60200000 0028 06 3f') + bytes(15) + b'\1' + bytes(15) + b'\2'


def segment(source=40404, target=80, flags=ACK, seq=1, payload=b''):
    """A frame on the way from one port to another; odd ports belong to the other host."""
    tcp = struct.pack('!HHIIBBHHH', source, target, seq, 0, 0x50, flags, 0, 0, 0) + payload
    hosts = (bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
    ip = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
    ends = hosts if source > target else hosts[::-1]
    return bytes(14) + ip + b''.join(ends) + tcp


def frames(*segments):
    return [recording.Frame(number + 1, number * 10**9, data)
            for number, data in enumerate(segments)]


class PacketTest(unittest.TestCase):
    def test_reads_ports_flags_and_timestamps_of_ipv4_and_ipv6(self):
        for header in (V4_HEADER, V6_HEADER):
            packet = Packet(header + TCP_HEADER)
            self.assertEqual((packet.sport, packet.dport), (80, 40404))
            self.assertTrue(packet.has(SYN | ACK))
            self.assertEqual(packet.timestamps(), (7, 9))
            self.assertEqual(packet.payload, b'')

    def test_says_who_sends_to_whom(self):
        packet = Packet(V4_HEADER + TCP_HEADER)
        self.assertEqual((packet.source, packet.target), ('198.51.100.80', '192.0.2.10'))

    def test_sets_marks_and_the_bits_of_accurate_ecn(self):
        for header in (V4_HEADER, V6_HEADER):
            packet = Packet(header + TCP_HEADER)
            if not packet.v6:
                struct.pack_into('!H', packet.data, 10, packet.header_checksum())
            packet.set_ecn(3)
            self.assertEqual(packet.ecn, 3)
            self.assertTrue(packet.v6 or packet.header_checksum() == 0)
            for bits in range(8):
                packet.set_ace(bits)
                self.assertEqual(packet.ace, bits)
                self.assertTrue(packet.has(SYN | ACK))
            packet.drop_timestamps()
            self.assertIsNone(packet.timestamps())

    def test_a_changed_packet_gets_the_checksum_of_what_it_says_now(self):
        for header in (V4_HEADER, V6_HEADER):
            packet = Packet(header + TCP_HEADER)
            packet.set_timestamps(0, 2174718965)
            packet.seal()
            pseudo = b''.join(packet.addresses) + struct.pack('!IHBB', len(TCP_HEADER), 0, 0, 6)
            self.assertEqual(internet_checksum(pseudo + packet.data[packet.l4:]), 0)
            self.assertEqual(packet.timestamps(), (0, 2174718965))

    def test_sequence_numbers_wrap(self):
        packet = Packet(V4_HEADER + TCP_HEADER)
        packet.seq = 2**32 - 1
        packet.seq += 1
        self.assertEqual(packet.seq, 0)

    def test_padding_behind_the_packet_is_no_payload(self):
        self.assertEqual(Packet(V4_HEADER + TCP_HEADER + bytes(6)).payload, b'')

    def test_flags_that_are_not_asked_about_do_not_count(self):
        packet = Packet(V4_HEADER + TCP_HEADER)
        packet.flags |= ECE | PSH
        self.assertTrue(packet.has(SYN | ACK))
        self.assertFalse(packet.has(SYN))
        self.assertFalse(packet.has(FIN, FIN))


class RecordingTest(unittest.TestCase):
    def test_another_syn_on_the_same_ports_is_another_stream(self):
        record = recording.Recording(frames(
            segment(flags=SYN, seq=5), segment(80, 40404, SYN | ACK), segment(flags=RST),
            segment(flags=SYN, seq=5), segment(flags=SYN, seq=900), segment(seq=901)))
        self.assertEqual([frame.stream for frame in record.frames], [0, 0, 0, 0, 1, 1])
        self.assertEqual(record.stream_of(40404, occurrence=1), 1)

    def test_pcapng_keeps_bytes_and_nanoseconds(self):
        record = recording.Recording(frames(segment(payload=b'abc')))
        record.frames[0].time = 1_700_000_000_123_456_789
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, 'x.pcapng')
            recording.write(file, record, 'client0', 'a comment')
            with open(file, 'rb') as source:
                content = source.read()
        self.assertIn(segment(payload=b'abc'), content)
        high, low = divmod(1_700_000_000_123_456_789, 2**32)
        self.assertIn(struct.pack('<II', high, low), content)
        self.assertEqual(len(content) % 4, 0)


class StoryTest(unittest.TestCase):
    def test_syn_times_are_those_of_linux(self):
        self.assertEqual(syn_time(6, 0), 1 + 2 + 4 + 8 + 16)
        self.assertEqual(syn_time(8, 4), 1 + 1 + 1 + 1 + 1 + 2 + 4)
        self.assertEqual(syn_time(1, 4), 0)

    def test_durations_are_printed_as_diag_prints_them(self):
        self.assertEqual([duration(value) for value in (30, 0.0364, 0.0085, 0.00005)],
                         ['30.0 s', '36 ms', '8.5 ms', '50 us'])

    def test_a_response_has_exactly_the_size_asked_for(self):
        for total in (100, 163, 164, 165, 1010, 1011, 1300):
            self.assertEqual(len(response_of_total(total)), total)

    def test_without_a_seed_the_numbers_are_the_cases_own(self):
        for story in all_stories().values():
            one, other = (story.roll(Dice(None, story.name)) for _ in range(2))
            self.assertEqual(vars(one), vars(other), story.name)

    def test_a_seed_changes_the_numbers_and_repeats_them(self):
        for story in all_stories().values():
            one, same, other = (story.roll(Dice(seed, story.name)) for seed in ('1', '1', '2'))
            self.assertEqual(vars(one), vars(same), story.name)
            self.assertNotEqual(one.site, other.site, story.name)

    def test_every_story_has_its_words(self):
        for name, story in all_stories().items():
            self.assertTrue(story.title and story.happened and story.made and story.why, name)


if __name__ == '__main__':
    unittest.main()
