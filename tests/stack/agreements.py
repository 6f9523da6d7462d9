# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of ECN and timestamps, for agreed.py. What no stack here speaks is rewritten where it
leaves its host, so that the captures of both ends show it."""
import time

from nfqueue import QUEUE, Path
from packet import ACK, CWR, ECE, SYN, TCP
from scene import scenario

PIECE = b'x' * 400
BOTH = ('client', 'server')

# AE, CWR, ECE of SYN and SYN/ACK, and what they agree on. RFC 9768, table 2 and 3.1.2; RFC 3168 6.1.1.
ECN_ROWS = (
    (0b111, 0b000, 'refused'), (0b111, 0b001, 'on'), (0b111, 0b010, 'accecn'),
    (0b111, 0b011, 'accecn'), (0b111, 0b100, 'accecn'), (0b111, 0b101, 'accecn'),
    (0b111, 0b110, 'accecn'), (0b111, 0b111, 'reflected'),
    (0b011, 0b000, 'refused'), (0b011, 0b001, 'on'), (0b011, 0b010, 'refused'),
    (0b011, 0b011, 'reflected'), (0b000, 0b000, 'off'), (0b001, 0b000, 'off'),
    (0b010, 0b000, 'off'), (0b100, 0b000, 'off'))
# tcp_timestamps of client and server (RFC 7323 3.2).
TS_ROWS = ((1, 1, 'on'), (1, 0, 'refused'), (0, 1, 'off'), (0, 0, 'off'))


class Answers:
    """What diag must say of one capture: states by stream, findings by name, and what it must not."""

    def __init__(self, ecn=None, timestamps=None, says=(), never=()):
        self.ecn, self.timestamps, self.says, self.never = ecn, timestamps, says, never


def rewrite(scene, end, change):
    """Changes what leaves this end's host, before its own capture sees it."""
    namespace = getattr(scene.bed, end)

    def meddle(packet):
        return change(packet) is not False if packet.protocol == TCP else True

    scene.bed.firewall(namespace, '-A', 'OUTPUT', '-p', 'tcp', '-j', 'NFQUEUE', '--queue-num',
                       str(QUEUE))
    path = Path(namespace, 0)
    path.meddle = meddle
    scene.bed.closing.callback(path.close)


def use_ecn(scene, value=1):
    for end in (scene.bed.client, scene.bed.server):
        end.sysctl('net.ipv4.tcp_ecn', value)


def talk(sender, receiver, times, pause):
    for _ in range(times):
        sender.sendall(PIECE)
        left = len(PIECE)
        while left:
            left -= len(receiver.recv(left))
        time.sleep(pause)


# ---- the tables


@scenario('Every row of the tables of ECN, one connection each.')
def ecn_tables(scene):
    use_ecn(scene)
    first = scene.local_port
    syn = {first + i: row[0] for i, row in enumerate(ECN_ROWS)}
    synack = {first + i: row[1] for i, row in enumerate(ECN_ROWS)}

    def ask(packet):
        if packet.has(SYN):
            packet.set_ace(syn[packet.sport])

    def answer(packet):
        if packet.has(SYN | ACK):
            packet.set_ace(synack[packet.dport])

    rewrite(scene, 'client', ask)
    rewrite(scene, 'server', answer)
    listener = scene.listen()
    for _ in ECN_ROWS:
        client, server = scene.pair(listener)
        talk(client, server, 1, 0)
        scene.local_port += 1
    scene.settle()
    states = [row[2] for row in ECN_ROWS]
    return {end: Answers(ecn=states, never=['syn_ecn_blocked', 'ecn_feedback_broken'])
            for end in BOTH}


@scenario('Every row of the table of timestamps.', near=('ts_missing', 'ts_backwards'))
def timestamp_table(scene):
    listener = scene.listen()
    for client_has, server_has, _ in TS_ROWS:
        scene.bed.client.sysctl('net.ipv4.tcp_timestamps', client_has)
        scene.bed.server.sysctl('net.ipv4.tcp_timestamps', server_has)
        client, server = scene.pair(listener)
        talk(client, server, 1, 0)
        scene.local_port += 1
    scene.settle()
    states = [row[2] for row in TS_ROWS]
    return {end: Answers(timestamps=states, never=['ts_missing', 'ts_backwards']) for end in BOTH}


@scenario('The client asks for ECN, and its second SYN does not: the first is lost.')
def ecn_fallback(scene):
    use_ecn(scene)
    scene.meddle = lambda packet: not packet.has(SYN) or not packet.flags & ECE
    client, server = scene.pair()
    talk(client, server, 1, 0)
    scene.settle()
    return {'client': Answers(ecn=['fallback'], says=['syn_ecn_blocked']),
            'server': Answers(ecn=['off'])}


# ---- marks


@scenario('A device drops what bears ECT.', shows=('ecn_ect_blackhole',))
def marked_data_die(scene):
    use_ecn(scene)
    scene.meddle = lambda packet: not (packet.ecn and packet.payload)
    client, server = scene.pair()
    talk(client, server, 4, 0.05)
    scene.settle()
    return {'client': Answers(ecn=['on'], says=['ecn_ect_blackhole']),
            'server': Answers(never=['ecn_ect_blackhole'])}


@scenario('One marked segment is lost like any other.', near=('ecn_ect_blackhole',))
def one_marked_lost(scene):
    use_ecn(scene)
    lost = []

    def lose_one(packet):
        if lost or not packet.payload:
            return True
        lost.append(packet)
        return False

    scene.meddle = lose_one
    client, server = scene.pair()
    talk(client, server, 4, 0.05)
    scene.settle()
    return {end: Answers(ecn=['on'], never=['ecn_ect_blackhole']) for end in BOTH}


