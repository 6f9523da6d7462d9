# SPDX-License-Identifier: GPL-2.0-or-later
"""Two ends without a common version, cipher suite, group, signature, name or protocol."""
from .play import case, pair

FAMILY = 'parameters'
OLD_TO_NEW = (('openssl', 'openssl'), ('openssl', 'nginx'), ('gnutls', 'go'), ('curl', 'gnutls'),
              ('go', 'java'), ('java', 'node'), ('node', 'wolfssl'), ('mbedtls', 'go'),
              ('wolfssl', 'openssl'), ('nss', 'nginx'), ('openssl', 'nss'))
NEW_TO_OLD = (('openssl', 'nginx'), ('gnutls', 'openssl'), ('go', 'mbedtls'), ('java', 'gnutls'),
              ('node', 'go'), ('wolfssl', 'java'), ('curl', 'node'), ('nss', 'wolfssl'))

for client, server in OLD_TO_NEW:
    pair(f'old-client-{client}-{server}', FAMILY,
         'The client speaks TLS 1.2 at most, the server nothing below 1.3.',
         (client, {'high': '1.2'}), (server, {'low': '1.3'}), fault='client too old')
for client, server in NEW_TO_OLD:
    pair(f'old-server-{client}-{server}', FAMILY,
         'The server speaks TLS 1.2 at most, the client nothing below 1.3.',
         (client, {'low': '1.3'}), (server, {'high': '1.2'}), fault='server too old')


def openssl(name, story, client, server, stack='openssl', of_server=None, **more):
    """Faults that only a stack's own options can make."""
    pair(name, FAMILY, story, (stack, client), (of_server or 'openssl', dict(server, **more)))


openssl('no-cipher-12', 'The two have no cipher suite of TLS 1.2 in common.',
        {'high': '1.2', 'extra': ['-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256']},
        {'high': '1.2', 'extra': ['-cipher', 'ECDHE-ECDSA-AES256-GCM-SHA384']})
openssl('no-cipher-13', 'The two have no cipher suite of TLS 1.3 in common.',
        {'low': '1.3', 'extra': ['-ciphersuites', 'TLS_AES_128_GCM_SHA256']},
        {'low': '1.3', 'extra': ['-ciphersuites', 'TLS_AES_256_GCM_SHA384']})
openssl('no-group-13', 'The two have no group for the key exchange in common.',
        {'low': '1.3', 'extra': ['-groups', 'X25519']}, {'extra': ['-groups', 'P-384']})
openssl('no-group-gnutls', 'GnuTLS finds no group for the key exchange.',
        {'low': '1.3', 'extra': ['-groups', 'X448']},
        {'extra': ['--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP256R1']},
        of_server='gnutls')
openssl('no-signature', 'The certificate has a key whose signatures the client does not accept.',
        {'low': '1.3', 'extra': ['-sigalgs', 'rsa_pss_rsae_sha256']}, {})
openssl('no-signature-go', 'Go has no certificate whose signature the client accepts.',
        {'high': '1.2', 'extra': ['-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']}, {}, of_server='go')
openssl('no-signature-java', 'Java has no certificate whose signature the client accepts.',
        {'high': '1.2', 'extra': ['-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']}, {}, of_server='java')
openssl('pq-only-to-old-server', 'The client offers nothing but ML-KEM, which the server does not '
        'know.', {'extra': ['-groups', 'X25519MLKEM768']}, {}, stack='openssl-3.5')
openssl('name-unknown-openssl', 'The server has no such name and says so.',
        {}, {'extra': ['-servername', 'other.example.com', '-servername_fatal', '-cert2',
                       '{good.crt}', '-key2', '{leaf.key}']})
openssl('name-unknown-nginx', 'nginx has no such name and rejects the handshake.', {},
        {'extra': ['ssl_reject_handshake on;']}, of_server='nginx')
openssl('name-unknown-gnutls', 'GnuTLS has no such name and says so.', {},
        {'extra': ['--sni-hostname', 'other.example.com', '--sni-hostname-fatal']},
        of_server='gnutls')
openssl('name-unknown-nginx-from-java', 'nginx has no such name and rejects a client in Java.', {},
        {'extra': ['ssl_reject_handshake on;']}, stack='java', of_server='nginx')
openssl('no-alpn-gnutls', 'The two have no application protocol in common.', {'alpn': 'h2'},
        {'alpn': 'http/1.1', 'extra': ['--alpn-fatal']}, of_server='gnutls')
openssl('no-alpn-go', 'The two have no application protocol in common; Go says so.',
        {'alpn': 'h2'}, {'alpn': 'http/1.1'}, of_server='go')
openssl('no-alpn-java', 'The two have no application protocol in common; Java says so.',
        {'alpn': 'h2'}, {'alpn': 'http/1.1'}, of_server='java')
openssl('fallback-refused', 'The client says that it fell back to TLS 1.2 after a failure; the '
        'server knows that this was not needed.', {'high': '1.2', 'extra': ['-fallback_scsv']}, {})


for server in ('openssl', 'go'):
    @case(FAMILY, 'The client asks to negotiate a running session of TLS 1.2 anew; the server refuses.',
          'openssl', server, client='openssl', server=server, name=f'renegotiation-{server}')
    def renegotiation(shake, server=server):
        running = shake.serve(shake.server(server, high='1.2'))
        told = shake.visit(shake.client('openssl', extra=['-no_ign_eof']), b'R\n')
        shake.declare('failed', 'server', 'renegotiation', told, shake.dismiss(running))
