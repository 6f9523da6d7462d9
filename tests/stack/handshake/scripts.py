# SPDX-License-Identifier: GPL-2.0-or-later
"""Ends of a handshake that are the script itself: OpenSSL of Python with its bytes in our hands, so
that it can stop, split, or leave anywhere."""
import contextlib
import socket
import ssl
import time

from .pki import NAME
from .stacks import REQUEST

RESPONSE = b'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello'
PAUSE = 0.03  # so that two pieces do not become one segment
VERSIONS = {'1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}
LINGER = b'\1\0\0\0\0\0\0\0'  # on, 0 s: close() resets


def limit(context, high):
    if high:
        context.maximum_version = VERSIONS[high]
    return context


def server_context(shake, cert='good', high=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shake.pki.file(cert + '.crt'), shake.pki.file('leaf.key'))
    context.keylog_filename = shake.keys
    return limit(context, high)


def client_context(shake, high=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(shake.pki.file('root.crt'))
    context.keylog_filename = shake.keys
    return limit(context, high)


class Half:
    """One end of TLS, step by step: what it would send is returned, and sent by the caller."""

    def __init__(self, sock, context, server):
        self.sock = sock
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward, server_side=server,
                                    server_hostname=None if server else NAME)

    def step(self):
        """As far as it comes without the peer; True when the handshake is done."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
            return True
        return False

    def output(self):
        return self.outward.read()

    def hear(self):
        """What the peer sends next; False at its end."""
        data = self.sock.recv(65536)
        self.inward.write(data)
        return bool(data)

    def flight(self):
        """The next flight that it would send, after it has heard enough."""
        while not self.step() and not self.outward.pending:
            if not self.hear():
                raise EOFError('the peer left')
        return self.output()


def serve_tls(sock, context):
    """A whole conversation; the peer may leave when it likes."""
    with contextlib.suppress(OSError):
        with context.wrap_socket(sock, server_side=True) as talk:
            talk.recv(4096)
            talk.sendall(RESPONSE)
            talk.unwrap()


def fetch(talk):
    """The client's part in it."""
    talk.sendall(REQUEST)
    while talk.recv(4096):
        pass


def silence(sock, seconds):
    """Nothing for so long, or until the peer leaves; then the end."""
    sock.settimeout(seconds)
    with contextlib.suppress(OSError):
        while sock.recv(65536):
            pass
    sock.close()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    sock.close()


def in_pieces(sock, data, *sizes):
    """Segments of these sizes, and one with the rest."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for size in sizes:
        sock.sendall(data[:size])
        data = data[size:]
        time.sleep(PAUSE)
    sock.sendall(data)


def in_records(flight, size):
    """The first record of a flight cut into smaller ones."""
    kind, end = flight[:3], 5 + int.from_bytes(flight[3:5], 'big')
    body, rest = flight[5:end], flight[end:]
    cut = [body[at:at + size] for at in range(0, len(body), size)]
    return b''.join(kind + len(piece).to_bytes(2, 'big') + piece for piece in cut) + rest
