# SPDX-License-Identifier: GPL-2.0-or-later
"""One end speaks TLS and the other does not; and records that were changed on the way."""
import contextlib
import time

from .play import case
from .scripts import silence

FAMILY = 'not TLS'
ANSWERS = {
    'http': (80, b'', b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n'
             b'Connection: close\r\n\r\n'),
    'ssh': (22, b'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n', b''),
    'smtp': (25, b'220 mail.example.com ESMTP\r\n', b'500 5.5.2 Error: bad syntax\r\n'),
}


def plain_server(sock, greeting, answer):
    with contextlib.suppress(OSError):
        sock.sendall(greeting)
        sock.recv(4096)
        sock.sendall(answer)
    silence(sock, 1)


for place, (name, (port, greeting, answer)) in enumerate(ANSWERS.items()):
    for client in (('openssl', 'java'), ('curl', 'go'), ('gnutls', 'node'))[place]:
        @case(FAMILY, f'A client of TLS calls a server of {name}.', client,
              name=f'tls-to-{name}-{client}', client=client, server=name)
        def tls_to_plain(shake, client=client, port=port, greeting=greeting, answer=answer):
            shake.port = port
            shake.answer(plain_server, greeting, answer)
            told = shake.visit(shake.client(client))
            shake.declare('failed', 'server', 'not_tls', told)


for server in ('nginx', 'openssl', 'gnutls', 'java', 'go', 'node', 'wolfssl', 'mbedtls', 'nss'):
    @case(FAMILY, 'A browser of plain HTTP calls a server of TLS.', server,
          name=f'http-to-{server}', client='plain HTTP', server=server)
    def http_to_tls(shake, server=server):
        running = shake.serve(shake.server(server))
        with shake.bed.client.inside():
            sock = shake.call()
        sock.settimeout(5)
        with contextlib.suppress(OSError):
            sock.sendall(b'GET / HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: probe/1.0\r\n'
                         b'Accept: */*\r\n\r\n')
            while sock.recv(4096):
                pass
        sock.close()
        time.sleep(0.05)
        told = shake.dismiss(running)
        shake.declare('failed', 'client', 'plain_to_tls', None, told)


for client, server in (('openssl', 'nginx'), ('gnutls', 'nginx'), ('go', 'openssl'),
                       ('java', 'nginx'), ('mbedtls', 'openssl')):
    @case('tampered', 'A box on the path changes a byte of the encrypted or signed part of the '
          'server\'s flight.', client, server, name=f'tampered-{client}-{server}', client=client,
          server=server)
    def tampered(shake, client=client, server=server):
        def change(packet):
            if packet.sport == shake.port and len(packet.payload) > 400:
                packet.data[-40] ^= 1
            return True
        shake.bed.path.meddle = change
        running = shake.serve(shake.server(server))
        told = shake.visit(shake.client(client))
        other = shake.dismiss(running)
        shake.declare('failed', 'client', 'tampered', told, other)
