# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario of kernel truth is, and the stage it plays on: one connection, or a few, between
real stacks over a path that can be told to misbehave."""
import socket
import time
from dataclasses import dataclass

from bed import Bed, Site
from forge import Wire, segment
from packet import ACK, FIN, PSH, RST, SYN, TCP, Packet

LINGER = b'\1\0\0\0\0\0\0\0'  # on, 0 s: close() resets
SCENARIOS = []


@dataclass
class Scenario:
    """`resets` are the reasons (of reasons.map) that the kernels must give, `silent` the failure
    that sends none."""
    name: str
    story: str
    play: object
    resets: tuple = ()
    silent: str = None
    silent_at: tuple = ('client',)  # where the failure can be seen
    v6: bool = False
    delay: float = 0.002
    harmless: bool = False   # nobody is to be told of a failure
    tempting: bool = False   # made to look as if somebody had injected
    # middlebox: its reset differs from the ends'; hidden: it is one hop away; perfect: nobody can
    # tell it from an end's
    forged: str = None
    outside: bool = False    # what is forged lies beyond the window
    firewall: str = None     # the end whose own packet filter resets
    copies: bool = False     # the capture holds every frame twice
    all_links: bool = False  # the router's capture holds what came in and what went out
    lost_state: bool = False  # a reset that was kept from leaving
    peer: str = None         # a stack beside Linux, of peers.py
    act: str = None          # what its program does, or the server behind it
    tunnel: str = None       # what the captures lie in, of tunnel.py
    needs: str = None        # a file that a kernel has which can play it
    shows: tuple = ()        # diagnoses that are told of it, at one point at least
    near: tuple = ()         # diagnoses it comes close to; none is told, at any point
    preferences: tuple = ()  # of diag, as name:value: a shorter wait


def scenario(story, **facts):
    """Makes a scenario of a function. Its name is the scenario's."""
    def register(play):
        SCENARIOS.append(Scenario(play.__name__.replace('_', '-'), story, play, **facts))
        return play
    return register


def site(number, v6):
    """Addresses that no other scenario of the run has: events of the kernel are told apart by
    them."""
    high, low = divmod(number, 100)
    if v6:
        near, far = f'2001:db8:{number:x}:1::', f'2001:db8:{number:x}:2::'
        return Site(near + '2', [far + '2'], near + '1', far + '1', 64)
    near, far = f'10.{200 + high}.{2 * low}', f'10.{200 + high}.{2 * low + 1}'
    return Site(f'{near}.2', [f'{far}.2', f'{far}.3'], f'{near}.1', f'{far}.1', 24)


class Scene:
    """The bed with what all scenarios do on it."""

    def __init__(self, bed, number):
        self.bed, self.site = bed, bed.site
        self.port, self.local_port = 8000 + number, 40000 + number
        self.seen = []      # the packets that came to the router, as they came
        self.meddle = lambda packet: True
        bed.path.meddle = self._watch
        towards = (bed.middle, 'far') if bed.hop else (bed.client, 'client0')
        self.to_client = self._wire(bed.router, 'outside', *towards)
        self.to_server = self._wire(bed.router, 'inside', bed.server, 'server0')

    def _wire(self, *ends):
        wire = Wire(*ends)
        self.bed.closing.callback(wire.close)
        return wire

    def _watch(self, packet):
        if packet.protocol == TCP:
            self.seen.append(Packet(packet.data))
        return self.meddle(packet)

    # ---- the ends

    @property
    def client_end(self):
        return self.site.client, self.local_port

    @property
    def server_end(self):
        return self.site.server, self.port

    def listen(self, backlog=None):
        listener = self.bed.listen(self.port)
        if backlog is not None:
            listener.listen(backlog)
        return listener

    def connect(self):
        """A client's connected socket; no time is lost for one that does not get through."""
        client = self.bed.socket(self.local_port)
        client.settimeout(3)
        client.connect(self.server_end)
        return client

    def try_to_connect(self, wait=0.3):
        """A client's socket that gives up after this time."""
        client = self.bed.socket(self.local_port)
        client.setblocking(False)
        client.connect_ex(self.server_end)
        time.sleep(wait)
        return client

    def pair(self, listener=None):
        """Two connected sockets, the client's and the server's."""
        listener = listener or self.listen()
        client = self.connect()
        listener.settimeout(3)
        server, _ = listener.accept()
        server.settimeout(3)
        self.bed.closing.callback(server.close)
        return client, server

    def exchange(self, client, server, size=200):
        """A request and its response, both read."""
        client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
        server.recv(4096)
        server.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % size + b'x' * size)
        left = size
        while left > 0:
            left -= len(client.recv(65536))
        self.settle()

    @property
    def round_trip(self):
        return 2 * self.bed.delay

    def settle(self, rounds=2):
        """Until what is on its way has arrived and was answered, delayed ACKs too."""
        time.sleep(0.06 + rounds * self.round_trip)

    # ---- the path

    def last(self, sender, wanted=lambda packet: True):
        """The last packet of client or server that came to the router."""
        port = self.local_port if sender == 'client' else self.port
        return next(packet for packet in reversed(self.seen)
                    if packet.sport == port and wanted(packet))

    def next_seq(self, sender):
        packet = self.last(sender, lambda packet: not packet.flags & RST)
        return packet.seq + len(packet.payload) + bool(packet.flags & SYN) + \
            bool(packet.flags & FIN)

    def forge(self, sender, flags=RST, seq=None, after=0.0, **header):
        """Sends a packet in the name of client or server to the other one."""
        ends = (self.client_end, self.server_end)
        if sender == 'server':
            ends = ends[::-1]
        seq = self.next_seq(sender) if seq is None else seq
        peer = 'server' if sender == 'client' else 'client'
        if flags & ACK and 'ack' not in header:
            header['ack'] = self.next_seq(peer)
        wire = self.to_client if sender == 'server' else self.to_server
        wire.send(segment(*ends, flags, seq, **header), after)

    def delay(self, packet, after):
        """For meddle: this packet arrives, but later than others."""
        wire = self.to_client if packet.sport == self.port else self.to_server
        wire.send(packet.seal(), after)
        return False

    def double(self, packet, after=0.0):
        """For meddle: this packet arrives, and arrives once more."""
        self.delay(packet, self.bed.delay + after)
        return True

    def later(self):
        """A packet that tells how long the capture went on: a file ends with its last packet."""
        with self.bed.client.inside():
            other = socket.socket(self.site.family, socket.SOCK_DGRAM)
        with other:
            other.sendto(b'later', (self.site.server, 9))
        self.settle()

    def hide_resets(self, sender):
        """What this end's kernel resets does not leave it: as if it had lost power."""
        namespace = self.bed.client if sender == 'client' else self.bed.server
        rule = ['OUTPUT', '-p', 'tcp', '--tcp-flags', 'RST', 'RST', '-j', 'DROP']
        self.bed.firewall(namespace, '-A', *rule)
        return lambda: self.bed.firewall(namespace, '-D', *rule)


def linger(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)


def reset(sock):
    """close() by SO_LINGER 0."""
    linger(sock)
    sock.close()


def stage(play, number):
    """The bed of a scenario."""
    return Bed(site(number, play.v6), play.delay, hop=True)


__all__ = ['ACK', 'FIN', 'PSH', 'RST', 'SYN', 'Scene', 'linger', 'reset', 'scenario']
