#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where did the seconds go? Scenarios with known delays on real stacks, captured at client and
server; each part that diag reports must be what was configured.

seconds.py [--plugin DIAG.SO] [--jobs N] [SCENARIO...]
Exit status: 0 agreed, 1 not, 77 this machine cannot play them."""
import contextlib
import os
import socket
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import suite  # noqa: E402
import tls  # noqa: E402
from packet import ACK, SYN  # noqa: E402
from scene import scenario  # noqa: E402

NUMBER = 700      # the first network of these scenarios: those of kernel truth are below
TOLERANCE, SHARE, REST = 0.02, 0.05, 0.05
PARTS = ('name', 'connect', 'tls', 'server', 'client', 'network', 'stalls')
REQUEST = b'GET / HTTP/1.1\r\nHost: seconds\r\nUser-Agent: a-client/1.0\r\nAccept: */*\r\n\r\n'
RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd'


# ---- the scenarios: each returns the seconds that its delays must make of the parts


# pair() ends when the server has accepted, one way after the client was connected.
def round_trips(scene, count, **parts):
    """The parts of a connection that is opened, exchanges and is closed: `count` round trips after
    the one of the handshake."""
    return {'connect': scene.round_trip, 'network': count * scene.round_trip, **parts}


def ask_once(client, server, think=0.0):
    client.sendall(REQUEST)
    server.recv(4096)
    time.sleep(think)
    server.sendall(RESPONSE)
    client.recv(4096)


def hang_up(scene, client, server):
    client.close()
    server.recv(1)
    server.close()
    scene.settle()


def play_waits(scene, think=0.0, pause=0.0, times=1):
    client, server = scene.pair()
    for _ in range(times):
        ask_once(client, server, think)
        time.sleep(pause)
    hang_up(scene, client, server)
    return round_trips(scene, times + 1, server=think * times,
                       client=scene.bed.delay + pause * times)


@scenario('The server thinks.', delay=0.02)
def server_sleeps(scene):
    return play_waits(scene, think=0.9)


@scenario('The server thinks, over IPv6.', delay=0.01, v6=True)
def server_sleeps_v6(scene):
    return play_waits(scene, think=0.6)


@scenario('The client thinks between its requests.', delay=0.015)
def client_sleeps(scene):
    return play_waits(scene, pause=0.4, times=2)


@scenario('Both think, three times.', delay=0.03)
def both_sleep(scene):
    return play_waits(scene, think=0.25, pause=0.15, times=3)


@scenario('The path is long, and nobody else is slow.', delay=0.2)
def long_path(scene):
    return play_waits(scene, times=2)


@scenario('A long path and a slow server: told apart.', delay=0.1)
def long_path_and_slow_server(scene):
    return play_waits(scene, think=0.5)


@scenario('The server greets late: the client waits for it to speak.', delay=0.02)
def late_greeting(scene):
    client, server = scene.pair()
    time.sleep(0.7)
    server.sendall(b'220 mail ready\r\n')
    client.recv(4096)
    hang_up(scene, client, server)
    return {'connect': scene.round_trip, 'server': 0.7}


@scenario('The client connects ahead of its first request.', delay=0.02)
def connected_ahead(scene):
    client, server = scene.pair()
    time.sleep(0.8)
    ask_once(client, server)
    hang_up(scene, client, server)
    return round_trips(scene, 2, client=0.8 + scene.bed.delay)


@scenario('The server closes long after its client did.', delay=0.02)
def late_close(scene):
    client, server = scene.pair()
    ask_once(client, server)
    client.shutdown(socket.SHUT_WR)
    server.recv(1)
    time.sleep(0.6)
    server.close()
    scene.settle()
    return {'connect': scene.round_trip, 'server': 0.6}


def lose_first(scene, flags):
    lost = []

    def meddle(packet):
        if packet.has(flags) and not lost:
            lost.append(packet)
            return False
        return True
    scene.meddle = meddle


@scenario('The first SYN is lost.', delay=0.02)
def lost_syn(scene):
    lose_first(scene, SYN)
    parts = play_waits(scene)
    return {**parts, 'connect': {'client': 1 + scene.round_trip, 'server': scene.round_trip}}


@scenario('The first SYN/ACK is lost; the client asks again after 1 s.', delay=0.02)
def lost_synack(scene):
    lose_first(scene, SYN | ACK)
    parts = play_waits(scene)
    return {**parts, 'connect': 1 + scene.round_trip}


@scenario('The client does not read; its window closes.', delay=0.005)
def closed_window(scene):
    listener = scene.listen()
    with scene.bed.client.inside():
        client = socket.socket(scene.site.family)
    scene.bed.closing.callback(client.close)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.bind((scene.site.client, scene.local_port))
    client.connect(scene.server_end)
    server, _ = listener.accept()
    client.sendall(REQUEST)
    server.recv(4096)
    scene.bed.thread(server.sendall, b'x' * 30000)
    time.sleep(1.5)
    left = 30000
    while left:
        left -= len(client.recv(65536))
    hang_up(scene, client, server)
    return {'connect': scene.round_trip, 'stalls': 1.5}


def answer_name(scene, think):
    """A name server that takes its time; the server's address is the answer."""
    with scene.bed.near[0].inside():
        resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    resolver.bind((scene.site.client_gateway, 53))

    def serve():
        with resolver:
            query, asker = resolver.recvfrom(512)
            time.sleep(think)
            answer = b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4' + socket.inet_aton(scene.site.server)
            resolver.sendto(query[:2] + b'\x81\x80\0\1\0\1\0\0\0\0' + query[12:] + answer, asker)
    scene.bed.thread(serve)


