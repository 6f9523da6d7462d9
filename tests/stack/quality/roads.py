# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a capture stands: on one of two roads, on all links of a router, at both ends at once, in
front of a proxy."""
import socket
import time

import spoil
from quality import Recorder, Seen, fetch, hang_up
from scene import scenario

PROXY_PORT = 3129


def bypass(scene):
    """What the server sends goes around the router: straight to the hop in front of the client."""
    bed = scene.bed
    bed._wire(bed.server, 'server2', bed.middle, 'side')
    bed._address(bed.middle, 'side', ['192.0.2.129'])
    bed._address(bed.server, 'server2', ['192.0.2.130'])
    bed.server.run('ip', 'route', 'add', scene.site.client, 'via', '192.0.2.129')


@scenario('The answers take another road: at the router, and on the server\'s first link, only the '
          'client passes.', delay=0.01,
          shows=('cap_one_way',))
def another_road_back(scene):
    bypass(scene)
    client, server = scene.pair()
    fetch(scene, client, server, 40_000)
    hang_up(scene, client, server)
    return Seen({'router': {'cap_one_way'}, 'server': {'cap_one_way'}})


@scenario('Only one direction is captured, but because nobody answers: the client tries on.',
          delay=0.01, near=('cap_one_way',))
def nobody_answers(scene):
    scene.meddle = lambda packet: False
    scene.try_to_connect(4.5)
    scene.later()
    return Seen(accuses={'client': {'syn_no_reply'}, 'router': {'syn_no_reply'}})


@scenario('The router is asked for all its links: each packet as it came, and as it went on.',
          delay=0.003, shows=('cap_duplicate_frames',))
def all_links(scene):
    own = Recorder(scene, scene.bed.router, 'any')
    client, server = scene.pair()
    fetch(scene, client, server, 60_000)
    hang_up(scene, client, server)
    return Seen({'router': {'cap_duplicate_frames'}}, instead={'router': own.finish()})


@scenario('The captures of both ends in one file.', delay=0.004, shows=('cap_duplicate_frames',))
def both_ends(scene):
    one = Recorder(scene, scene.bed.client, 'client0')
    other = Recorder(scene, scene.bed.server, 'server0')
    client, server = scene.pair()
    fetch(scene, client, server, 60_000)
    hang_up(scene, client, server)
    file = one.finish()
    frames = spoil.read(file).frames + spoil.read(other.finish()).frames
    spoil.write(file, spoil.Capture(spoil.sorted_by_time(frames)))
    return Seen({'router': {'cap_duplicate_frames'}}, instead={'router': file})


@scenario('Segments are lost behind the capture, and sent again: twice in the file, and no copies.',
          delay=0.01, near=('cap_duplicate_frames', 'cap_gap_not_captured', 'cap_drops'))
def sent_again(scene):
    client, server = scene.pair()
    lost = []

    def meddle(packet):
        place = packet.seq // 1448
        if len(packet.payload) < 1000 or place % 9 or place in lost:
            return True
        lost.append(place)
        return False
    scene.meddle = meddle
    fetch(scene, client, server, 150_000)
    scene.meddle = lambda packet: True
    hang_up(scene, client, server)
    return Seen(accuses={point: {'loss_recovered', None} for point in ('client', 'router',
                                                                       'server')})


# ---- a proxy that answers for the server


def few_options(namespace):
    for setting in ('sack', 'timestamps', 'window_scaling'):
        namespace.sysctl(f'net.ipv4.tcp_{setting}', 0)


def pump(one, other):
    while True:
        data = one.recv(65536)
        if not data:
            break
        other.sendall(data)
    other.shutdown(socket.SHUT_WR)


def stand_between(scene):
    """A transparent proxy in the hop: it takes the connection, and makes one of its own."""
    bed = scene.bed
    few_options(bed.middle)
    with bed.middle.inside():
        listener = socket.socket(scene.site.family)
    bed.closing.callback(listener.close)
    listener.bind(('::', PROXY_PORT))
    listener.listen(4)
    bed.firewall(bed.middle, '-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '--dport',
                 str(scene.port), '-j', 'REDIRECT', '--to-ports', str(PROXY_PORT))

    def serve():
        near, _ = listener.accept()
        with bed.middle.inside():
            far = socket.socket(scene.site.family)
        far.connect(scene.server_end)
        bed.thread(pump, near, far)
        pump(far, near)
        near.close()
        far.close()
    bed.thread(serve)


def ask_twice(scene):
    client, server = scene.pair()
    for _ in range(2):
        fetch(scene, client, server, 300)
        time.sleep(0.05)
    hang_up(scene, client, server)


@scenario('A transparent proxy one hop away takes the connection in the server\'s name.', delay=0.03,
          v6=True, shows=('tcp_terminated_nearby',))
def transparent_proxy(scene):
    stand_between(scene)
    ask_twice(scene)
    return Seen({'client': {'tcp_terminated_nearby'}})


@scenario('A server whose stack knows no options, and nobody between.', delay=0.03, v6=True,
          near=('tcp_terminated_nearby',))
def old_server(scene):
    few_options(scene.bed.server)
    ask_twice(scene)
    return Seen()

