#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of truth.py that need no root: the map, the kernel's lines, who answers what."""
import importlib
import os
import pkgutil
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from forge import segment  # noqa: E402
from kernel import parse  # noqa: E402
from packet import ACK, RST, SYN, Packet  # noqa: E402
from reasons import Label, Map, answers  # noqa: E402
from recording import Frame  # noqa: E402
from scene import SCENARIOS  # noqa: E402
import truth  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
for module in pkgutil.iter_modules(truth.__path__):
    importlib.import_module(f'truth.{module.name}')
truth.again.repeat()

CLIENT, SERVER = ('192.0.2.1', 40000), ('198.51.100.1', 80)


def frames(*packets):
    return [Frame(number, number * 10**9, bytes(14) + data)
            for number, data in enumerate(packets, 1)]


class MapTest(unittest.TestCase):
    def setUp(self):
        self.map = Map(os.path.join(HERE, 'reasons.map'))

    def fitting(self, *key):
        return self.map.fitting(Label(1, *key, True))

    def test_holds_one_to_three_each(self):
        sizes = [len(fitting) for _, fitting in self.map.lines]
        self.assertTrue(all(1 <= size <= 3 for size in sizes))
        self.assertTrue(all(1 <= len(fitting) <= 3 for fitting in self.map.silent.values()))

    def test_takes_the_first_line_that_matches(self):
        self.assertEqual(self.fitting('NO_SOCKET', 'UNKNOWN', 'server', 'syn'), ['connect_refused'])
        self.assertIn('rst_after_good_synack',
                      self.fitting('NO_SOCKET', 'UNKNOWN', 'client', 'synack'))

    def test_what_looks_alike_is_one_set(self):
        sets = {tuple(self.fitting(reason, 'CLOSE', 'server', 'nothing')) for reason in
                ('TCP_ABORT_ON_CLOSE', 'TCP_STATE', 'TCP_ABORT_ON_LINGER', 'TCP_ABORT_ON_MEMORY')}
        self.assertEqual(len(sets), 1)

    def test_knows_nothing_of_an_unknown_reason(self):
        self.assertEqual(self.fitting('?', '?', 'server', 'nothing'), [])

    def test_knows_every_silence_of_the_scenarios(self):
        for play in SCENARIOS:
            if play.silent:
                self.assertIn(play.silent, self.map.silent)


class KernelTest(unittest.TestCase):
    LINE = ('   <idle>-0  [001] ..s3.  12.5: tcp_send_reset: skbaddr=0 skaddr=0 src={} dest={} '
            'state={} reason={}')

    def parsed(self, *words):
        return parse(self.LINE.format(*words), 1000)

    def test_reads_addresses_of_both_families(self):
        event = self.parsed('192.0.2.1:80', '192.0.2.2:4000', 'TCP_CLOSE', 'TCP_STATE')
        self.assertEqual((event.time, event.source, event.target, event.state, event.reason),
                         (1012.5, ('192.0.2.1', 80), ('192.0.2.2', 4000), 'CLOSE', 'TCP_STATE'))
        event = self.parsed('[2001:db8::1]:80', '[::ffff:192.0.2.2]:1', 'UNKNOWN', 'NO_SOCKET')
        self.assertEqual((event.source, event.target), (('2001:db8::1', 80), ('192.0.2.2', 1)))

    def test_other_lines_are_none(self):
        self.assertIsNone(parse('# tracer: nop', 0))


class AnswersTest(unittest.TestCase):
    """By RFC 9293 3.5.2."""

    def answered(self, *packets):
        taken = frames(*packets)
        return answers(taken, taken[-1])

    def test_a_syn(self):
        syn = segment(CLIENT, SERVER, SYN, 100)
        self.assertEqual(self.answered(syn, segment(SERVER, CLIENT, RST | ACK, 0, 101)), 'syn')
        self.assertEqual(self.answered(syn, segment(SERVER, CLIENT, RST | ACK, 0, 99)), 'nothing')

    def test_a_synack_or_a_segment(self):
        reset = segment(CLIENT, SERVER, RST, 101)
        self.assertEqual(self.answered(segment(SERVER, CLIENT, SYN | ACK, 7, 101), reset), 'synack')
        self.assertEqual(self.answered(segment(SERVER, CLIENT, ACK, 7, 101), reset), 'segment')
        self.assertEqual(self.answered(segment(SERVER, CLIENT, ACK, 7, 102), reset), 'nothing')

    def test_nothing_by_its_own_will(self):
        data = segment(CLIENT, SERVER, ACK, 7, 101)
        self.assertEqual(self.answered(data, segment(SERVER, CLIENT, RST | ACK, 101, 7)), 'nothing')


class ForgeTest(unittest.TestCase):
    def test_checksums_are_right(self):
        packet = Packet(segment(CLIENT, SERVER, SYN, 5, ident=9, payload=b'odd'))
        self.assertEqual(packet.header_checksum(), 0)
        sum_before = packet.checksum
        packet.seal()
        self.assertEqual(packet.checksum, sum_before)

    def test_names_of_scenarios_are_unique_and_enough(self):
        names = [play.name for play in SCENARIOS]
        self.assertEqual(len(names), len(set(names)))
        self.assertGreaterEqual(len(names), 60)
        self.assertGreaterEqual(sum(play.tempting for play in SCENARIOS), 10)


if __name__ == '__main__':
    unittest.main()
