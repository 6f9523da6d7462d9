# SPDX-License-Identifier: GPL-2.0-or-later
"""Who takes the time: two algorithms that wait for each other, the path, the client, the server."""
import socket
import time

from scene import scenario

HEADER = b'POST /item HTTP/1.1\r\nHost: flows\r\nContent-Length: 60\r\n\r\n'
BODY = b'y' * 60
REQUEST = b'GET /item HTTP/1.1\r\nHost: flows\r\n\r\n'
RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd'


def receive(sock, size):
    while size > 0:
        size -= len(sock.recv(size))


def hang_up(scene, client, server):
    client.close()
    server.recv(1)
    server.close()
    scene.settle()


def post_in_two_writes(scene, times=24, no_delay=False):
    client, server = scene.pair()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, no_delay)
    for _ in range(times):
        client.sendall(HEADER)
        client.sendall(BODY)
        receive(server, len(HEADER + BODY))
        server.sendall(RESPONSE)
        receive(client, len(RESPONSE))
    hang_up(scene, client, server)


@scenario('Header and body in two writes: the body waits for a delayed ACK.', delay=0.005,
          shows=('delayed_ack_nagle',))
def two_writes(scene):
    post_in_two_writes(scene)
    return {'delayed_ack_nagle'}


@scenario('The same without Nagle\'s algorithm.', delay=0.005, near=('delayed_ack_nagle',))
def two_writes_at_once(scene):
    post_in_two_writes(scene, no_delay=True)
    return set()


def ask(client, server, think=0.0):
    client.sendall(REQUEST)
    receive(server, len(REQUEST))
    time.sleep(think)
    server.sendall(RESPONSE)
    receive(client, len(RESPONSE))


@scenario('The client pauses before each request, never alike: told, no fault.', delay=0.005,
          shows=('slow_client',))
def client_pauses(scene):
    client, server = scene.pair()
    ask(client, server)
    for pause in (1.1, 1.7, 1.3):
        time.sleep(pause)
        ask(client, server)
    hang_up(scene, client, server)
    return {'slow_client'}


@scenario('The client asks by a timer.', delay=0.005, near=('slow_client',))
def client_polls(scene):
    client, server = scene.pair()
    due = time.monotonic()
    for _ in range(4):
        time.sleep(max(due - time.monotonic(), 0))
        due += 1.1
        ask(client, server)
    hang_up(scene, client, server)
    return set()


@scenario('The server thinks for long.', delay=0.01, shows=('slow_response',))
def server_thinks(scene):
    client, server = scene.pair()
    ask(client, server, think=1.4)
    hang_up(scene, client, server)
    return {'slow_response'}


@scenario('The server thinks, but not for long.', delay=0.01, near=('slow_response',))
def server_thinks_shortly(scene):
    client, server = scene.pair()
    ask(client, server, think=0.6)
    hang_up(scene, client, server)
    return set()


@scenario('The way is so long that a user notices.', delay=0.45, shows=('slow_path',))
def long_way(scene):
    client, server = scene.pair()
    ask(client, server, think=0.3)
    hang_up(scene, client, server)
    return {'client': {'slow_path'}, 'server': set()}


@scenario('The way is long, but not so long.', delay=0.3, near=('slow_path',))
def not_so_long_way(scene):
    client, server = scene.pair()
    ask(client, server, think=0.3)
    hang_up(scene, client, server)
    return set()
