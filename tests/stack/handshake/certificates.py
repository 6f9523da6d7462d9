# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates that a client or a server does not accept: each stack has its own way to say so, an
alert in clear or encrypted, or none."""
from .play import pair

FAMILY = 'certificates'
CLIENTS = ('openssl', 'openssl-3.5', 'curl', 'gnutls', 'nss', 'java', 'go', 'node', 'mbedtls',
           'wolfssl')
SERVERS = ('openssl', 'nginx', 'go', 'gnutls', 'java')
FAULTS = (
    ('expired', 'expired', 'The certificate of the server expired two days ago.'),
    ('unknown-ca', 'unknown', 'The certificate of the server is from an authority that the client '
     'does not trust.'),
    ('wrong-name', 'wrong_name', 'The certificate of the server is for another name.'),
)
OTHER_FAULTS = (
    ('self-signed', 'self_signed', 'The certificate of the server is signed by itself.'),
    ('not-yet-valid', 'early', 'The certificate of the server begins to be valid in a month.'),
    ('no-intermediate', 'short', 'The server sends its certificate, but not the one between it and '
     'the root.'),
    ('wrong-use', 'wrong_use', 'The certificate of the server is one for clients.'),
)


def fault_pair(fault, cert, story, client, server, high=None):
    version = 'tls12-' if high == '1.2' else ''
    pair(f'{version}{fault}-{client}-{server}', FAMILY, story, (client, {'high': high}),
         (server, {'cert': cert, 'high': high}), fault=f'{fault}{" 1.2" if high else ""}')


for row, (fault, cert, story) in enumerate(FAULTS):
    for place, client in enumerate(CLIENTS):
        fault_pair(fault, cert, story, client, SERVERS[(row + place) % len(SERVERS)])
for place, client in enumerate(CLIENTS):
    if client not in ('mbedtls', 'curl'):  # those already speak TLS 1.2, or are as openssl
        fault_pair(*FAULTS[0], client, SERVERS[place % len(SERVERS)], high='1.2')
for row, (fault, cert, story) in enumerate(OTHER_FAULTS):
    for client in (('openssl', 'go', 'java'), ('gnutls', 'node', 'wolfssl'))[row % 2]:
        fault_pair(fault, cert, story, client, 'nginx')

# ---- certificates of clients

for high in ('1.2', '1.3'):
    for client, server in (('openssl', 'go'), ('go', 'openssl'), ('java', 'gnutls'),
                           ('gnutls', 'java'), ('node', 'node'), ('curl', 'wolfssl')):
        pair(f'client-none-{high.replace(".", "")}-{client}-{server}', 'client certificates',
             'The server requires a certificate of the client, which has none.',
             (client, {'high': high}), (server, {'ask': True, 'high': high}),
             fault=f'no client certificate {high}')
for cert, client, server in (('client_unknown', 'openssl', 'go'),
                             ('client_expired', 'go', 'openssl'),
                             ('client_unknown', 'gnutls', 'java'),
                             ('client_expired', 'node', 'gnutls'),
                             ('client_unknown', 'java', 'node')):
    pair(f'{cert.replace("_", "-")}-{client}-{server}', 'client certificates',
         'The server does not accept the certificate of the client.', (client, {'cert': cert}),
         (server, {'ask': True}), fault=cert.replace('_', ' '))
