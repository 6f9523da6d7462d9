# SPDX-License-Identifier: GPL-2.0-or-later
"""What is sent never arrives, or arrives late: for good, for a while, or only once."""
import time

from flows.pace import hang_up
from flows.silent import ANSWER, REQUEST, nothing_passes
from scene import scenario


def meet_requests(scene, copies, happens):
    """So many copies of each segment with data of the client end here; happens(packet) to each."""
    seen = {}

    def meddle(packet):
        if packet.sport != scene.local_port or not packet.payload:
            return True
        seen[packet.seq] = seen.get(packet.seq, 0) + 1
        if seen[packet.seq] > copies:
            return True
        happens(packet)
        return False
    scene.meddle = meddle


def lose_requests(scene, copies):
    meet_requests(scene, copies, lambda packet: None)


def answer(scene, client, server):
    server.recv(4096)
    server.sendall(ANSWER)
    client.recv(4096)
    hang_up(scene, client, server)


@scenario('The handshake passes, the first request and its copies never do.', delay=0.005,
          shows=('request_unacked',))
def first_request_dies(scene):
    client, _ = scene.pair()
    lose_requests(scene, 100)
    client.sendall(REQUEST)
    time.sleep(4)
    scene.later()
    return {'client': {'request_unacked'}, 'router': {'request_unacked'}, 'server': set()}


@scenario('Two copies of the first request are lost, the third arrives.', delay=0.005,
          near=('request_unacked', 'retx_give_up', 'checksum_drop'))
def first_request_is_late(scene):
    client, server = scene.pair()
    lose_requests(scene, 2)
    client.sendall(REQUEST)
    answer(scene, client, server)
    return {'client': {'retx_stall'}, 'router': {'retx_stall'}, 'server': set()}


@scenario('One copy of a request is lost: repaired at once.', delay=0.005,
          near=('retx_stall', 'request_unacked'))
def one_request_lost(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    lose_requests(scene, 1)
    client.sendall(REQUEST)
    answer(scene, client, server)
    return set()


@scenario('The path is cut for good in the middle of a request.', delay=0.005,
          shows=('retx_give_up',), near=('idle_state_lost', 'keepalive_dead_peer'))
def path_gone(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.meddle = nothing_passes
    client.sendall(REQUEST)
    time.sleep(8)
    scene.later()
    return {'client': {'retx_give_up'}, 'router': {'retx_give_up'}, 'server': set()}


@scenario('The path is cut for so long that five copies die, and comes back.', delay=0.005,
          shows=('retx_stall',), near=('retx_give_up', 'idle_state_lost'))
def path_comes_back(scene):
    client, server = scene.pair()
    client.settimeout(20)
    server.settimeout(20)
    scene.exchange(client, server)
    scene.meddle = nothing_passes
    client.sendall(REQUEST)
    time.sleep(7)
    scene.meddle = lambda packet: True
    answer(scene, client, server)
    return {'client': {'retx_stall'}, 'router': {'retx_stall'}}


@scenario('An answer is lost, and its copy comes after more than a second.', delay=0.005,
          near=('response_lost_fin_gap', 'server_silent'))
def answer_is_late(scene):
    client, server = scene.pair()
    client.settimeout(20)
    scene.exchange(client, server)
    scene.meddle = lambda packet: packet.sport != scene.port or not packet.payload
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(ANSWER)
    time.sleep(1.0)
    scene.meddle = lambda packet: True
    client.recv(4096)
    hang_up(scene, client, server)
    return {'server': {'retx_stall'}}


@scenario('The last byte and the FIN come apart, and the byte is lost once.', delay=0.005,
          near=('fin_seq_jump', 'response_lost_fin_gap'))
def last_byte_lost(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    lost = []

    def lose_byte(packet):
        if packet.sport == scene.port and len(packet.payload) == 1 and not lost:
            lost.append(packet)
            return False
        return True
    scene.bed.close_ahead_of_repeats()
    client.sendall(REQUEST)
    server.recv(4096)
    scene.meddle = lose_byte
    server.sendall(ANSWER)
    scene.settle()
    server.sendall(b'z')
    server.close()
    time.sleep(1)
    client.close()
    scene.settle()
    return {}