def mark(times):
    """A queue that marks so many of the data that may be marked."""
    left = [times]

    def meddle(packet):
        if packet.ecn and packet.payload and left[0]:
            left[0] -= 1
            packet.set_ecn(3)
        return True

    return meddle


@scenario('A queue marks; both stacks answer as they should.',
          near=('ecn_feedback_broken', 'ecn_ect_unnegotiated'))
def marks_are_answered(scene):
    use_ecn(scene)
    scene.meddle = mark(5)
    client, server = scene.pair()
    talk(client, server, 20, 0.07)
    scene.settle()
    return {end: Answers(ecn=['on'], never=['ecn_feedback_broken']) for end in BOTH}


def clear(flag):
    def change(packet):
        if not packet.flags & SYN:
            packet.flags &= ~flag

    return change


@scenario('A queue marks; the server never echoes.', shows=('ecn_feedback_broken',))
def marks_are_not_echoed(scene):
    use_ecn(scene)
    rewrite(scene, 'server', clear(ECE))
    scene.meddle = mark(6)
    client, server = scene.pair()
    talk(client, server, 12, 0.02)
    scene.settle()
    return {'client': Answers(ecn=['on'], never=['ecn_feedback_broken']),
            'server': Answers(ecn=['on'], says=['ecn_feedback_broken:ce_not_echoed'])}


@scenario('A queue marks; the client never sets CWR.')
def echoes_are_not_answered(scene):
    use_ecn(scene)
    rewrite(scene, 'client', clear(CWR))
    scene.meddle = mark(1)
    client, server = scene.pair()
    talk(client, server, 24, 0.07)
    scene.settle()
    return {end: Answers(ecn=['on'], says=['ecn_feedback_broken:no_cwr']) for end in BOTH}


@scenario('A queue marks once; the server echoes for ever.')
def echo_never_ends(scene):
    use_ecn(scene)
    heard = []

    def echo(packet):
        heard.extend([packet] if packet.flags & ECE and not packet.flags & SYN else [])
        if heard:
            packet.flags |= ECE

    rewrite(scene, 'server', echo)
    scene.meddle = mark(1)
    client, server = scene.pair()
    talk(client, server, 24, 0.07)
    scene.settle()
    return {'client': Answers(ecn=['on'], never=['ecn_feedback_broken']),
            'server': Answers(ecn=['on'], says=['ecn_feedback_broken:ece_stuck'])}


@scenario('A switch writes ECT(1) into all that the server sends, without ECN.',
          shows=('ecn_ect_unnegotiated',))
def marked_without_ecn(scene):
    def write(packet):
        if packet.sport == scene.port:
            packet.set_ecn(1)
        return True

    scene.meddle = write
    client, server = scene.pair()
    talk(server, client, 2, 0.02)
    scene.settle()
    return {'client': Answers(ecn=['off'], says=['ecn_ect_unnegotiated']),
            'server': Answers(ecn=['off'], never=['ecn_ect_unnegotiated'])}


# ---- timestamps


def without_timestamps(packet):
    if not packet.flags & SYN and packet.payload:
        packet.drop_timestamps()


@scenario('The client\'s data lose their timestamps; Linux takes them.')
def bare_data_taken(scene):
    rewrite(scene, 'client', without_timestamps)
    client, server = scene.pair()
    talk(client, server, 3, 0.02)
    scene.settle()
    return {end: Answers(timestamps=['on'], says=['ts_missing:accepted']) for end in BOTH}


@scenario('The client\'s data lose their timestamps; who takes only what was agreed drops them.',
          shows=('ts_missing',))
def bare_data_dropped(scene):
    rewrite(scene, 'client', without_timestamps)
    scene.meddle = lambda packet: not packet.payload or packet.timestamps() is not None
    client, _ = scene.pair()
    client.sendall(PIECE)
    time.sleep(3)
    return {'client': Answers(timestamps=['on'], says=['ts_missing', 'verdict:ts_missing'])}


@scenario('The client\'s data have older timestamps than its ACKs: the server drops them (PAWS).',
          shows=('ts_backwards',))
def older_data(scene):
    def age(packet):
        if packet.payload and packet.timestamps():
            tsval, tsecr = packet.timestamps()
            packet.set_timestamps((tsval - 100000) % 2**32, tsecr)

    rewrite(scene, 'client', age)
    client, _ = scene.pair()
    time.sleep(0.1)
    client.sendall(PIECE)
    time.sleep(3)
    return {end: Answers(timestamps=['on'], says=['ts_backwards', 'data_rejected:paws',
                                               'verdict:ts_backwards'])
            for end in BOTH}


@scenario('The client\'s segments echo a timestamp that the server never sent.')
def wrong_echo(scene):
    def garble(packet):
        if not packet.flags & SYN and packet.timestamps():
            packet.set_timestamps(packet.timestamps()[0], 77)

    rewrite(scene, 'client', garble)
    scene.listen()
    client = scene.connect()
    client.sendall(PIECE)
    time.sleep(4.5)
    if not counts_wrong_echoes(scene.bed.server):
        return {}
    return {end: Answers(timestamps=['on'], says=['synack_retx_after_data:bad_echo',
                                               'verdict:synack_retx_after_data'])
            for end in BOTH}


def counts_wrong_echoes(namespace):
    """A kernel before Linux 6.15 takes such an ACK, and has no name for it."""
    with namespace.inside(), open('/proc/thread-self/net/netstat', encoding='ascii') as counters:
        return 'TSEcrRejected' in counters.read()
