# SPDX-License-Identifier: GPL-2.0-or-later
"""The receiver's window: closed, too small, not scaled, or none of the trouble."""
import socket
import time

from packet import ACK, SYN
from scene import scenario

REQUEST = b'GET /image HTTP/1.1\r\nHost: flows\r\n\r\n'
WINDOW_SCALE, NOP = 3, 1
TRANSFER = 1_300_000


def pair(scene, buffer=None):
    """With a fixed receive buffer at the client, which it must have before it connects."""
    listener = scene.listen()
    with scene.bed.client.inside():
        client = socket.socket(scene.site.family)
    scene.bed.closing.callback(client.close)
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(5)
    client.bind((scene.site.client, scene.local_port))
    client.connect(scene.server_end)
    listener.settimeout(3)
    server, _ = listener.accept()
    server.settimeout(10)
    scene.bed.closing.callback(server.close)
    return client, server


def download(scene, buffer=None, size=TRANSFER, pause=0.0, piece=65536):
    client, server = pair(scene, buffer)
    client.sendall(REQUEST)
    server.recv(4096)
    scene.bed.thread(server.sendall, b'x' * size)
    left = size
    while left > 0:
        time.sleep(pause)
        wanted = min(left, piece)
        while wanted > 0:
            got = len(client.recv(wanted))
            wanted, left = wanted - got, left - got
    client.close()
    server.recv(1)
    server.close()
    scene.settle()


@scenario('The client asked for a small receive buffer; the way is long.', delay=0.03,
          shows=('window_limited',))
def small_window(scene):
    download(scene, buffer=24_000)
    return {'window_limited:small_window'}


@scenario('The same buffer on a short way: nobody has to wait for it.', delay=0.002,
          near=('window_limited',))
def small_window_nearby(scene):
    download(scene, buffer=24_000)
    return set()


@scenario('The client does not scale windows; the way is long.', delay=0.05,
          near=('window_scale_lost',))
def no_scaling(scene):
    scene.bed.client.sysctl('net.ipv4.tcp_window_scaling', 0)
    download(scene)
    return {'window_limited:no_scaling'}


@scenario('The client reads slowly, from a small buffer.', delay=0.002)
def slow_reader(scene):
    download(scene, buffer=24_000, pause=0.12, piece=60_000)
    return {'window_limited:slow_reader'}


def read_late(scene, pause):
    client, server = pair(scene, buffer=4096)
    client.sendall(REQUEST)
    server.recv(4096)
    scene.bed.thread(server.sendall, b'x' * 30000)
    time.sleep(pause)
    left = 30000
    while left:
        left -= len(client.recv(65536))
    client.close()
    server.recv(1)
    server.close()
    scene.settle()


@scenario('The client does not read for a while: its window closes.', delay=0.005,
          shows=('zero_window_stall',))
def closed_window(scene):
    read_late(scene, 1.6)
    return {'zero_window_stall'}


@scenario('The same for less than half a second.', delay=0.005, near=('zero_window_stall',))
def window_closed_shortly(scene):
    read_late(scene, 0.4)
    return set()


def strip_window_scale(packet):
    """What an old firewall does to a SYN/ACK."""
    at = packet.option(WINDOW_SCALE) if packet.has(SYN | ACK) else None
    if at is not None:
        packet.data[at:at + 3] = bytes([NOP] * 3)
    return True


@scenario('A device takes the window scale out of the SYN/ACK: the client uploads by drops.',
          delay=0.01, shows=('window_scale_lost',))
def scale_stripped(scene):
    scene.meddle = strip_window_scale
    client, server = pair(scene)
    size = 60_000
    head = b'PUT / HTTP/1.1\r\nHost: flows\r\nContent-Length: %d\r\n\r\n' % size
    client.sendall(head + b'x' * size)
    time.sleep(3)
    server.sendall(b'HTTP/1.1 413 Too Slow\r\n\r\n')
    client.recv(4096)
    scene.settle()
    return {'client': {'window_scale_lost:stripped'}, 'server': {'window_scale_lost'}}
