# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets of honest ends that look as if somebody between had sent them. None may be accused."""
import time

from forge import seal_header
from scene import ACK, PSH, RST, linger, reset, scenario
from truth.after_close import REQUEST
from truth.closing import pour

DATA = b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 4000


def from_server(scene, wanted, meddle):
    """Meddles with what the server sends, if it is wanted."""
    def only(packet):
        return packet.sport != scene.port or not wanted(packet) or meddle(packet)
    scene.meddle = only


def is_reset(packet):
    return packet.flags & RST


def has_data(packet):
    return packet.payload


@scenario('The server\'s reset overtakes the data before it: the sender "goes on" after it.',
          resets=('TCP_STATE',), tempting=True, delay=0.01)
def reset_overtakes_data(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    from_server(scene, has_data, lambda packet: scene.delay(packet, 0.03))
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(DATA)
    reset(server)
    scene.settle(4)


@scenario('Only the last data segment comes after the reset.',
          resets=('TCP_STATE',), tempting=True,
          delay=0.01)
def last_segment_after_reset(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    from_server(scene, lambda packet: packet.flags & PSH, lambda packet: scene.delay(packet, 0.013))
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(DATA)
    reset(server)
    scene.settle(4)


@scenario('The path doubles the reset.', resets=('TCP_STATE',), tempting=True)
def reset_doubled(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    from_server(scene, is_reset, lambda packet: scene.double(packet, 0.004))
    reset(server)
    scene.settle(4)


@scenario('The path doubles every packet.', resets=('TCP_ABORT_ON_CLOSE',), tempting=True)
def everything_doubled(scene):
    scene.meddle = lambda packet: scene.double(packet, 0.001)
    client, server = scene.pair()
    client.sendall(REQUEST)
    scene.settle()
    server.close()
    scene.settle(4)


@scenario('The capture holds every frame twice, as of two mirrored ports: an aborted connection.',
          resets=('TCP_STATE',), tempting=True, copies=True)
def mirrored_abort(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(DATA)
    scene.settle()
    reset(server)


@scenario('The same of a refused connection.', resets=('NO_SOCKET',), tempting=True, copies=True)
def mirrored_refusal(scene):
    scene.try_to_connect().close()


@scenario('The same of a download that its reader breaks off.', resets=('TCP_ABORT_ON_CLOSE',),
          tempting=True, copies=True, delay=0.01)
def mirrored_break_off(scene):
    break_off(scene)


@scenario('A download is broken off: each segment in flight earns a reset elsewhere in the stream.',
          resets=('TCP_ABORT_ON_CLOSE', 'NO_SOCKET'), tempting=True, delay=0.02)
def close_with_data_in_flight(scene):
    break_off(scene)


@scenario('The same over IPv6.', resets=('TCP_ABORT_ON_CLOSE', 'NO_SOCKET'), tempting=True,
          delay=0.02, v6=True)
def close_with_data_in_flight_v6(scene):
    break_off(scene)


@scenario('The same, and the resets arrive in another order.', tempting=True, delay=0.02,
          resets=('TCP_ABORT_ON_CLOSE', 'NO_SOCKET'))
def resets_reordered(scene):
    turns = []

    def shuffle(packet):
        if packet.sport == scene.port or not packet.flags & RST:
            return True
        turns.append(packet)
        return len(turns) % 2 == 0 or scene.delay(packet, 0.026)
    scene.meddle = shuffle
    break_off(scene)


def break_off(scene):
    client, server = scene.pair()
    scene.bed.thread(pour, server)
    client.sendall(REQUEST)
    client.recv(30_000)
    time.sleep(2 * scene.round_trip)
    client.close()
    scene.settle(5)


@scenario('Data before the server\'s reset are lost: challenge ACK, then the exact reset.',
          resets=('TCP_STATE',), tempting=True)
def challenged_reset(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    from_server(scene, has_data, lambda packet: False)
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(DATA)
    reset(server)
    scene.settle(5)


@scenario('The same, and the client asks on meanwhile.', resets=('TCP_STATE',), tempting=True,
          delay=0.02)
def challenged_reset_with_request(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    from_server(scene, has_data, lambda packet: False)
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(DATA)
    reset(server)
    client.sendall(REQUEST)
    scene.settle(5)


@scenario('Both ends reset at the same time.', resets=('TCP_STATE',), tempting=True, delay=0.02)
def both_abort(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    linger(client)
    reset(server)
    client.close()
    scene.settle(4)


@scenario('Both ends abort with data in flight to each other.',
          resets=('TCP_STATE',), tempting=True,
          delay=0.02)
def both_abort_with_data(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    server.sendall(DATA)
    client.sendall(REQUEST)
    reset(client)
    reset(server)
    scene.settle(4)


def detour(packet):
    """One more hop on the way of this packet."""
    packet.data[packet.at_ttl] -= 1
    packet.data[:] = seal_header(packet.data)
    return True


@scenario('Routes of different length: the reset came one hop further.', resets=('TCP_STATE',),
          tempting=True)
def reset_one_hop_longer(scene):
    client, server = scene.pair()
    for _ in range(3):
        scene.exchange(client, server)
    from_server(scene, is_reset, detour)
    reset(server)
    scene.settle()


@scenario('A refusal came one hop further than the answers of the same address.',
          resets=('NO_SOCKET',), tempting=True)
def refusal_one_hop_longer(scene):
    scene.exchange(*scene.pair())
    scene.local_port, scene.port = scene.local_port + 500, scene.port + 500
    from_server(scene, is_reset, detour)
    scene.try_to_connect().close()


@scenario('The port is used again at once after a reset: a SYN follows it.', resets=('TCP_STATE',),
          tempting=True)
def port_used_again_after_reset(scene):
    listener = scene.listen()
    for _ in range(2):
        client, server = scene.pair(listener)
        scene.exchange(client, server)
        reset(client)


@scenario('A repeated request reaches the server behind its own reset.', resets=('TCP_STATE',),
          tempting=True, delay=0.02)
def request_repeated_behind_reset(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.meddle = lambda packet: packet.sport == scene.port or not packet.payload or \
        scene.double(packet, 0.03)
    client.sendall(REQUEST)
    server.recv(4096)
    reset(server)
    scene.settle(4)


@scenario('A reset of the kernel: no timestamp, IP ID 0, window 0, among packets that count.',
          resets=('TCP_TIMEWAIT_SOCKET',), tempting=True)
def plain_reset_among_counting_packets(scene):
    client, server = scene.pair()
    for _ in range(4):
        scene.exchange(client, server)
    server.close()
    scene.settle()
    client.sendall(REQUEST)
    scene.settle()


@scenario('The client closes with unread data; the pure ACKs that it owed arrive after the reset.',
          resets=('TCP_ABORT_ON_CLOSE',), tempting=True, delay=0.01)
def late_acks_after_reset(scene):
    scene.meddle = lambda packet: packet.sport == scene.port or not packet.has(ACK) or \
        packet.payload or scene.delay(packet, 0.018)
    break_off(scene)
