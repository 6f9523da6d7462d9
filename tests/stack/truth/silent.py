# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures that no reset tells of: the kernel drops, waits, and gives up in silence."""
import socket
import struct
import time

from packet import SYN
from scene import ACK, scenario
from truth.gone import REQUEST, TCP_USER_TIMEOUT, cut
from truth.opening import crowd

OLD = 1 << 30  # ticks of a timestamp
BOTH = 'client', 'server'


@scenario('TCP_USER_TIMEOUT with data in flight: ETIMEDOUT, and nothing on the wire.',
          silent='user_timeout')
def user_timeout_in_flight(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 3000)
    cut(scene, scene.port, scene.local_port)
    client.sendall(REQUEST)
    time.sleep(7)


@scenario('The same before the server ever acknowledged anything.', silent='user_timeout')
def user_timeout_of_first_request(scene):
    client, _ = scene.pair()
    client.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 3000)
    cut(scene, scene.port, scene.local_port)
    client.sendall(REQUEST)
    time.sleep(7)


@scenario('The accept queue is full when the final ACK comes.', silent='final_ack_dropped',
          silent_at=BOTH, delay=0.05)
def accept_queue_full_at_ack(scene):
    crowd(scene)
    time.sleep(3.4)


@scenario('The accept queue is full when the SYN comes.', silent='syn_dropped', silent_at=BOTH)
def accept_queue_full_at_syn(scene):
    scene.listen(0)
    scene.connect()
    scene.local_port += 500
    scene.try_to_connect(3.5).close()


def age_timestamps(scene, wanted):
    """What the client sends looks older than what it sent before."""
    def meddle(packet):
        if packet.sport == scene.local_port and wanted(packet) and packet.timestamps():
            tsval, tsecr = packet.timestamps()
            packet.set_timestamps((tsval - OLD) % 2**32, tsecr)
        return True
    scene.meddle = meddle


@scenario('A middlebox makes the timestamps of the data old: dropped by PAWS.',
          silent='paws_data', silent_at=BOTH)
def paws_drops_data(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    age_timestamps(scene, lambda packet: packet.payload)
    client.sendall(REQUEST)
    time.sleep(4)


@scenario('A middlebox makes the timestamp of the final ACK old.',
          silent='paws_ack', silent_at=BOTH)
def paws_drops_final_ack(scene):
    scene.listen()
    age_timestamps(scene, lambda packet: packet.has(ACK))
    scene.try_to_connect(3.4).close()


@scenario('The peer of a closed connection is gone: its FIN repeats unheard.',
          silent='orphaned_fin')
def orphaned_fin(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    cut(scene, scene.port, scene.local_port)
    client.close()
    time.sleep(4)


@scenario('The path breaks the checksum of each request.', silent='bad_checksum', silent_at=BOTH)
def checksum_broken(scene):
    client, server = scene.pair()
    scene.exchange(client, server)

    def damage(packet):
        if packet.sport == scene.local_port and packet.payload:
            whole = bytearray(packet.data)
            struct.pack_into('!H', whole, packet.l4 + 16, (packet.checksum + 1) % 2**16)
            scene.to_server.send(bytes(whole))
            return False
        return True
    scene.meddle = damage
    client.sendall(REQUEST)
    time.sleep(3.5)


@scenario('The path is dead from the start.', silent='path_dead')
def path_dead_at_syn(scene):
    scene.listen()
    cut(scene, scene.port, scene.local_port)
    scene.try_to_connect(3.5).close()


@scenario('The SYN/ACKs are lost: the server waits, the client asks again.', silent='path_dead')
def synacks_lost(scene):
    scene.listen()
    scene.meddle = lambda packet: not packet.has(SYN | ACK)
    scene.try_to_connect(3.5).close()


@scenario('A client\'s keep-alive asks a server that is cut off; the capture ends first.',
          silent='keepalive')
def keepalive_unanswered(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    cut(scene, scene.port)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    time.sleep(5.4)
