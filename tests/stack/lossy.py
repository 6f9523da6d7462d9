# SPDX-License-Identifier: GPL-2.0-or-later
"""Transfers of which the path drops, delays, doubles or reorders chosen packets, for losses.py. Each
scenario returns what the router's own log says of them."""
import time
from dataclasses import dataclass, field

from scene import scenario

# In the order in which the client's packets pass them; the path drops between the middle two.
POINTS = {'client': 'client0', 'outside': 'outside', 'inside': 'inside', 'server': 'server0'}
MSS = 1448
REQUEST = b'POST /losses HTTP/1.1\r\n\r\n'
RESPONSE = b'HTTP/1.1 204 No Content\r\n\r\n'


@dataclass
class Log:
    """What the path did to the data of one side. A segment is known by its place in them."""
    sender: str
    base: int = None                              # sequence number of the first byte
    sent: list = field(default_factory=list)      # (place, bytes) of each packet that came
    dropped: list = field(default_factory=list)   # the same of those that went no further
    end: int = 0

    def place(self, packet):
        """None when it carries no data of this side."""
        if not packet.payload:
            return None
        if self.base is None:
            self.base = packet.seq
        place = (packet.seq - self.base) % 2 ** 32
        self.sent.append((place, len(packet.payload)))
        self.end = max(self.end, place + len(packet.payload))
        return place

    def times(self, place):
        return sum(1 for other, _ in self.sent if other == place)

    def lost_bytes(self, upstream):
        """In front of the path every copy is seen; behind it only what arrives in the end."""
        seen = self.dropped if upstream else set(self.dropped)
        return sum(size for _, size in seen)

    def repeated_bytes(self):
        return sum(size for _, size in self.sent) - sum(dict(self.sent).values())


@dataclass
class Expected:
    """What a scenario must look like at every point."""
    log: Log
    kind: str = 'network'
    needless: bool = False     # sent again although nothing was lost
    unknown: int = 0           # bytes dropped of which no copy tells, since none came after them
    captured: tuple = ()       # (point, bytes) that are taken out of the capture afterwards
    findings: dict = field(default_factory=dict)   # point -> ids that must be there


def spoil(scene, sender, treat):
    """`treat(place, times)` decides about each packet with data: True lets it pass, False drops it,
    a function is called with the packet and decides."""
    log = Log(sender)

    def meddle(packet):
        if packet.sport != (scene.local_port if sender == 'client' else scene.port):
            return True
        place = log.place(packet)
        if place is None:
            return True
        passes = treat(place, log.times(place))
        if callable(passes):
            return passes(packet)
        if not passes:
            log.dropped.append((place, len(packet.payload)))
        return passes
    return log, meddle


def read_all(sock, size):
    while size > 0:
        got = len(sock.recv(65536))
        if not got:
            return
        size -= got


def transfer(scene, sender, meddle, segments=60, think=0.0, linger=0.0):
    """A request and its answer, one of which is long and meddled with."""
    client, server = scene.pair()
    client.settimeout(20)
    server.settimeout(20)
    scene.exchange(client, server)
    scene.meddle = meddle
    data = bytes(i % 251 for i in range(segments * MSS))
    one, other = (client, server) if sender == 'client' else (server, client)
    if sender == 'server':
        client.sendall(REQUEST)
        server.recv(4096)
    scene.bed.thread(one.sendall, data)
    read_all(other, len(data))
    time.sleep(think)
    if sender == 'client':
        server.sendall(RESPONSE)
        client.recv(4096)
    scene.settle(4)
    time.sleep(linger)
    scene.meddle = lambda packet: True
    client.close()
    server.recv(1)
    server.close()
    scene.settle(4)


