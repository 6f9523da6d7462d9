#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What two stacks agree about ECN and timestamps, and what becomes of it: played between real stacks,
captured at client and server, and held against diag. What no stack here speaks is rewritten where it
leaves its host, so that both captures show it.

agreed.py [--plugin DIAG.SO] [--jobs N] [SCENARIO...]
Exit status: 0 agreed, 1 not, 77 this machine cannot play them."""
import argparse
import concurrent.futures
import contextlib
import json
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from nfqueue import QUEUE, Path  # noqa: E402
from packet import ACK, CWR, ECE, SYN, TCP  # noqa: E402
from plugged import Plugged  # noqa: E402
from record import CANNOT_RECORD, keep_time, why_not  # noqa: E402
from scene import SCENARIOS, Scene, scenario, stage  # noqa: E402

LINKS = {'client': 'client0', 'server': 'server0'}
NUMBER = 800      # the first network of these scenarios
JOBS = 4
TRIES = 2         # a loaded machine may lose a packet of its own
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


@scenario('Every row of the table of timestamps.')
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


@scenario('A device drops what bears ECT.')
def marked_data_die(scene):
    use_ecn(scene)
    scene.meddle = lambda packet: not (packet.ecn and packet.payload)
    client, server = scene.pair()
    talk(client, server, 4, 0.05)
    scene.settle()
    return {'client': Answers(ecn=['on'], says=['ecn_ect_blackhole']),
            'server': Answers(never=['ecn_ect_blackhole'])}


@scenario('One marked segment is lost like any other.')
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


@scenario('A queue marks; both stacks answer as they should.')
def marks_are_answered(scene):
    use_ecn(scene)
    scene.meddle = mark(5)
    client, server = scene.pair()
    talk(client, server, 20, 0.07)
    scene.settle()
    return {end: Answers(ecn=['on'], never=['ecn_feedback_broken']) for end in BOTH}


def clear(flag, client=False):
    def change(packet):
        if not packet.flags & SYN:
            packet.flags &= ~flag

    return change


@scenario('A queue marks; the server never echoes.')
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


@scenario('A switch writes ECT(1) into all that the server sends, without ECN.')
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


@scenario('The client\'s data lose their timestamps; who takes only what was agreed drops them.')
def bare_data_dropped(scene):
    rewrite(scene, 'client', without_timestamps)
    scene.meddle = lambda packet: not packet.payload or packet.timestamps() is not None
    client, _ = scene.pair()
    client.sendall(PIECE)
    time.sleep(3)
    return {'client': Answers(timestamps=['on'], says=['ts_missing'])}


@scenario('The client\'s data have older timestamps than its ACKs: the server drops them (PAWS).')
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
    return {end: Answers(timestamps=['on'], says=['ts_backwards', 'data_rejected:paws'])
            for end in BOTH}


# ---- the run


def perform(play, number, out):
    files = {end: os.path.join(out, f'{play.name}.{end}.pcap') for end in LINKS}
    with contextlib.ExitStack() as stack:
        bed = stack.enter_context(stage(play, number))
        scene = Scene(bed, number)
        with contextlib.ExitStack() as captures:
            for end, link in LINKS.items():
                captures.enter_context(bed.capture(files[end], link, 'tcp'))
            answers = play.play(scene)
        bed.check()
    return files, answers


def report(plugged, file):
    done = plugged.run('tshark', '-q', '-r', plugged.lend(file), '-z', 'diag,json')
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
    return [line for line in lines if line['type'] == 'connection']


def disagreements(end, wanted, connections):
    for name in ('ecn', 'timestamps'):
        states = [connection['tcp'][name] for connection in connections]
        if getattr(wanted, name) not in (None, states):
            yield f'{end}: {name} {states}, wanted {getattr(wanted, name)}'
    findings = [finding for connection in connections for finding in connection['findings']]
    said = {finding['id'] for finding in findings}
    said |= {f'{finding["id"]}:{finding["cause"]}' for finding in findings}
    for finding in wanted.says:
        if finding not in said:
            yield f'{end}: no {finding}, but {sorted(said)}'
    for finding in wanted.never:
        if finding in said:
            yield f'{end}: {finding}'


def attempt(play, number, plugged, out):
    files, answers = perform(play, number, out)
    if not plugged:
        return []
    return [line for end, wanted in answers.items()
            for line in disagreements(end, wanted, report(plugged, files[end]))]


def play_one(play, number, plugged, out):
    """The last try's disagreements."""
    for _ in range(TRIES):
        try:
            wrong = attempt(play, number, plugged, out)
        except (OSError, RuntimeError) as error:
            wrong = [repr(error)]
        if not wrong:
            break
    return wrong


def play_all(wanted, plugged, out):
    plays = [play for play in SCENARIOS if not wanted.scenario or play.name in wanted.scenario]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(wanted.jobs) as pool:
        runs = [(play, pool.submit(play_one, play, NUMBER + i, plugged, out))
                for i, play in enumerate(plays)]
        for play, run in runs:
            for line in run.result():
                print(f'{play.name}: {line}')
            failed += bool(run.result())
    print(f'{len(plays)} scenarios, {failed} disagree')
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description='Holds diag against what was agreed.')
    parser.add_argument('--plugin')
    parser.add_argument('--jobs', type=int, default=JOBS)
    parser.add_argument('scenario', nargs='*')
    wanted = parser.parse_args()
    reason = why_not()
    if reason:
        print(f'agreed.py: {reason}')
        return CANNOT_RECORD
    keep_time()
    with tempfile.TemporaryDirectory() as out, contextlib.ExitStack() as stack:
        plugged = stack.enter_context(Plugged(wanted.plugin)) if wanted.plugin else None
        return play_all(wanted, plugged, out)


if __name__ == '__main__':
    sys.exit(main())
