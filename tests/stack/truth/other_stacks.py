# SPDX-License-Identifier: GPL-2.0-or-later
"""Stacks beside Linux: they reset in their own ways, and none of them is somebody between."""
import time

from peers import NEEDS, PROGRAMS
from scene import ACK, PSH, reset, scenario
from truth.gone import REQUEST, cut
from truth.opening import from_client

BETWEEN = tuple(stack for stack in NEEDS if stack not in PROGRAMS)
TITLES = {'lwip': 'lwIP', 'gvisor': 'gVisor', 'passt': 'passt', 'slirp4netns': 'slirp4netns'}


def on(stacks, act, story, healthy=False, **facts):
    """The same play on each of these stacks. It resets, unless it is healthy or fails in silence."""
    def register(play):
        for stack in stacks:
            def act_on_stack(scene, play=play):
                play(scene)
            act_on_stack.__name__ = f'{stack}_{play.__name__}'
            resets = () if healthy or 'silent' in facts else (stack.upper(),)
            scenario(f'{TITLES[stack]}: {story}', resets=resets, peer=stack, act=act,
                     harmless=healthy, tempting=bool(resets), **facts)(act_on_stack)
        return play
    return register


# ---- programs on lwIP and gVisor


def ask(scene, times=1):
    """A client that has asked, and read the answers."""
    client = scene.connect()
    for _ in range(times):
        client.sendall(REQUEST)
        client.recv(4096)
        scene.settle()
    return client


@on(PROGRAMS, 'answer', 'nobody listens on the port.')
def refuses(scene):
    scene.port += 1
    scene.try_to_connect().close()


@on(PROGRAMS, 'answer', 'two requests are answered, then the client closes.', healthy=True)
def closes_last(scene):
    ask(scene, 2).close()
    scene.settle(4)


@on(PROGRAMS, 'finish', 'the server answers and closes.', healthy=True)
def closes_first(scene):
    ask(scene).close()
    scene.settle(4)


@on(PROGRAMS, 'finish', 'the client writes after the server has closed.')
def is_written_to_after_close(scene):
    client = ask(scene)
    client.sendall(REQUEST)
    scene.settle(4)


@on(PROGRAMS, 'abort', 'the program aborts at the second request.')
def aborts(scene):
    client = ask(scene)
    client.sendall(REQUEST)
    scene.settle(4)


@on(PROGRAMS, 'unread', 'the program closes without reading the request.')
def leaves_request_unread(scene):
    client = scene.connect()
    client.sendall(REQUEST)
    time.sleep(1.2)


# gVisor gives up without a word on the wire.


@on(('lwip',), 'probe', 'the client is cut off; keep-alive gives up.')
def probes_in_vain(scene, patience=4):
    ask(scene)
    cut(scene, scene.port, scene.local_port)
    time.sleep(patience)


@on(('gvisor',), 'probe', 'the client is cut off; keep-alive gives up.', silent='keepalive',
    silent_at=('server',))
def probes_in_silence(scene):
    probes_in_vain(scene, 6.5)


@on(('gvisor',), 'push', 'the client is cut off; data are repeated until a timeout.',
    silent='user_timeout', silent_at=('server',))
def pushes_in_vain(scene):
    probes_in_vain(scene, 8)


@on(PROGRAMS, 'answer', 'data of a connection that nobody opened.')
def meets_stray_data(scene):
    from_client(scene, ACK | PSH, 1000, ack=2000, payload=REQUEST)
    scene.settle(4)


# ---- passt and slirp4netns between a client and its host


def answered(scene):
    """Both sockets after a request and its answer."""
    client, server = scene.pair()
    scene.exchange(client, server)
    return client, server


@on(BETWEEN, 'refused', 'nobody listens at the server behind.')
def passes_refusal_on(scene):
    scene.try_to_connect().close()
    scene.settle()


@on(BETWEEN, 'finish', 'a request is answered, both close.', healthy=True)
def passes_close_on(scene):
    client, server = answered(scene)
    server.close()
    scene.settle(4)
    client.close()
    scene.settle(4)


@on(BETWEEN, 'abort', 'the server behind aborts by linger 0.')
def passes_abort_on(scene):
    _, server = answered(scene)
    reset(server)
    scene.settle(6)


@on(BETWEEN, 'unread', 'the server behind closes without reading the request.')
def passes_unread_on(scene):
    client, server = scene.pair()
    client.sendall(REQUEST)
    scene.settle(4)
    server.close()
    scene.settle(6)


@on(('passt',), 'close', 'the client writes after the server behind has closed.')
def passes_late_data_on(scene):
    client, server = answered(scene)
    server.close()
    scene.settle(4)
    client.sendall(REQUEST)
    scene.settle(6)
