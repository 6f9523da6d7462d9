# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets that a kernel seldom sends: out of memory, a simultaneous open that goes wrong, a connection
in TIME-WAIT that does not let its successor in."""
import contextlib
import time

from scene import ACK, SYN, scenario
from truth.after_close import REQUEST
from truth.gone import cut
from truth.opening import MSS_ONLY
from truth.silent import OLD

MAX_ORPHANS = '/proc/sys/net/ipv4/tcp_max_orphans'
ORPHANS_COUNTED = 0.25  # seconds: the kernel counts them every 100 ms


# ---- memory


@contextlib.contextmanager
def no_orphans_allowed():
    """The limit is the machine's, not the namespace's: for less than a millisecond."""
    with open(MAX_ORPHANS, encoding='ascii') as setting:
        limit = setting.read()
    with open(MAX_ORPHANS, 'w', encoding='ascii') as low, \
            open(MAX_ORPHANS, 'w', encoding='ascii') as restored:
        low.write('0')
        low.flush()
        try:
            yield
        finally:
            restored.write(limit)
            restored.flush()


@scenario('Too many connections that were closed wait for their peers: one more is reset.',
          resets=('TCP_ABORT_ON_MEMORY',))
def too_many_orphans(scene):
    listener = scene.listen()
    pairs = []
    for _ in range(3):
        pairs.append(scene.pair(listener))
        scene.exchange(*pairs[-1])
        scene.local_port += 500
    last, _ = scene.pair(listener)
    cut(scene, *(scene.local_port - 500 * step for step in range(1, 4)))
    for client, _ in pairs:
        client.sendall(REQUEST)
        client.close()
    time.sleep(ORPHANS_COUNTED)
    last.sendall(REQUEST)
    with no_orphans_allowed():
        last.close()
    scene.settle()


# ---- a simultaneous open


def open_simultaneously(scene, wrong_by):
    """Two SYNs cross, and the peer acknowledges something else than the client's."""
    cut(scene, scene.local_port)
    client = scene.try_to_connect(0.02)
    syn = scene.seen[-1]
    scene.forge('server', SYN, 70000, options=MSS_ONLY, window=65535)
    scene.settle()
    scene.forge('server', ACK, 70001, ack=(syn.seq + 1 + wrong_by) % 2**32, window=65535)
    scene.settle()
    client.close()


@scenario('SYNs cross; the other end then acknowledges what was never sent.',
          resets=('TCP_ACK_UNSENT_DATA',))
def crossing_syns_ack_of_unsent(scene):
    open_simultaneously(scene, 5000)


@scenario('SYNs cross; the other end then acknowledges something old.',
          resets=('TCP_TOO_OLD_ACK',))
def crossing_syns_old_ack(scene):
    open_simultaneously(scene, -100_000)


# ---- TIME-WAIT


def reuse_port_in_time_wait(scene, old_syns):
    """The server closed last week's connection first. The client's next SYN from the same port looks
    older than that one, as behind an address translator that several clients share."""
    listener = scene.listen()
    client, server = scene.pair(listener)
    scene.exchange(client, server)
    server.close()
    scene.settle()
    client.close()
    scene.settle()
    altered = []

    def make_old(packet):
        if packet.has(SYN) and len(altered) < old_syns:
            altered.append(packet)
            packet.seq -= OLD
            tsval, tsecr = packet.timestamps()
            packet.set_timestamps((tsval - OLD) % 2**32, tsecr)
        return True
    scene.meddle = make_old
    scene.try_to_connect(1.4).close()
    scene.settle()


@scenario('A connection in TIME-WAIT answers an old-looking SYN by an ACK; the client resets that, '
          'and gets in a second later.', resets=('TCP_INVALID_ACK_SEQUENCE',))
def time_wait_meets_old_looking_syn(scene):
    reuse_port_in_time_wait(scene, 1)


@scenario('The same where TIME-WAIT survives resets (tcp_rfc1337): nobody gets in.',
          resets=('TCP_INVALID_ACK_SEQUENCE',))
def time_wait_survives_reset(scene):
    scene.bed.server.sysctl('net.ipv4.tcp_rfc1337', 1)
    reuse_port_in_time_wait(scene, 2)
