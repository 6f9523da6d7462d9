#!/usr/bin/python3
"""usage: misuse.py PLUGIN CAPTURE

Files that are no captures, captures that are cut short, and arguments that mean nothing: a clear
message, a status other than zero where tshark has one, and whatever could be read is diagnosed. So
it is with more connections than the preferences allow.
"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from plugged import Plugged  # noqa: E402

REPORTS = ("diag", "diag,conv", "diag,explain", "diag,json")


class Misuse(unittest.TestCase):
    plugged = None
    capture = None

    def file(self, name, content):
        path = self.plugged.home / name
        path.write_bytes(content)
        path.chmod(0o644)
        return path

    def tshark(self, file, report, *options):
        return self.plugged.run("tshark", "-n", "-q", "-r", file, "-z", report, *options,
                                check=False)

    def refuses(self, report, *words):
        done = self.tshark(self.capture, report)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_file_that_is_no_capture(self):
        done = self.tshark(self.file("text.pcap", b"not a capture\n" * 50), "diag,json")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("isn't a capture file", done.stderr)

    def test_an_empty_file(self):
        file = self.file("empty.pcap", b"")
        for report in REPORTS:
            with self.subTest(report):
                self.assertEqual(self.tshark(file, report).returncode, 0)
        entry = json.loads(self.tshark(file, "diag,json").stdout)
        self.assertEqual((entry["type"], entry["frames"]), ("capture", 0))

    def test_a_capture_cut_anywhere_is_diagnosed_as_far_as_it_goes(self):
        whole = self.capture.read_bytes()
        for length in range(len(whole) // 2, len(whole), len(whole) // 7):
            file = self.file("cut.pcapng", whole[:length + 3])
            for passes in ([], ["-2"]):
                with self.subTest(length=length, passes=passes):
                    done = self.tshark(file, "diag,json", *passes)
                    self.assertIn("cut short", done.stderr)
                    self.assertNotEqual(done.returncode, 0)
                    lines = [json.loads(line) for line in done.stdout.splitlines()]
                    self.assertEqual(lines[-1]["type"], "capture")
                    self.assertGreater(lines[-1]["frames"], 0)

    def test_a_file_that_is_not_there(self):
        done = self.tshark("/no/such/file", "diag")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("doesn't exist", done.stderr)

    def test_a_report_that_nobody_knows(self):
        self.refuses("diag,nonsense", "nonsense", "conv", "explain", "json")

    def test_a_report_whose_name_only_begins_like_ours(self):
        self.refuses("diagx", "diagx", "conv", "explain", "json")

    def test_a_filter_that_does_not_parse(self):
        self.refuses("diag,json,tcp.port==", "tcp.port==", "invalid")

    def test_a_filter_on_a_field_that_is_not_there(self):
        self.refuses("diag,conv,no.such_field == 1", "no.such_field")

    def test_a_stream_that_is_not_there(self):
        self.assertIn("no TCP stream 77", self.tshark(self.capture, "diag,explain,77").stdout)

    def test_more_connections_than_are_judged(self):
        for report in REPORTS[:3]:
            with self.subTest(report):
                self.assertNotIn("Left out", self.tshark(self.capture, report).stdout)
                shown = self.tshark(self.capture, report, "-o", "diag.connections:1").stdout
                self.assertRegex(shown, r"Left out: connections that .*: [1-9]")
        for passes in ([], ["-2"]):
            done = self.tshark(self.capture, "diag,json", "-o", "diag.connections:1", *passes)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(lines[-1]["connections"], 1)
            self.assertGreater(lines[-1]["dropped"]["connections"], 0)
        done = self.tshark(self.capture, "diag,json")
        self.assertFalse(any(json.loads(done.stdout.splitlines()[-1])["dropped"].values()))
        shown = self.tshark(self.capture, "diag,explain,1", "-o", "diag.connections:1").stdout
        self.assertIn("no TCP stream 1 in what was judged", shown)


def main():
    plugin, capture = sys.argv[1:]
    with Plugged(plugin) as plugged:
        Misuse.plugged = plugged
        Misuse.capture = plugged.lend(capture)
        result = unittest.main(argv=sys.argv[:1], exit=False).result
    return not result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
