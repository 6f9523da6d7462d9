# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections whose captures hide something: scenarios of stage capture, for quality.py."""
import contextlib
import os
import signal
import tempfile
import time
from dataclasses import dataclass, field

ROOM = '65536'   # KiB for packets that tcpdump has not read yet: what it loses is no fault of diag

REQUEST = b'GET /file HTTP/1.1\r\nHost: quality\r\n\r\n'


@dataclass
class Seen:
    """What diag must say of the captures, by point: the findings of stage capture, all of them, and
    those that accuse. A capture may be replaced by a worse one, or be spoiled."""
    ids: dict = field(default_factory=dict)
    accuses: dict = field(default_factory=dict)
    instead: dict = field(default_factory=dict)   # point -> file
    spoiled: dict = field(default_factory=dict)   # point -> way of spoiling its frames


def fetch(scene, client, server, size):
    """A request and an answer of this size."""
    for end in (client, server):
        end.settimeout(20)
    client.sendall(REQUEST)
    server.recv(4096)
    head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % size
    server.sendall(head)
    left = len(head) + size
    scene.bed.thread(server.sendall, b'x' * size)
    while left > 0:
        left -= len(client.recv(65536))
    scene.settle()


def keep_short(scene):
    """The window, so that no queue of the path is filled by a long download."""
    scene.bed.client.sysctl('net.ipv4.tcp_rmem', '4096 65536 65536')


def hang_up(scene, client, server):
    client.close()
    server.recv(1)
    server.close()
    scene.settle()


class Recorder:
    """A capture of its own, with tcpdump's options."""

    def __init__(self, scene, namespace, link, *options):
        self.file = os.path.join(tempfile.mkdtemp(), 'own.pcap')
        scene.bed.closing.callback(self.stop)
        self.process = namespace.start(
            'tcpdump', '-i', link, '-n', '-U', '--immediate-mode', '-B', ROOM, '-Z', 'root',
            '--time-stamp-precision=nano', '-w', self.file, *options, 'tcp', stderr=-1, text=True)
        for line in self.process.stderr:
            if 'listening on' in line:
                return
        raise RuntimeError('tcpdump does not listen')

    def pause(self):
        """The kernel goes on putting packets into its ring until that is full."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGINT)
                self.resume()
            self.process.communicate(timeout=10)
        return self.file

    def finish(self):
        """All that came is in the file."""
        time.sleep(0.3)
        return self.stop()
