# SPDX-License-Identifier: GPL-2.0-or-later
"""What a capture lacks: its beginning, its end, frames, bytes of frames, the order of time; and
segments that no wire ever carried."""
import time

import spoil
from quality import REQUEST, Recorder, Seen, fetch, hang_up, keep_short
from scene import scenario

CLIENT = 'client0'
RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def own(scene, *options):
    return Recorder(scene, scene.bed.client, CLIENT, *options)


# ---- the beginning and the end


@scenario('The capture begins while the connection is in use.', delay=0.005,
          shows=('cap_midstream',))
def begins_late(scene):
    client, server = scene.pair()
    fetch(scene, client, server, 5000)
    late = own(scene)
    fetch(scene, client, server, 5000)
    hang_up(scene, client, server)
    return Seen({'client': {'cap_midstream'}}, instead={'client': late.finish()})


@scenario('The port is used again: the second connection begins in the capture, too.', delay=0.005,
          near=('cap_midstream',))
def port_again(scene):
    listener = scene.listen()
    for _ in range(2):
        client, server = scene.pair(listener)
        fetch(scene, client, server, 2000)
        server.close()     # TIME_WAIT stays with the server, as the port is to be used again
        client.recv(1)
        client.close()
        scene.settle()
    return Seen()


@scenario('The capture ends half a second after a request.', delay=0.005, shows=('cap_ends_early',))
def ends_in_a_wait(scene):
    short = own(scene)
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    time.sleep(0.2)     # and what it takes to finish: below a slow answer
    file = short.finish()
    server.sendall(RESPONSE)
    client.recv(4096)
    hang_up(scene, client, server)
    return Seen({'client': {'cap_ends_early'}}, instead={'client': file})


@scenario('The capture ends with the answer; the connection is kept for later.', delay=0.005,
          near=('cap_ends_early',))
def ends_at_rest(scene):
    client, server = scene.pair()
    fetch(scene, client, server, 5000)
    return Seen()


# ---- frames and bytes


@scenario('The capturing program stands still, and its small ring overflows.', delay=0.004,
          shows=('cap_gap_not_captured', 'cap_drops'))
def ring_overflows(scene):
    keep_short(scene)
    small = own(scene, '-B', '96')
    client, server = scene.pair()
    for _ in range(3):
        fetch(scene, client, server, 100_000)
        small.pause()
        fetch(scene, client, server, 400_000)
        small.resume()
        time.sleep(0.2)
    fetch(scene, client, server, 100_000)
    hang_up(scene, client, server)
    return Seen({'client': {'cap_gap_not_captured', 'cap_drops'}},
                instead={'client': small.finish()})


def without_one(frames):
    """Of the data in the middle, one frame."""
    full = [i for i, frame in enumerate(frames) if frame.size > 1400]
    missing = full[len(full) // 2]
    return frames[:missing] + frames[missing + 1:]


@scenario('One frame of a long download is not in the file.', delay=0.004,
          shows=('cap_gap_not_captured',), near=('cap_drops',))
def one_frame_missing(scene):
    keep_short(scene)
    client, server = scene.pair()
    fetch(scene, client, server, 300_000)
    hang_up(scene, client, server)
    return Seen({'client': {'cap_gap_not_captured'}}, spoiled={'client': without_one})


@scenario('Only the headers are kept.', delay=0.004, shows=('cap_truncated',))
def headers_only(scene):
    short = own(scene, '-s', '80')
    client, server = scene.pair()
    fetch(scene, client, server, 20_000)
    hang_up(scene, client, server)
    return Seen({'client': {'cap_truncated'}}, instead={'client': short.finish()})


@scenario('Frames are cut, but not those whose words are read.', delay=0.004,
          near=('cap_truncated',))
def heads_kept(scene):
    short = own(scene, '-s', '300')
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    server.sendall(RESPONSE)
    client.recv(4096)
    scene.settle()
    fetch(scene, client, server, 20_000)
    hang_up(scene, client, server)
    return Seen(instead={'client': short.finish()})


# ---- time


def shuffled(frames):
    """As two queues of a card hand them over."""
    return spoil.shuffled(frames, 900 * spoil.US)


@scenario('The clock is set back in the middle.', delay=0.004, shows=('cap_clock_backwards',))
def clock_set_back(scene):
    client, server = scene.pair()
    fetch(scene, client, server, 20_000)
    hang_up(scene, client, server)
    return Seen({'client': {'cap_clock_backwards'}}, spoiled={'client': spoil.clock_back})


@scenario('Frames of the same millisecond were written in another order.', delay=0.004,
          near=('cap_clock_backwards', 'cap_gap_not_captured', 'cap_drops'))
def nearly_in_order(scene):
    client, server = scene.pair()
    fetch(scene, client, server, 20_000)
    hang_up(scene, client, server)
    return Seen(spoiled={'client': shuffled})


# ---- offload


def offload(scene):
    for namespace, link in ((scene.bed.client, CLIENT), (scene.bed.server, 'server0')):
        namespace.run('ethtool', '-K', link, *'tx on sg on tso on gso on gro on'.split())


@scenario('The card is to cut the segments, and to complete the checksums.', delay=0.004,
          shows=('cap_offload',))
def card_cuts(scene):
    offload(scene)
    keep_short(scene)
    client, server = scene.pair()
    fetch(scene, client, server, 400_000)
    hang_up(scene, client, server)
    return Seen({'server': {'cap_offload'}})


def jumbo(scene):
    bed = scene.bed
    for namespace, links in ((bed.client, (CLIENT,)), (bed.middle, ('near', 'far')),
                             (bed.router, ('outside', 'inside')), (bed.server, ('server0',))):
        for link in links:
            namespace.run('ip', 'link', 'set', link, 'mtu', '9000')


@scenario('Every link carries jumbo frames, and the ends agreed on them.', delay=0.004,
          near=('cap_offload',))
def jumbo_frames(scene):
    jumbo(scene)
    keep_short(scene)
    client, server = scene.pair()
    fetch(scene, client, server, 400_000)
    hang_up(scene, client, server)
    return Seen()
