# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments that are too large for the path, and a router that says so, or may not."""
import socket
import time

from flows.pace import hang_up
from flows.silent import REQUEST
from scene import scenario

SIZE = 3 * 1448 + 300


def narrow(scene, mtu=1300):
    """From now on the way to the client carries no more."""
    scene.bed.router.run('ip', 'link', 'set', 'outside', 'mtu', str(mtu))


def swallow_icmp(scene):
    scene.bed.firewall(scene.bed.router, '-A', 'OUTPUT', '-p', 'icmp', '-j', 'DROP')


def download(client, server, size=SIZE):
    client.settimeout(30)
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(b'x' * size)
    while size > 0:
        size -= len(client.recv(65536))


def ask(scene, client, server):
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(b'x' * SIZE)
    time.sleep(4)
    scene.later()


@scenario('The way to the client carries 1300 bytes, and the router may not say so.', delay=0.005,
          shows=('pmtu_blackhole', 'response_lost_fin_gap'))
def nobody_says_so(scene):
    narrow(scene)
    swallow_icmp(scene)
    client, server = scene.pair()
    scene.exchange(client, server)
    ask(scene, client, server)
    return {'client': {'response_lost_fin_gap:pmtu'}, 'server': {'pmtu_blackhole'}}


@scenario('The same, and the server tries smaller segments by itself (RFC 4821).', delay=0.005,
          shows=('pmtu_blackhole',))
def server_probes(scene):
    scene.bed.server.sysctl('net.ipv4.tcp_mtu_probing', 1)
    narrow(scene)
    swallow_icmp(scene)
    client, server = scene.pair()
    scene.exchange(client, server)
    download(client, server)
    hang_up(scene, client, server)
    return {'server': {'pmtu_blackhole:smaller_passes'}}


@scenario('The router says so: the server sends smaller segments from then on.', delay=0.005,
          shows=('pmtu_blackhole',))
def router_says_so(scene):
    narrow(scene)
    client, server = scene.pair()
    scene.exchange(client, server)
    download(client, server)
    hang_up(scene, client, server)
    return {'server': {'pmtu_blackhole:icmp_seen'}}


@scenario('The path shrinks in the middle of a connection, and the router may not say so.',
          delay=0.005, shows=('pmtu_blackhole',))
def path_shrinks(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    download(client, server)
    scene.settle()
    narrow(scene)
    swallow_icmp(scene)
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(b'x' * SIZE)
    time.sleep(1)
    client.shutdown(socket.SHUT_WR)  # what acknowledges it is small, and arrives
    time.sleep(6)
    scene.later()
    return {'server': {'pmtu_blackhole:shrank'}}


@scenario('The large segments of an answer are lost, once; their copies pass.', delay=0.005,
          near=('pmtu_blackhole',))
def large_ones_lost_once(scene):
    lost = set()

    def meddle(packet):
        if packet.sport == scene.port and len(packet.payload) > 1300 and packet.seq not in lost:
            lost.add(packet.seq)
            return False
        return True
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.meddle = meddle
    download(client, server)
    scene.meddle = lambda packet: True
    hang_up(scene, client, server)
    return {}
