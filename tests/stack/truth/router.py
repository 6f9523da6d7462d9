# SPDX-License-Identifier: GPL-2.0-or-later
"""Middleboxes that reset in the name of an end, or reject in their own."""
import time

from scene import ACK, RST, scenario

REQUEST = b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n'
FAR_TTL, FAR_IDENT = 113, 0x1234


def reject(scene, how, ttl=None, towards='server'):
    """The router rejects what goes to this end from now on, with this TTL."""
    bed = scene.bed
    port = ['--dport' if towards == 'server' else '--sport', str(scene.port)]
    if ttl:
        bed.firewall(bed.router, '-t', 'mangle', '-A', 'OUTPUT', '-p', 'tcp', '-j', 'TTL',
                     '--ttl-set', str(ttl))
    bed.firewall(bed.router, '-I', 'FORWARD', '-p', 'tcp', *port, '-j', 'REJECT', '--reject-with',
                 how)


# ---- refusals


@scenario('A firewall one hop before the server refuses in its name.', resets=('ROUTER',),
          forged='hidden')
def refused_by_firewall(scene):
    scene.listen()
    reject(scene, 'tcp-reset')
    scene.try_to_connect().close()


@scenario('The same over IPv6.', resets=('ROUTER',), forged='hidden', v6=True)
def refused_by_firewall_v6(scene):
    refused_by_firewall(scene)


@scenario('A firewall far from the server refuses in its name, after others got through.',
          resets=('ROUTER',), forged='middlebox')
def refused_by_far_firewall(scene):
    listener = scene.listen()
    scene.exchange(*scene.pair(listener))
    reject(scene, 'tcp-reset', FAR_TTL)
    for _ in range(2):
        scene.local_port += 500
        scene.try_to_connect().close()


# ---- in mid-stream


@scenario('A firewall rejects the requests of a running connection.', resets=('ROUTER',),
          forged='hidden')
def request_rejected(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    reject(scene, 'tcp-reset')
    client.sendall(REQUEST)
    scene.settle()


@scenario('A far firewall does so.', resets=('ROUTER',), forged='middlebox')
def request_rejected_far(scene):
    client, server = scene.pair()
    for _ in range(3):
        scene.exchange(client, server)
    reject(scene, 'tcp-reset', FAR_TTL)
    client.sendall(REQUEST)
    scene.settle()


@scenario('A firewall rejects the responses of a running connection; the client goes on.',
          resets=('ROUTER',), forged='hidden')
def response_rejected(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.sendall(REQUEST)
    server.recv(4096)
    scene.settle()
    reject(scene, 'tcp-reset', towards='client')
    server.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 900)
    scene.settle()
    client.send(REQUEST)
    scene.settle()


# ---- forged


def running(scene, requests=3):
    client, server = scene.pair()
    for _ in range(requests):
        scene.exchange(client, server)
    return client, server


@scenario('Both ends are reset at the same time, by somebody far away.', resets=('ROUTER',),
          forged='middlebox')
def both_ends_reset(scene):
    running(scene)
    scene.forge('server', RST | ACK, ttl=FAR_TTL, ident=FAR_IDENT)
    scene.forge('client', RST | ACK, ttl=250, ident=FAR_IDENT)
    scene.settle()


@scenario('A forged reset follows a request; the server\'s answer comes all the same.',
          resets=('ROUTER',), forged='middlebox')
def server_goes_on(scene):
    client, server = running(scene)
    client.sendall(REQUEST)
    server.recv(4096)
    scene.forge('server', RST, ttl=FAR_TTL, ident=FAR_IDENT)
    time.sleep(0.02)
    server.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 900)
    scene.settle()


@scenario('Three resets at once, each further in the stream, as some censors send them.',
          resets=('ROUTER',), forged='middlebox')
def multiplet(scene):
    client, _ = running(scene)
    client.sendall(REQUEST)
    scene.settle()
    base = scene.next_seq('server')
    for step in (0, 1460, 4380):
        scene.forge('server', RST | ACK, base + step, ttl=FAR_TTL, ident=64)
    scene.settle()


@scenario('A forged reset that nothing tells from one of the server\'s.', resets=('ROUTER',),
          forged='perfect')
def forged_like_the_server(scene):
    client, _ = running(scene)
    client.sendall(REQUEST)
    scene.settle()
    scene.forge('server', RST | ACK, ttl=63, ident=0)
    scene.settle()


@scenario('A reset to the client alone after the TLS-like hello, with a name in it.',
          resets=('ROUTER',), forged='middlebox')
def hello_reset(scene):
    client, server = scene.pair()
    client.sendall(b'\x16\x03\x01\x00\x2a' + b'\x01\0\0\x26\x03\x03' + b'n' * 36)
    scene.forge('server', RST | ACK, ttl=FAR_TTL, ident=FAR_IDENT)
    scene.settle()
    server.recv(4096)


@scenario('Somebody guesses: a reset beyond the window. Nobody is harmed.', resets=('OUTSIDE',),
          forged='middlebox', outside=True)
def guess_beyond_window(scene):
    client, server = running(scene)
    scene.forge('server', RST, scene.next_seq('server') + 0x40000000, ttl=FAR_TTL)
    scene.settle()
    scene.exchange(client, server)


@scenario('Somebody guesses into the window: a challenge ACK, and the connection goes on.',
          resets=('ROUTER',), forged='middlebox')
def guess_inside_window(scene):
    client, server = running(scene)
    scene.forge('server', RST, scene.next_seq('server') + 100, ttl=FAR_TTL, ident=FAR_IDENT)
    scene.settle()
    scene.exchange(client, server)


@scenario('A SYN is answered by a forged reset first, and by the server then.', resets=('ROUTER',),
          forged='middlebox', delay=0.02)
def refused_before_the_answer(scene):
    listener = scene.listen()
    scene.exchange(*scene.pair(listener))
    scene.local_port += 500
    client = scene.try_to_connect(0.005)
    syn = scene.seen[-1]
    scene.forge('server', RST | ACK, 0, ack=syn.seq + 1, ttl=FAR_TTL)
    scene.settle()
    client.close()


# ---- ICMP


def rejected_by_icmp(scene, how):
    scene.listen()
    reject(scene, how)
    scene.try_to_connect(0.2).close()


def icmp(how, v6=False):
    def play(scene):
        rejected_by_icmp(scene, how)
    play.__name__ = f'rejected_by_{how}' + ('_v6' if v6 else '')
    scenario(f'A router rejects the SYN by ICMP{"v6" if v6 else ""}: {how}.', silent='icmp_reject',
             v6=v6)(play)


for kind in ('icmp-net-unreachable', 'icmp-host-unreachable', 'icmp-proto-unreachable',
             'icmp-port-unreachable', 'icmp-net-prohibited', 'icmp-host-prohibited',
             'icmp-admin-prohibited'):
    icmp(kind)
for kind in ('icmp6-no-route', 'icmp6-adm-prohibited', 'icmp6-addr-unreachable',
             'icmp6-port-unreachable'):
    icmp(kind, v6=True)
