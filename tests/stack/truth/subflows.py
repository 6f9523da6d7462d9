# SPDX-License-Identifier: GPL-2.0-or-later
"""Multipath TCP: a subflow is reset with a reason of its own (RFC 8684 3.6), and the connection goes
on over the other one."""
import contextlib
import socket

from bed import HOP
from scene import ACK, SYN, reset, scenario
from truth.opening import from_client

MPTCP_PROTOCOL = 262
OPTION = 30
JOIN_ACK_LENGTH = 24
UNKNOWN_JOIN = bytes([OPTION, 12, 0x10, 1]) + b'\xde\xad\xbe\xef' + b'nonc'
PIECE = b'evil' * 300


def subflows(story, *resets, **facts):
    return scenario(story, resets=resets, needs='/proc/sys/net/mptcp/enabled', **facts)


def mptcp_socket(namespace, end):
    with namespace.inside():
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP_PROTOCOL)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.settimeout(3)
    made.bind(end)
    return made


def other_address(scene):
    return scene.site.client + '9'  # 10.200.0.29 beside 10.200.0.2


def two_addresses(scene, server_takes):
    """The client has another address, and the server takes so many subflows more."""
    bed, other = scene.bed, other_address(scene)
    bed.client.run('ip', 'addr', 'add', f'{other}/{scene.site.prefix}', 'dev', 'client0')
    bed.router.run('ip', 'route', 'add', other, 'via', HOP[socket.AF_INET][0])
    for namespace, subflows_taken in ((bed.client, 1), (bed.server, server_takes)):
        namespace.run('ip', 'mptcp', 'limits', 'set', 'subflow', str(subflows_taken))
    bed.client.run('ip', 'mptcp', 'endpoint', 'add', other, 'dev', 'client0', 'subflow')


def mptcp_pair(scene, server_takes=1):
    """Two connected sockets; the client's kernel has tried a second subflow."""
    two_addresses(scene, server_takes)
    listener = mptcp_socket(scene.bed.server, scene.server_end)
    scene.bed.closing.callback(listener.close)
    listener.listen(8)
    client = mptcp_socket(scene.bed.client, scene.client_end)
    scene.bed.closing.callback(client.close)
    client.connect(scene.server_end)
    server, _ = listener.accept()
    server.settimeout(3)
    scene.bed.closing.callback(server.close)
    scene.exchange(client, server)
    scene.settle(4)
    return client, server


def change_option(scene, wanted, at):
    """Changes one byte of the MPTCP option of the packets that are wanted."""
    def meddle(packet):
        start = packet.option(OPTION) if wanted(packet) else None
        if start is not None:
            packet.data[start + at] ^= 0xff
        return True
    scene.meddle = meddle


@subflows('A server that takes no second subflow resets the join; the connection goes on.',
          'MPTCP_RST_EPROHIBIT', 'MPTCP_RST_EUNSPEC')
def join_prohibited(scene):
    scene.exchange(*mptcp_pair(scene, server_takes=0))


@subflows('A middlebox changes the proof in the join\'s last ACK: the server resets it.',
          'MPTCP_RST_EMPTCP')
def join_without_proof(scene):
    def is_proof(packet):
        start = packet.option(OPTION)
        return packet.has(ACK) and start is not None and packet.source == other_address(scene) and \
            packet.data[start + 1] == JOIN_ACK_LENGTH
    change_option(scene, is_proof, 10)
    scene.exchange(*mptcp_pair(scene))


@subflows('A middlebox changes the server\'s proof: the client resets the subflow.',
          'MPTCP_RST_EMPTCP')
def join_with_wrong_answer(scene):
    change_option(scene, lambda packet: packet.has(SYN | ACK) and
                  packet.target == other_address(scene), 6)
    scene.exchange(*mptcp_pair(scene))


@subflows('A join of a connection that nobody knows is refused.', 'MPTCP_RST_EMPTCP')
def join_of_nothing(scene):
    mptcp_pair(scene)
    scene.local_port += 500
    from_client(scene, SYN, 1000, options=UNKNOWN_JOIN)
    scene.settle()


@subflows('A middlebox changes the data of one subflow: its checksum tells, and it alone is reset.',
          'MPTCP_RST_EMIDDLEBOX')
def subflow_with_changed_data(scene):
    for namespace in (scene.bed.client, scene.bed.server):
        namespace.sysctl('net.mptcp.checksum_enabled', 1)
    client, server = mptcp_pair(scene)

    changed = []

    def meddle(packet):
        if PIECE[:4] in packet.payload and not changed:
            changed.append(packet)
            at = bytes(packet.data).index(PIECE[:4])
            packet.data[at:at + 4] = b'good'
        return True
    scene.meddle = meddle
    with contextlib.suppress(OSError):
        for _ in range(3):
            client.sendall(PIECE)
            server.recv(65536)
            scene.settle()


@subflows('An aborted connection ends all its subflows at once, by a fast close.',
          'TCP_ABORT_ON_CLOSE')
def fast_close_of_subflows(scene):
    client, _ = mptcp_pair(scene)
    reset(client)
    scene.settle()
