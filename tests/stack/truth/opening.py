# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets while a connection opens: refusals, handshakes that somebody garbled, connections that one
end has forgotten, and clients that changed their mind."""
import time

from forge import segment
from scene import ACK, SYN, reset, scenario

MSS_ONLY = bytes([2, 4, 0x05, 0xb4])
FAR_AWAY = 0x20000000  # more than any window


# ---- nobody listens


@scenario('Nobody listens on the port.', resets=('NO_SOCKET',))
def closed_port(scene):
    scene.try_to_connect().close()


@scenario('Nobody listens on the port, over IPv6.', resets=('NO_SOCKET',), v6=True)
def closed_port_v6(scene):
    scene.try_to_connect().close()


@scenario('A client tries a closed port three times, then the service is up.',
          resets=('NO_SOCKET',))
def service_comes_up(scene):
    for _ in range(3):
        scene.try_to_connect(0.1).close()
        scene.local_port += 500
    scene.exchange(*scene.pair())


@scenario('One client, two dozen closed ports: a scan.', resets=('NO_SOCKET',), harmless=True)
def two_dozen_closed_ports(scene):
    for _ in range(24):
        scene.try_to_connect(0.01).close()
        scene.local_port, scene.port = scene.local_port + 101, scene.port + 1000


@scenario('The server\'s own packet filter refuses in its name.', resets=('ROUTER',),
          firewall='server')
def refused_by_filter_of_server(scene):
    scene.listen()
    scene.bed.firewall(scene.bed.server, '-A', 'INPUT', '-p', 'tcp', '--dport', str(scene.port),
                       '-j', 'REJECT', '--reject-with', 'tcp-reset')
    scene.try_to_connect().close()


# ---- garbled handshakes


def change(flags, meddle):
    """Changes the packets with these flags and no others."""
    def change_some(packet):
        if packet.has(flags):
            meddle(packet)
        return True
    return change_some


@scenario('A SYN/ACK acknowledges more than was sent.', resets=('TCP_INVALID_ACK_SEQUENCE',))
def synack_of_unsent(scene):
    scene.meddle = change(SYN | ACK, lambda packet: setattr(packet, 'ack', packet.ack + 1000))
    scene.listen()
    scene.try_to_connect(1.3).close()


@scenario('A SYN/ACK acknowledges an older SYN.', resets=('TCP_INVALID_ACK_SEQUENCE',), v6=True)
def synack_of_old_syn(scene):
    scene.meddle = change(SYN | ACK, lambda packet: setattr(packet, 'ack', packet.ack - FAR_AWAY))
    scene.listen()
    scene.try_to_connect(1.3).close()


@scenario('A SYN/ACK echoes a timestamp of the past.', resets=('TCP_RFC7323_PAWS',))
def synack_with_old_echo(scene):
    scene.meddle = change(SYN | ACK, echo(-500_000))
    scene.listen()
    scene.try_to_connect(1.3).close()


@scenario('A SYN/ACK echoes a timestamp of the future.', resets=('TCP_RFC7323_PAWS',))
def synack_with_early_echo(scene):
    scene.meddle = change(SYN | ACK, echo(500_000))
    scene.listen()
    scene.try_to_connect(1.3).close()


def echo(shift):
    def meddle(packet):
        tsval, tsecr = packet.timestamps()
        packet.set_timestamps(tsval, (tsecr + shift) % 2**32)
    return meddle


@scenario('The acknowledgment number of the final ACK was changed on its way.',
          resets=('TCP_FLAGS',))
def final_ack_garbled(scene):
    shift = change(ACK, lambda packet: setattr(packet, 'ack', packet.ack + 5000))
    scene.meddle = lambda packet: packet.sport == scene.port or shift(packet)
    scene.listen()
    client = scene.try_to_connect(0.1)
    client.close()
    scene.settle()


@scenario('A firewall that changes sequence numbers forgets to do so for the first data.',
          resets=('TCP_FLAGS',))
def first_data_garbled(scene):
    def meddle(packet):
        if packet.sport == scene.port:
            return True
        if packet.has(ACK):
            packet.ack -= 7000
            return bool(packet.payload)
        return True
    scene.meddle = meddle
    scene.listen()
    client = scene.try_to_connect(0.1)
    client.send(b'GET / HTTP/1.1\r\n\r\n')
    scene.settle()


@scenario('The accept queue is full and tcp_abort_on_overflow is set.', resets=('INVALID_SYN',),
          delay=0.05)
def accept_queue_aborts(scene):
    scene.bed.server.sysctl('net.ipv4.tcp_abort_on_overflow', 1)
    crowd(scene)


def crowd(scene):
    """Two handshakes at once, and room for one more connection: each SYN still finds room, the
    second final ACK does not."""
    scene.listen(2)
    for _ in range(2):
        scene.connect()
        scene.local_port += 500
    scene.try_to_connect(0.0)
    scene.local_port += 500
    scene.try_to_connect(0.0)
    scene.settle(4)


# ---- one end has forgotten


@scenario('An ACK comes to a listener that knows nothing of it.', resets=('TCP_FLAGS',))
def stray_ack_to_listener(scene):
    scene.listen()
    from_client(scene, ACK, 1000, ack=2000)
    scene.settle()


@scenario('Data come to a port that nobody listens on any more.', resets=('NO_SOCKET',))
def stray_data_to_closed_port(scene):
    from_client(scene, ACK, 1000, ack=2000, payload=b'hello')
    scene.settle()


@scenario('A SYN/ACK comes to a client that never asked.', resets=('NO_SOCKET',))
def stray_synack(scene):
    wire = scene._wire(scene.bed.server, 'server0', scene.bed.router, 'inside')
    wire.send(segment(scene.server_end, scene.client_end, SYN | ACK, 5000, ack=7000,
                      window=65535, options=MSS_ONLY))
    scene.settle()


def from_client(scene, flags, seq, **header):
    """As a program with a raw socket on the client's host sends it."""
    wire = scene._wire(scene.bed.client, 'client0', *scene.bed.near)
    wire.send(segment(scene.client_end, scene.server_end, flags, seq, window=1024, **header))