@scenario('The name takes longer than all else.', delay=0.01)
def slow_name(scene):
    answer_name(scene, 0.5)
    name = b''.join(bytes([len(part)]) + part for part in (b'www', b'example', b'com', b''))
    with scene.bed.client.inside():
        asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with asker:
        asker.sendto(b'\x12\x34\1\0\0\1\0\0\0\0\0\0' + name + b'\0\1\0\1',
                     (scene.site.client_gateway, 53))
        asker.recv(512)
    parts = play_waits(scene, think=0.3)
    return {**parts, 'name': {'client': 0.5, 'server': 0}}


@scenario('The TLS server is slow to begin.', delay=0.02)
def slow_tls(scene):
    version = ssl.TLSVersion.TLSv1_3
    client, server = scene.pair()
    context = tls.server_context('seconds.example', 'Seconds', version)

    def serve():
        time.sleep(0.6)
        secure = context.wrap_socket(server, server_side=True)
        secure.recv(4096)
        time.sleep(0.4)
        secure.sendall(RESPONSE)
        with contextlib.suppress(OSError):
            secure.recv(1)
            secure.unwrap()
    serving = scene.bed.thread(serve)
    secure = tls.client_context(version).wrap_socket(client, server_hostname='seconds.example')
    secure.sendall(REQUEST)
    secure.recv(4096)
    with contextlib.suppress(OSError):
        secure.unwrap()
    secure.close()
    serving.join()
    scene.settle()
    return {'connect': scene.round_trip, 'tls': {'client': 0.6, 'server': 0.6}, 'server': 0.4}


# ---- comparing


def disagreements(end, parts, said):
    times = said['times']
    total = sum(times[part] or 0 for part in (*PARTS, 'other'))
    if abs(total - times['total']) > 0.001:
        yield f'{end}: the parts make {total:.3f} s, the whole is {times["total"]:.3f} s'
    if times['other'] > REST * times['total'] + 0.001:
        yield f'{end}: other {times["other"]:.3f} s of {times["total"]:.3f} s'
    for part, wanted in parts.items():
        wanted = wanted[end] if isinstance(wanted, dict) else wanted
        seen = times[part] or 0
        if abs(seen - wanted) > max(TOLERANCE, SHARE * wanted):
            yield f'{end}: {part} {seen:.3f} s, configured {wanted:.3f} s'


if __name__ == '__main__':
    sys.exit(suite.main(suite.Suite(
        'Holds the parts of the time against known delays.', NUMBER,
        suite.only_connection(disagreements), wanted=suite.WITH_NAMES)))
