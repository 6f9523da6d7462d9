#!/usr/bin/python3
"""Two Wiresharks, one with diag and one without, and captures that both can read. Imported by the
tests of what diag does to Wireshark.
"""
import contextlib
import gzip
import itertools
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "scenarios")]

import cases  # noqa: E402
import pcap  # noqa: E402
from plugged import Plugged  # noqa: E402

MAGIC = (b"\n\r\r\n", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1",
         b"\xa1\xb2\x3c\x4d", b"snoo", b"GMBU")  # pcapng, pcap, snoop, Network Monitor
LOG_STAMP = re.compile(r"^ *\*\* \(\w+:\d+\) [\d:.]+ ", re.M)
KEYS = (b"CLIENT_RANDOM", b"CLIENT_HANDSHAKE_TRAFFIC_SECRET")


class Command:
    """A program of Wireshark as the user calls it, or one in a private home (see Plugged)."""

    def __init__(self, words, plugged=None):
        self.words = words
        self.plugged = plugged

    def how(self, *options):
        """The arguments with which subprocess calls it."""
        if not self.plugged:
            return {"args": [*self.words, *map(str, options)]}
        return {"args": [*self.words, *map(str, options)], "env": self.plugged.environment,
                "cwd": self.plugged.home, **self.plugged.options}

    def run(self, *options, timeout=600):
        """Status, output, and errors without the time and the process id of a logged line; bytes
        that are no text survive. Who does not end in time has the status None."""
        try:
            done = subprocess.run(**self.how(*options), capture_output=True, check=False, text=True,
                                  encoding="utf-8", errors="surrogateescape", timeout=timeout)
        except subprocess.TimeoutExpired:
            return None, "", f"does not end within {timeout} s"
        return done.returncode, done.stdout, LOG_STAMP.sub("", done.stderr)

    def start(self, *options, **streams):
        """A running process; the caller ends it."""
        return subprocess.Popen(**self.how(*options), **streams)


def first_difference(ours, stock, one="with diag", other="without"):
    """The first line in which two texts differ."""
    lines = itertools.zip_longest(ours.split("\n"), stock.split("\n"))
    for number, (left, right) in enumerate(lines, 1):
        if left != right:
            return f"line {number}: {one} {left!r}, {other} {right!r}"
    return "no line differs"


@contextlib.contextmanager
def tsharks(plugin, commands):
    """The tshark with diag and the one without: private ones, or two commands of the user."""
    if commands:
        yield [Command(shlex.split(command)) for command in commands]
        return
    with Plugged(plugin) as ours, Plugged(None) as stock:
        yield [Command(["tshark"], ours), Command(["tshark"], stock)]


@contextlib.contextmanager
def programs(plugin, *commands):
    """tshark and sharkd with diag: private ones, or two commands of the user."""
    if all(commands):
        yield [Command(shlex.split(command)) for command in commands]
        return
    with Plugged(plugin) as ours:
        yield Command(["tshark"], ours), Command(["sharkd"], ours)


@contextlib.contextmanager
def room():
    """A directory in which everybody can read and write, for programs that run as nobody."""
    with tempfile.TemporaryDirectory(prefix="diag-pairs-") as path:
        os.chmod(path, 0o777)
        yield pathlib.Path(path)


def content(file):
    data = file.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def is_capture(file):
    try:
        return file.is_file() and content(file)[:4] in MAGIC
    except (OSError, EOFError):
        return False


def captures_in(paths):
    """Files, and the captures anywhere below directories."""
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            yield from filter(is_capture, sorted(path.rglob("*")))
        else:
            yield path


def has_keys(file):
    """Secrets stand in the file as text; merging captures would lose them."""
    return any(label in content(file) for label in KEYS)


def lend(file, directory, name):
    copy = directory / f"{name}-{file.parent.name}-{file.name}".replace(" ", "-")
    shutil.copyfile(file, copy)
    copy.chmod(0o644)
    return copy


def merge(files, directory, name):
    """One after the other in one file, which costs one start of tshark. Halved until what mergecap
    refuses, a capture that was cut short, stands alone."""
    if len(files) == 1:
        return [lend(files[0], directory, name)]
    merged = directory / f"merged-{name}.pcapng"
    done = subprocess.run(["mergecap", "-a", "-w", merged, *files], check=False,
                          capture_output=True)
    if done.returncode != 0:
        merged.unlink(missing_ok=True)
        half = len(files) // 2
        return merge(files[:half], directory, name + "a") + merge(files[half:], directory, name + "b")
    merged.chmod(0o644)
    return [merged]


def told(scenario, paths, directory):
    """The scenarios below the paths as captures; scenario is the program that tells them."""
    for path in map(pathlib.Path, paths):
        for number, file in enumerate(sorted(path.rglob("*.scn"))):
            text = subprocess.run([scenario, "--facts", file], check=True, text=True,
                                  capture_output=True).stdout
            capture = directory / f"{number:03}-{file.stem}.pcapng"
            pcap.write([json.loads(line) for line in text.splitlines()][1:], capture)
            yield capture


def in_groups(files, limit):
    group, size = [], 0
    for file in files:
        if group and size + file.stat().st_size > limit:
            yield group
            group, size = [], 0
        group.append(file)
        size += file.stat().st_size
    if group:
        yield group


def prepare(paths, directory, merged_bytes, scenario=None):
    """What to read: each capture by itself, or merged up to so many bytes (0: never). Also how many
    captures that are, with those made for the purpose."""
    files = list(captures_in(paths))
    if scenario:
        (directory / "told").mkdir()
        files += told(scenario, paths, directory / "told")
    if not files:
        sys.exit(f"no captures in {' '.join(map(str, paths))}")
    alone = [file for file in files if not merged_bytes or has_keys(file)]
    groups = in_groups([file for file in files if file not in alone], merged_bytes)
    ready = [file for number, group in enumerate(groups)
             for file in merge(group, directory, f"{number:03}")]
    ready += [lend(file, directory, f"{number:03}") for number, file in enumerate(alone)]
    ready.append(directory / "cases.pcap")
    cases.write(ready[-1])
    ready[-1].chmod(0o644)
    return len(files) + 1, ready