@scenario('A client lost power and uses its port again: the server still has the connection.',
          resets=('TCP_INVALID_ACK_SEQUENCE',), lost_state=True)
def half_open_old_connection(scene):
    listener = scene.listen()
    client, server = scene.pair(listener)
    scene.exchange(client, server)
    power_is_back = scene.hide_resets('client')
    reset(client)
    power_is_back()
    client, _ = scene.pair(listener)
    client.close()


@scenario('The same over IPv6.', resets=('TCP_INVALID_ACK_SEQUENCE',), lost_state=True, v6=True)
def half_open_old_connection_v6(scene):
    half_open_old_connection(scene)


@scenario('An old copy of the SYN meets the connection in TIME-WAIT.', resets=('NO_SOCKET',))
def old_syn_in_time_wait(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    server.close()
    scene.settle()
    client.close()
    scene.settle()
    syn = next(packet for packet in scene.seen if packet.has(SYN))
    scene.to_server.send(syn.seal())
    scene.settle()


# ---- a client that does not want it any more


@scenario('A client cancels its connect while the answer is on its way (Happy Eyeballs).',
          resets=('NO_SOCKET',), delay=0.05, harmless=True)
def cancelled_connect(scene):
    scene.listen()
    scene.try_to_connect(0.03).close()
    scene.settle()


@scenario('Happy Eyeballs: the second address wins, the first is cancelled.',
          resets=('NO_SOCKET',),
          delay=0.01, harmless=True)
def happy_eyeballs_loser(scene):
    scene.meddle = lambda packet: not packet.has(SYN | ACK) or \
        packet.source != scene.site.server or scene.delay(packet, 0.4)
    scene.listen()
    slow = scene.try_to_connect(0.25)
    winner = scene.bed.listen(scene.port, scene.site.servers[1])
    fast = scene.bed.socket(scene.local_port + 500)
    fast.connect((scene.site.servers[1], scene.port))
    slow.close()
    server, _ = winner.accept()
    scene.exchange(fast, server)
    time.sleep(0.3)


@scenario('A scanner sends bare SYNs from user space; its kernel resets the SYN/ACKs.',
          resets=('NO_SOCKET',), harmless=True)
def half_open_scan(scene):
    scene.listen()
    from_client(scene, SYN, 12345, options=MSS_ONLY, ident=54321)
    scene.settle()


@scenario('The same, and the scanner draws lots for the TTL of its SYNs, as nmap does.',
          resets=('NO_SOCKET',), harmless=True, tempting=True)
def half_open_scan_with_other_ttl(scene):
    scene.listen()
    from_client(scene, SYN, 12345, options=MSS_ONLY, ident=54321, ttl=44)
    scene.settle()


@scenario('A scanner finds closed and open ports, from user space.', resets=('NO_SOCKET',),
          harmless=True)
def half_open_scan_of_ports(scene):
    scene.listen()
    for scene.port in range(scene.port - 15, scene.port + 11):
        from_client(scene, SYN, 777, options=MSS_ONLY, ident=54321)
    scene.settle()


@scenario('A late client: the SYN/ACK comes when it has given up.', resets=('NO_SOCKET',))
def synack_after_timeout(scene):
    scene.meddle = lambda packet: not packet.has(SYN | ACK) or scene.delay(packet, 1.5)
    scene.listen()
    scene.try_to_connect(1.2).close()
    time.sleep(0.6)
