#!/usr/bin/python3
"""What was found to be in order already, so that a run over many captures goes on where it was
stopped. Imported by the tests of what diag does to Wireshark.
"""
import hashlib
import pathlib


class Ledger:
    """A line for each capture, in a file; with None nothing is remembered. It holds for the same
    bytes of the capture, of the plugin and of whatever else is in said."""

    def __init__(self, path, *said):
        self.path = pathlib.Path(path) if path else None
        self.said = repr(said).encode()
        self.done = set()
        if self.path and self.path.exists():
            self.done = {line.split(" ", 1)[0] for line in self.path.read_text().splitlines()}

    def key(self, capture):
        return hashlib.sha256(self.said + capture.read_bytes()).hexdigest()[:20]

    def left_of(self, captures):
        """The captures that are still to be looked at."""
        return [capture for capture in captures if self.key(capture) not in self.done]

    def note(self, capture, text):
        print(f"{capture.name}: {text}", flush=True)
        if self.path:
            with self.path.open("a") as file:
                print(self.key(capture), capture.name, text, file=file)


def program(plugin, command):
    """What decides what is tested: Wireshark's version and the plugin, or the user's own command."""
    version = command.run("--version")[1].split("\n", 1)[0]
    return version, pathlib.Path(plugin).read_bytes() if plugin else command.words
