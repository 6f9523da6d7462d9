#!/usr/bin/python3
"""usage: live.py PLUGIN

tshark with diag captures a talk on the loopback interface, first into one file and then into a ring
of files. Once diag's own items are taken out it must have printed what a tshark without diag prints
of these files, and diag must have said of each frame what it says when the files are read. Exits
with 77 where capturing is not permitted.
"""
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import own_items
import pairs
from orders import blocks

TALKS = 8
LEAST_FRAMES = 9  # of each
PATIENCE = 30  # seconds until a capture must have begun, or have seen all
RINGS = {"one file": [], "ring of files": ["-b", "packets:15", "-b", "files:20"]}
FRAME = re.compile(r"^Frame \d+: ", re.M)
SKIPPED = 77


class Listener:
    """tshark on the loopback interface, with what it prints in files."""

    def __init__(self, command, directory, port, options):
        self.directory = directory
        self.directory.mkdir()
        self.directory.chmod(0o777)
        self.printed, self.errors = self.directory / "printed", self.directory / "errors"
        words = ["-n", "-i", "lo", "-f", f"tcp port {port}", "-w", self.directory / "live.pcapng",
                 *options, "-P", "-V", "-l"]
        with open(self.printed, "wb") as out, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen([*command.words, *map(str, words)], stdout=out,
                                            stderr=errors, env=command.plugged.environment)

    def listens(self):
        return "Capturing on" in self.errors.read_text()

    def frames(self):
        return len(FRAME.findall(self.text()))

    def text(self):
        return self.printed.read_text(errors="surrogateescape")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)

    def files(self):
        return sorted(self.directory.glob("live*.pcapng"))


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def may_capture(plugged):
    """tshark without root, which would refuse the plugin, but with what capturing takes."""
    words = ["tshark"]
    if plugged.options:
        capabilities = "-all,+net_raw,+net_admin"
        words = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
                 "--inh-caps", capabilities, "--ambient-caps", capabilities, "tshark"]
    return pairs.Command(words, plugged)


def answer(server):
    """Every second connection ends with a reset."""
    for number in range(TALKS):
        peer, _ = server.accept()
        peer.recv(1000)
        peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello\n")
        if number % 2:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()


def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        try:
            while client.recv(1000):
                pass
        except ConnectionResetError:
            pass


def talk(server, port):
    """Answered, reset, and at last refused."""
    thread = threading.Thread(target=answer, args=(server,))
    thread.start()
    for _ in range(TALKS):
        ask(port)
        time.sleep(0.2)
    thread.join()
    server.close()
    try:
        ask(port)
    except ConnectionRefusedError:
        return
    sys.exit(f"somebody else listens on port {port}")


def read_again(tshark, files):
    """What tshark prints of each file, one after the other."""
    return [tshark.run("-n", "-r", file, "-P", "-V")[1] for file in files]


def as_files(text):
    """What was printed live, by file: in a ring, frame numbers begin again with each."""
    return re.split(r"^(?=.*\nFrame 1: )", text, flags=re.M)[1:]


def captured(command, directory, options):
    """The listener after the talk; None where it may not listen."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    listener = Listener(command, directory, port, options)
    try:
        if not wait_until(lambda: listener.listens() or listener.process.poll() is not None):
            sys.exit("tshark neither captures nor gives up")
        if listener.process.poll() is not None:
            return None
        time.sleep(1)  # it says so a moment before it is true
        talk(server, port)
        wait_until(lambda: listener.frames() >= TALKS * LEAST_FRAMES)
        time.sleep(1)
    finally:
        listener.stop()
    return listener


def first_difference(live, later):
    for file, (one, other) in enumerate(zip(live, later), 1):
        if one != other:
            return f"file {file}: {pairs.first_difference(one, other, 'live', 'read')}"
    return f"{len(live)} files live, {len(later)} read"


def complaints(ours, stock, listener):
    live = as_files(listener.text())
    left = [own_items.from_text(text) for text in live]
    later = read_again(stock, listener.files())
    if left != later:
        yield first_difference(left, later)
    later = read_again(ours, listener.files())
    if live != later:
        yield "diag says something else: " + first_difference(live, later)
    if not any(map(blocks, live)):
        yield "diag says nothing"


def main():
    failed = 0
    with pairs.room() as directory, pairs.tsharks(sys.argv[1], None) as (ours, stock):
        for name, options in RINGS.items():
            listener = captured(may_capture(ours.plugged), directory / name, options)
            if listener is None:
                print("capturing on lo is not permitted")
                return SKIPPED
            found = list(complaints(ours, stock, listener))
            failed += bool(found)
            print(f"{name}: {listener.frames()} frames in {len(listener.files())} files, "
                  f"{len(found)} differences", *found, sep="\n  ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
