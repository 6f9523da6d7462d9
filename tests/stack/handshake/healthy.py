# SPDX-License-Identifier: GPL-2.0-or-later
"""Handshakes that go well: nobody may be warned."""
from .play import pair

CLIENTS = ('openssl', 'openssl-3.5', 'curl', 'gnutls', 'nss', 'java', 'go', 'node', 'mbedtls',
           'wolfssl')
SERVERS = ('nginx', 'openssl', 'gnutls', 'go', 'java', 'node', 'openssl-3.5', 'nss', 'mbedtls',
           'wolfssl')
TLS13 = ('mbedtls',)  # stacks that have none


def both(name, story, number, **told):
    """Every client meets a server; which one goes round."""
    for place, client in enumerate(CLIENTS):
        server = SERVERS[(place + number) % len(SERVERS)]
        pair(f'healthy-{name}-{client}-{server}', 'healthy', story, (client, told), (server, told),
             fault=f'healthy {name}')


both('any', 'A page over whatever version both ends like best.', 0)
both('tls12', 'A page over TLS 1.2.', 3, high='1.2')
