# SPDX-License-Identifier: GPL-2.0-or-later
"""Checksums: damaged on the way, damaged once, left to a network card; and bytes that differ."""
import struct
import time

from flows.cut import answer, lose_requests, meet_requests
from flows.pace import hang_up
from flows.silent import ANSWER, REQUEST
from packet import ACK, PSH
from scene import scenario


def damage_requests(scene, copies):
    """So many copies of each segment with data of the client arrive with a wrong checksum."""
    def damage(packet):
        whole = bytearray(packet.data)
        struct.pack_into('!H', whole, packet.l4 + 16, (packet.checksum + 77) % 2**16)
        scene.to_server.send(bytes(whole))
    meet_requests(scene, copies, damage)


@scenario('The path damages a request and each of its copies: the server drops them.', delay=0.005,
          shows=('checksum_drop',))
def always_damaged(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    damage_requests(scene, 100)
    client.sendall(REQUEST)
    time.sleep(8)
    scene.later()
    return {'client': {'retx_give_up'}, 'router': {'retx_give_up'}, 'server': {'checksum_drop'}}


@scenario('The path damages a request and two of its copies; the third arrives whole.', delay=0.005,
          near=('request_unacked', 'retx_give_up'))
def damaged_for_a_while(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    damage_requests(scene, 3)
    client.sendall(REQUEST)
    answer(scene, client, server)
    return {'client': {'retx_stall'}, 'router': {'retx_stall'}, 'server': {'checksum_drop'}}


@scenario('The path damages a request once.', delay=0.005, near=('checksum_drop',))
def damaged_once(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    damage_requests(scene, 1)
    client.sendall(REQUEST)
    answer(scene, client, server)
    return set()


@scenario('The client leaves its checksums to the network card, and its request dies on the way.',
          delay=0.005, shows=('retx_give_up',), near=('checksum_drop',))
def card_computes(scene):
    scene.bed.client.run('ethtool', '-K', 'client0', 'tx', 'on')
    client, server = scene.pair()
    scene.exchange(client, server)
    lose_requests(scene, 100)
    client.sendall(REQUEST)
    time.sleep(8)
    scene.later()
    return {'client': {'retx_give_up'}, 'server': set()}


@scenario('The answer comes twice, by two ways of different length: the same bytes.', delay=0.01,
          near=('data_conflict',))
def same_bytes_twice(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.sendall(REQUEST)
    server.recv(4096)
    scene.settle()
    scene.forge('server', PSH | ACK, payload=ANSWER, ttl=40)
    time.sleep(0.05)
    server.sendall(ANSWER)
    client.recv(4096)
    hang_up(scene, client, server)
    return {'server': set()}


@scenario('A device garbles the ACK numbers of data: the server answers each copy, and takes none.',
          delay=0.005, shows=('data_rejected',), near=('request_unacked', 'checksum_drop'))
def garbled_acks(scene):
    client, server = scene.pair()
    scene.exchange(client, server)

    def garble(packet):
        if packet.sport == scene.local_port and packet.payload:
            struct.pack_into('!I', packet.data, packet.l4 + 8, (packet.ack + 10**6) % 2**32)
        return True
    scene.meddle = garble
    client.sendall(REQUEST)
    time.sleep(5)
    scene.later()
    return {'client': {'data_rejected:unknown'}}
