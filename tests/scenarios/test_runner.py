#!/usr/bin/python3
"""usage: test_runner.py SCENARIO

The runner itself: it must fail when it should, and fill in what a correct stack would send.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCENARIO = ""
SYN, PSH, ACK, RST = 0x02, 0x08, 0x10, 0x04

REFUSED = """
0.000  C  S
0.003  S  R.
1.000  end
"""

HANDSHAKE = """
0.000  C  S
0.010  S  S.
0.020  C  .
"""


def run(story, *options):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "story.scn"
        file.write_text(story, encoding="utf-8")
        return subprocess.run([SCENARIO, *options, file], text=True, capture_output=True,
                              check=False)


def segments(story):
    """The segments that the core is fed, without the settings."""
    lines = run(story, "--facts").stdout.splitlines()[1:]
    return [fact for fact in map(json.loads, lines) if fact["kind"] == "segment"]


class Judgement(unittest.TestCase):
    def refuses(self, story, complaint, status=1):
        done = run(story)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(complaint, done.stderr)

    def test_what_is_found_as_expected_passes(self):
        done = run(REFUSED + "expect connect_refused delay=0.003 frame=2\noutcome failed\n")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_finding_that_nobody_expects_fails(self):
        self.refuses(REFUSED + "expect nothing\n", "found, not expected")

    def test_a_finding_that_is_missing_fails(self):
        self.refuses(REFUSED + "expect connect_refused\nexpect syn_no_reply\n",
                     "wanted: expect syn_no_reply")

    def test_one_finding_cannot_meet_two_lines(self):
        self.refuses(REFUSED + "expect connect_refused\nexpect connect_refused\n", "wanted")

    def test_a_wrong_value_fails_and_is_named(self):
        self.refuses(REFUSED + "expect connect_refused delay=0.005\n",
                     "nearest differs in: delay=0.005")

    def test_a_wrong_property_fails_and_is_named(self):
        self.refuses(REFUSED + "expect connect_refused frame=1\n", "nearest differs in: frame=1")

    def test_an_accusation_is_not_benign(self):
        self.refuses(REFUSED + "expect connect_refused benign\n", "benign")

    def test_evidence_must_be_there(self):
        self.refuses(REFUSED + "expect connect_refused evidence=alert:2\n", "evidence=alert:2")

    def test_a_wrong_outcome_fails(self):
        self.refuses(REFUSED + "expect connect_refused\noutcome healthy\n",
                     'wanted "healthy", found "failed"')

    def test_a_wrong_verdict_fails(self):
        self.refuses(REFUSED + "expect connect_refused\noutcome failed verdict=syn_no_reply\n",
                     'wanted "syn_no_reply"')

    def test_a_wrong_summary_fails(self):
        self.refuses(REFUSED + 'expect connect_refused\nsummary connect_refused "refused"\n',
                     'wanted "refused"')

    def test_a_story_without_expectations_fails(self):
        self.refuses(REFUSED, "expects nothing at all")

    def test_words_that_nobody_knows_are_errors(self):
        for line in ("0.0 C S lenn=4", "0.0 X S", "0.0 C Q", "0.0 2:C S", "set nonsense=1",
                     "expect connect_refused delai=1", "expect nonsense", "0.0 C P. tls=nonsense",
                     'summary nonsense "x"', "0.0 dns ask name=x", "x C S", "0.0 C again"):
            with self.subTest(line):
                self.refuses(line + "\nexpect nothing\n", "story.scn:1:", status=2)


class Defaults(unittest.TestCase):
    def test_a_handshake_acknowledges_itself(self):
        syn, synack, ack = segments(HANDSHAKE)
        self.assertEqual([one["flags"] for one in (syn, synack, ack)], [SYN, SYN | ACK, ACK])
        self.assertEqual(synack["ack"], syn["seq"] + 1)
        self.assertEqual((ack["seq"], ack["ack"]), (syn["seq"] + 1, synack["seq"] + 1))

    def test_timestamps_echo_the_newest_that_arrived(self):
        syn, synack, ack = segments(HANDSHAKE)
        self.assertEqual(syn["options"]["ts"][1], 0)
        self.assertEqual(synack["options"]["ts"][1], syn["options"]["ts"][0])
        self.assertEqual(ack["options"]["ts"][1], synack["options"]["ts"][0])

    def test_options_that_the_syn_lacks_are_not_answered(self):
        _, synack, ack = segments("0 C S nots nosack\n0 S S.\n0 C .\n")
        self.assertEqual(synack["options"], {"mss": 1460, "ws": 7})
        self.assertEqual(ack["options"], {})

    def test_bytes_beyond_a_hole_are_reported_by_sack(self):
        *_, data, ack = segments(HANDSHAKE + "0.1 S . len=100 lost\n0.2 S . len=50\n0.3 C .\n")
        self.assertEqual(ack["options"]["sack"], [[data["seq"], data["seq"] + 50]])
        self.assertEqual(ack["ack"], data["seq"] - 100)

    def test_what_only_the_capture_missed_is_acknowledged(self):
        *_, data, ack = segments(HANDSHAKE + "0.1 S . len=100 missed\n0.2 S . len=50\n0.3 C .\n")
        self.assertEqual(ack["ack"], data["seq"] + 50)

    def test_what_was_captured_and_dropped_later_is_not(self):
        *_, data, ack = segments(HANDSHAKE + "0.1 S . len=100 dropped\n0.2 C .\n")
        self.assertEqual(ack["ack"], data["seq"])

    def test_again_is_a_new_packet_with_old_bytes(self):
        *_, first, second = segments(HANDSHAKE + "0.1 C P. len=30\n0.3 C again\n")
        self.assertEqual((first["seq"], first["data"]), (second["seq"], second["data"]))
        self.assertNotEqual(first["ip_id"], second["ip_id"])

    def test_again_finds_the_segment_that_began_there(self):
        *_, first, _, again = segments(HANDSHAKE + "0.1 C . len=30\n0.1 C . len=30\n"
                                       "0.3 C again seq=1\n")
        self.assertEqual((first["seq"], first["data"]), (again["seq"], again["data"]))

    def test_a_copy_is_the_same_packet(self):
        *_, first, second = segments(HANDSHAKE + "0.1 C P. len=30\n0.3 C copy ttl=63\n")
        differing = {key for key in first if first[key] != second[key]}
        self.assertEqual(differing, {"frame", "time_ns", "ttl"})

    def test_a_part_of_filler_is_the_same_bytes_under_its_own_number(self):
        *_, whole, part = segments(HANDSHAKE + "0.1 C . len=60\n0.2 C . seq=31 len=30\n")
        self.assertEqual(part["data"], whole["data"][60:])

    def test_a_reset_answers_with_the_number_that_it_was_sent(self):
        *_, synack, reset = segments("0 C S\n0 S S. ack=77\n0 C R\n")
        self.assertEqual((reset["seq"], reset["flags"]), (synack["ack"], RST))

    def test_a_refusal_has_sequence_number_zero(self):
        syn, reset = segments("0 C S\n0 S R.\n")
        self.assertEqual((reset["seq"], reset["ack"]), (0, syn["seq"] + 1))

    def test_new_ports_reuse_gets_new_numbers_and_a_new_stream(self):
        *_, before, after = segments(HANDSHAKE + "5.0 C S new\n")
        self.assertNotEqual(after["seq"], before["seq"])
        self.assertEqual((before["stream"], after["stream"]), (0, 1))

    def test_streams_are_those_of_wireshark(self):
        for story, streams in (("0 C S\n0 S R.\n1 C S\n", [0, 0, 0]),
                               ("0 C S\n1 C S seq=500\n1 S .\n1 C S\n", [0, 1, 1, 2]),
                               ("0 S .\n1 C S seq=500\n", [0, 1]),
                               ("0 C S\n0 S S.\n1 S S. seq=9\n", [0, 0, 0])):
            with self.subTest(story):
                self.assertEqual([one["stream"] for one in segments(story)], streams)

    def test_an_old_connection_answers_with_old_numbers(self):
        _, _, ack, _, challenge, reset = segments(HANDSHAKE + "5 C S new\n5 S . old\n5 C R\n")
        self.assertEqual((challenge["seq"], challenge["ack"]), (ack["ack"], ack["seq"]))
        self.assertEqual(reset["seq"], challenge["ack"])

    def test_sequence_numbers_wrap(self):
        connection = "connection 1 client_isn=4294967290\n"
        *_, data, ack = segments(connection + HANDSHAKE + "0.1 C P. len=100\n0.2 S .\n")
        self.assertEqual((data["seq"], ack["ack"]), (4294967291, 95))

    def test_ecn_is_on_new_data_only(self):
        *_, data, again = segments("0 C SEW\n0 S S.E\n0 C .\n0 C P. len=9\n1 C again\n")
        self.assertEqual((data["tos"], again["tos"]), (2, 0))


if __name__ == "__main__":
    SCENARIO = sys.argv.pop(1)
    unittest.main()
