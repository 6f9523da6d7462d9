# SPDX-License-Identifier: GPL-2.0-or-later
"""Nobody answers any more: the path for a while, the path for good, or the application."""
import socket
import time

from packet import ACK, PSH
from scene import scenario

REQUEST = b'GET /item HTTP/1.1\r\nHost: flows\r\n\r\n'
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd'


def nothing_passes(_packet):
    return False


def keep_alive(client, probes):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, probes)


@scenario('While the connection rests the path is cut: no probe is answered.', delay=0.005,
          shows=('keepalive_dead_peer',))
def dead_peer(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    keep_alive(client, 20)
    scene.meddle = nothing_passes
    time.sleep(9)
    scene.later()
    return {'client': {'keepalive_dead_peer'}, 'server': set()}


@scenario('The same, and the path is there: each probe is answered.', delay=0.005,
          near=('keepalive_dead_peer',))
def live_peer(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    keep_alive(client, 4)
    time.sleep(5)
    client.close()
    server.recv(1)
    server.close()
    scene.settle()
    return set()


@scenario('The server takes the request and never answers; the client gives up.', delay=0.005,
          shows=('server_silent',))
def server_never_answers(scene):
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    time.sleep(2)
    client.close()
    scene.settle()
    server.close()
    scene.settle()
    return {'server_silent:server_silent'}


@scenario('The client cancels at once.', delay=0.005, near=('server_silent',))
def client_cancels(scene):
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    time.sleep(0.3)
    client.close()
    scene.settle()
    server.close()
    scene.settle()
    return set()


@scenario('The path is cut for a second and a half, in the middle of a request.', delay=0.005)
def short_outage(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.meddle = nothing_passes
    client.sendall(REQUEST)
    time.sleep(1.5)
    scene.meddle = lambda packet: True
    server.recv(4096)
    server.sendall(ANSWER)
    client.recv(4096)
    client.close()
    server.recv(1)
    server.close()
    scene.settle()
    return {'client': {'retx_stall'}, 'server': set()}


@scenario('Somebody else answers first, with other bytes.', delay=0.01, shows=('data_conflict',))
def other_bytes(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.sendall(REQUEST)
    server.recv(4096)
    scene.settle()
    scene.forge('server', PSH | ACK, payload=ANSWER.replace(b'200 OK', b'302 No'), ttl=40)
    time.sleep(0.05)
    server.sendall(ANSWER)
    scene.settle()
    client.recv(4096)
    client.close()
    server.close()
    scene.settle()
    return {'client': {'data_conflict'}, 'server': set()}
