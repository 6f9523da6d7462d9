# SPDX-License-Identifier: GPL-2.0-or-later
"""A firewall near the client that forgets connections: it drops what it does not know, or resets
it. It forgets after seconds, and diag is told to think of it after ten."""
import time

from flows.pace import hang_up
from flows.silent import ANSWER, REQUEST, keep_alive
from scene import scenario

FORGETS = 5
IDLE = 11
PATIENCE = ('idle_state:10',)


def firewall(scene, *verdict):
    middle = scene.bed.middle
    scene.bed.firewall(middle, '-A', 'FORWARD', '-p', 'tcp', '-m', 'conntrack', '--ctstate',
                       'INVALID', '-j', *verdict)
    scene.bed.firewall(middle, '-A', 'FORWARD', '-p', 'tcp', '-m', 'conntrack', '--ctstate', 'NEW',
                       '!', '--syn', '-j', *verdict)
    if not middle.sysctl('net.netfilter.nf_conntrack_tcp_timeout_established', FORGETS):
        raise RuntimeError('no connection tracking')


def rest(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    time.sleep(IDLE)
    return client, server


@scenario('The firewall drops what it has forgotten.', delay=0.005, preferences=PATIENCE,
          shows=('idle_state_lost',), near=('request_unacked', 'keepalive_dead_peer'))
def forgotten_in_silence(scene):
    firewall(scene, 'DROP')
    client, _ = rest(scene)
    client.sendall(REQUEST)
    time.sleep(4)
    scene.later()
    return {'client': {'idle_state_lost'}, 'router': set(), 'server': set()}


@scenario('The firewall resets what it has forgotten, in the server\'s name.', delay=0.02,
          preferences=PATIENCE, shows=('idle_state_lost',))
def forgotten_and_reset(scene):
    firewall(scene, 'REJECT', '--reject-with', 'tcp-reset')
    client, server = scene.pair()
    for _ in range(3):
        scene.exchange(client, server)
    time.sleep(IDLE)
    client.sendall(REQUEST)
    time.sleep(1)
    scene.later()
    return {'client': {'idle_state_lost:rst'}, 'router': set(), 'server': set()}


@scenario('The same rest with keep-alives: nobody forgets.', delay=0.005, preferences=PATIENCE,
          near=('idle_state_lost', 'keepalive_dead_peer'))
def kept_alive(scene):
    firewall(scene, 'DROP')
    client, server = scene.pair()
    scene.exchange(client, server)
    keep_alive(client, 3)
    time.sleep(IDLE)
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(ANSWER)
    client.recv(4096)
    hang_up(scene, client, server)
    return set()


@scenario('After the same rest the path is cut for a moment, and the data get through.',
          delay=0.005, preferences=PATIENCE, near=('idle_state_lost', 'retx_give_up'))
def awake_again(scene):
    client, server = rest(scene)
    client.settimeout(20)
    server.settimeout(20)
    scene.meddle = lambda packet: False
    client.sendall(REQUEST)
    time.sleep(2.5)
    scene.meddle = lambda packet: True
    server.recv(4096)
    server.sendall(ANSWER)
    client.recv(4096)
    hang_up(scene, client, server)
    return {'client': {'retx_stall'}}
