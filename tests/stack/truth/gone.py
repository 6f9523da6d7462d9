# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers that are gone: nobody answers any more, or somebody who knows nothing of the connection."""
import socket
import time

from scene import reset, scenario

TCP_USER_TIMEOUT = 18
REQUEST = b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n'


def probe(sock, count=2):
    """Keep-alive probes after a second, a second apart."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1),
                          (socket.TCP_KEEPCNT, count)):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def cut(scene, *ports):
    """From now on nothing from these ports gets through."""
    scene.meddle = lambda packet: packet.sport not in ports


# ---- nobody answers


@scenario('The server is cut off; the client\'s keep-alive gives up.',
          resets=('TCP_KEEPALIVE_TIMEOUT',))
def keepalive_of_client(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    cut(scene, scene.port, scene.local_port)
    probe(client)
    time.sleep(3.6)


@scenario('The client is cut off; the server\'s keep-alive gives up.',
          resets=('TCP_KEEPALIVE_TIMEOUT',), v6=True)
def keepalive_of_server(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    cut(scene, scene.port, scene.local_port)
    probe(server)
    time.sleep(3.6)


@scenario('The way back is cut: the server answers the probes, but is not heard.',
          resets=('TCP_KEEPALIVE_TIMEOUT',))
def keepalive_answers_lost(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    cut(scene, scene.port)
    probe(client, 3)
    time.sleep(4.6)


@scenario('TCP_USER_TIMEOUT ends an idle connection with keep-alive.',
          resets=('TCP_KEEPALIVE_TIMEOUT',))
def user_timeout_idle(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    cut(scene, scene.port, scene.local_port)
    probe(client, 9)
    client.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 1500)
    time.sleep(3.6)


# ---- somebody who knows nothing of it


def lose_power(scene, sock, end):
    power_is_back = scene.hide_resets(end)
    reset(sock)
    power_is_back()


@scenario('The server lost power; the next request meets nobody.', resets=('NO_SOCKET',),
          lost_state=True)
def request_to_forgotten_connection(scene):
    listener = scene.listen()
    client, server = scene.pair(listener)
    scene.exchange(client, server)
    lose_power(scene, server, 'server')
    listener.close()
    client.sendall(REQUEST)
    scene.settle()


@scenario('The server was restarted; the next request meets its new listener.',
          resets=('TCP_FLAGS',), lost_state=True)
def request_to_restarted_server(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    lose_power(scene, server, 'server')
    client.sendall(REQUEST)
    scene.settle()


@scenario('The same over IPv6.', resets=('TCP_FLAGS',), lost_state=True, v6=True)
def request_to_restarted_server_v6(scene):
    request_to_restarted_server(scene)


@scenario('The client lost power; the server\'s next message meets nobody.', resets=('NO_SOCKET',),
          lost_state=True)
def message_to_forgotten_client(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    lose_power(scene, client, 'client')
    server.sendall(b'event: news\n\n')
    scene.settle()


@scenario('A keep-alive probe finds that the server has forgotten.', resets=('TCP_FLAGS',),
          lost_state=True)
def probe_of_forgotten_connection(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    lose_power(scene, server, 'server')
    probe(client)
    time.sleep(1.4)


@scenario('A FIN finds that the server has forgotten.', resets=('TCP_FLAGS',), lost_state=True)
def fin_to_forgotten_connection(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    lose_power(scene, server, 'server')
    client.close()
    scene.settle()


@scenario('The server forgot the connection before the request of an open one.',
          resets=('TCP_FLAGS',), lost_state=True)
def first_request_to_forgotten_connection(scene):
    client, server = scene.pair()
    lose_power(scene, server, 'server')
    client.sendall(REQUEST)
    scene.settle()


@scenario('The reset that ends the connection is lost; the next request earns another.',
          resets=('TCP_STATE', 'TCP_FLAGS'))
def reset_lost_on_path(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    lost = []

    def lose_one(packet):
        if packet.flags & 4 and not lost:
            lost.append(packet)
            return False
        return True
    scene.meddle = lose_one
    reset(server)
    scene.settle()
    client.sendall(REQUEST)
    scene.settle()


@scenario('An address translator lost its table: its own kernel answers the server.',
          resets=('NO_SOCKET',))
def translator_forgets(scene):
    bed, site = scene.bed, scene.site
    bed.firewall(bed.router, '-t', 'nat', '-A', 'POSTROUTING', '-p', 'tcp', '-j', 'MASQUERADE')
    client, server = scene.pair()
    assert server.getpeername()[0] != site.client
    scene.exchange(client, server)
    bed.firewall(bed.router, '-t', 'nat', '-F')
    bed.router.run('conntrack', '-F')
    server.sendall(b'event: news\n\n')
    scene.settle()