def lose(scene, sender, places, copies=1, **facts):
    """These segments of the transfer are dropped, the first `copies` times they come."""
    log, meddle = spoil(scene, sender, lambda place, times:
                        place // MSS not in places or times > copies)
    transfer(scene, sender, meddle)
    return Expected(log, **facts)


# ---- the scenarios


@scenario('One segment of an upload is lost.', delay=0.01,
          near=('reordering', 'retx_spurious', 'retx_stall'))
def upload_one(scene):
    return lose(scene, 'client', {21})


@scenario('One segment of a download is lost.', delay=0.01)
def download_one(scene):
    return lose(scene, 'server', {17})


@scenario('Three segments in a row are lost, over IPv6.', delay=0.005, v6=True)
def burst_v6(scene):
    return lose(scene, 'client', {12, 13, 14})


@scenario('Segments are lost here and there.', delay=0.008, shows=('loss_recovered',))
def spread(scene):
    return lose(scene, 'server', {8, 16, 24, 33, 41})


@scenario('A segment is lost, and so is its first copy.', delay=0.01)
def copy_lost(scene):
    return lose(scene, 'client', {15}, copies=2)


@scenario('A segment is lost, and so are its first two copies, without SACK.', delay=0.01)
def copies_lost_without_sack(scene):
    for namespace in (scene.bed.client, scene.bed.server):
        namespace.sysctl('net.ipv4.tcp_sack', 0)
    return lose(scene, 'server', {15}, copies=3)


@scenario('Nothing is lost, but the path stands still longer than the sender waits.', delay=0.01,
          shows=('retx_spurious',))
def held_back(scene):
    log, meddle = spoil(scene, 'client', lambda place, times:
                        place // MSS < 50 or (lambda packet: scene.delay(packet, 0.5)))
    transfer(scene, 'client', meddle, linger=1.5)
    return Expected(log, needless=True, findings={point: {'retx_spurious'} for point in POINTS})


@scenario('Nothing is lost but the ACKs of the end, so the end is sent again.', delay=0.01)
def acks_lost(scene):
    log, watch = spoil(scene, 'client', lambda place, times: True)

    def meddle(packet):
        if packet.sport == scene.port and not packet.payload and log.times(59 * MSS) == 1:
            return False
        return watch(packet)
    transfer(scene, 'client', meddle, think=0.7)
    return Expected(log, needless=True, findings={'client': {'retx_spurious'}})


@scenario('One segment is overtaken by others; no copy is needed.', delay=0.04,
          shows=('reordering',), near=('loss_recovered', 'ts_backwards', 'data_rejected'))
def overtaken(scene):
    log, meddle = spoil(scene, 'client', lambda place, times:
                        place // MSS != 18 or (lambda packet: scene.delay(packet, 0.045)))
    transfer(scene, 'client', meddle)
    seen = {'inside': {'reordering'}, 'server': {'reordering'}}
    return Expected(log, findings=seen)


@scenario('Every tenth segment arrives twice.', delay=0.01)
def doubled(scene):
    log, meddle = spoil(scene, 'server', lambda place, times:
                        place // MSS % 10 != 5 or (lambda packet: scene.double(packet)))
    transfer(scene, 'server', meddle)
    return Expected(log)


@scenario('Nothing is lost but in the captures of both ends.', delay=0.01)
def not_captured(scene):
    log, meddle = spoil(scene, 'server', lambda place, times: True)
    transfer(scene, 'server', meddle)
    return Expected(log, captured=(('client', 3 * MSS), ('server', 3 * MSS)))


@scenario('Only segments up to 1300 bytes pass, and nobody says so.', delay=0.01)
def black_hole(scene):
    log = Log('server')

    def meddle(packet):
        if packet.sport != scene.port or log.place(packet) is None or len(packet.payload) <= 1300:
            return True
        log.dropped.append((log.sent[-1]))
        return False
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.meddle = meddle
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(b'x' * (2 * MSS + 300))
    time.sleep(3.5)
    return Expected(log, kind='selective', unknown=2 * MSS,
                    findings={'server': {'pmtu_blackhole'}, 'inside': {'pmtu_blackhole'}})
