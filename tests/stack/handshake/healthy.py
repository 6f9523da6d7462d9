# SPDX-License-Identifier: GPL-2.0-or-later
"""Handshakes that go well, in every way that they can: nobody may be warned."""
import contextlib
import os
import time

from .play import REQUEST, case, pair
from .scripts import (PAUSE, Half, client_context, fetch, in_pieces, in_records, reset,
                      serve_tls, server_context)

FAMILY = 'healthy'
CLIENTS = ('openssl', 'openssl-3.5', 'curl', 'gnutls', 'nss', 'java', 'go', 'node', 'mbedtls',
           'wolfssl')
SERVERS = ('nginx', 'openssl', 'gnutls', 'java', 'go', 'node', 'openssl-3.5', 'nss', 'mbedtls',
           'wolfssl')
SESSION = 'session.pem'


def both(name, story, number, **told):
    """Every client meets a server; which one goes round."""
    for place, client in enumerate(CLIENTS):
        server = SERVERS[(place + number) % len(SERVERS)]
        pair(f'healthy-{name}-{client}-{server}', FAMILY, story, (client, told), (server, told),
             fault=f'{name}')


both('any version', 'A page over whatever version both ends like best.', 0)
both('TLS 1.2', 'A page over TLS 1.2.', 3, high='1.2')

OLD = ['-cipher', 'DEFAULT@SECLEVEL=0']
for version in ('1.0', '1.1'):
    pair(f'healthy-tls{version.replace(".", "")}', FAMILY, f'A page over TLS {version}.',
         ('openssl', {'low': version.replace('1.0', '1'), 'high': version.replace('1.0', '1'),
                      'extra': OLD}),
         ('openssl', {'low': version.replace('1.0', '1'), 'high': version.replace('1.0', '1'),
                      'extra': OLD}))


def openssl(name, story, client, server, stacks=('openssl', 'openssl')):
    pair('healthy-' + name, FAMILY, story, (stacks[0], client), (stacks[1], server))


NEW = ('openssl-3.5', 'openssl-3.5')
openssl('rsa', 'The key exchange is RSA alone: no ServerKeyExchange.',
        {'high': '1.2', 'extra': ['-cipher', 'AES128-SHA']},
        {'cert': 'rsa', 'key': 'rsa', 'high': '1.2', 'extra': ['-cipher', 'AES128-SHA']})
openssl('hello-retry', 'The server prefers another group: HelloRetryRequest.',
        {'extra': ['-groups', 'X25519:P-384']}, {'extra': ['-groups', 'P-384']})
openssl('hello-retry-ml-kem', 'ML-KEM is offered, and the server asks for another group.',
        {'extra': ['-groups', 'X25519MLKEM768:P-256']}, {'extra': ['-groups', 'P-256']},
        ('openssl-3.5', 'openssl'))
openssl('ml-kem', 'The two agree on ML-KEM; the ClientHello takes two segments.', {}, {}, NEW)
openssl('compressed-certificate', 'The certificate is compressed.', {},
        {'cert': 'big', 'extra': ['-cert_comp']}, NEW)
openssl('compressed-certificate-gnutls', 'The certificate is compressed with zlib.',
        {'extra': ['--compress-cert=zlib']}, {'cert': 'big', 'extra': ['--compress-cert=zlib']},
        ('gnutls', 'gnutls'))
openssl('psk', 'A shared key in place of certificates.',
        {'extra': ['-psk', 'aabbccdd'], 'verify': False},
        {'cert': None, 'extra': ['-psk', 'aabbccdd', '-nocert']})
openssl('psk-12', 'A shared key in place of certificates, TLS 1.2.',
        {'extra': ['-psk', 'aabbccdd', '-cipher', 'PSK'], 'verify': False, 'high': '1.2'},
        {'cert': None, 'extra': ['-psk', 'aabbccdd', '-nocert', '-cipher', 'PSK'], 'high': '1.2'})
openssl('big-certificate', 'A certificate of 24 kB.', {}, {'cert': 'big'}, ('openssl', 'nginx'))
openssl('chain', 'A certificate with the one that signed it.', {}, {'cert': 'chain'},
        ('gnutls', 'nginx'))
for high in ('1.2', '1.3'):
    for client, server in (('openssl', 'nginx'), ('java', 'go'), ('gnutls', 'openssl')):
        openssl(f'client-certificate-{high.replace(".", "")}-{client}', 'The client shows its '
                'certificate.', {'cert': 'client', 'high': high}, {'ask': True, 'high': high},
                (client, server))


@case(FAMILY, 'TLS on a port that nobody knows.', 'gnutls', 'go', name='healthy-odd-port',
      client='gnutls', server='openssl')
def odd_port(shake):
    shake.port = 49777
    shake.meet(shake.client('gnutls'), shake.server('openssl'))


@case(FAMILY, 'TLS on the port of SSH.', 'curl', 'nginx', name='healthy-port-of-ssh',
      client='curl', server='nginx')
def port_of_ssh(shake):
    shake.port = 22
    shake.meet(shake.client('curl'), shake.server('nginx'))


# ---- sessions


def twice(shake, server, first, second):
    """Two visits to one server, the second with the session of the first."""
    running = shake.serve(shake.server(*server[:1], **server[1]), visits=2)
    told = [shake.visit(shake.client('openssl', extra=extra)) for extra in (first, second)]
    other = shake.dismiss(running)
    for one in told:
        shake.add(one, other)


def session_file(shake):
    return os.path.join(shake.directory, SESSION)


for high in ('1.2', '1.3'):
    @case(FAMILY, f'The second connection resumes the session of the first (TLS {high}).',
          'openssl', name=f'healthy-resumed-{high.replace(".", "")}', client='openssl',
          server='openssl')
    def resumed(shake, high=high):
        session = session_file(shake)
        twice(shake, ('openssl', {'high': high}), ['-sess_out', session], ['-sess_in', session])


@case(FAMILY, 'gnutls-cli connects twice, the second time with the session of the first.',
      'gnutls', 'nginx', name='healthy-resumed-gnutls', client='gnutls', server='nginx')
def resumed_gnutls(shake):
    running = shake.serve(shake.server('nginx'))
    told = shake.visit(shake.client('gnutls', extra=['--resume', '--waitresumption']))
    other = shake.dismiss(running)
    for _ in range(2):
        shake.add(told, other)


EARLY = ['ssl_early_data on;']


def early(shake, second_server):
    """The request goes with the ClientHello. It is written once more only where it is refused: a
    server that answers early closes at once, and a second request would be lost."""
    session, data = session_file(shake), os.path.join(shake.directory, 'early')
    with open(data, 'wb') as file:
        file.write(b'GET / HTTP/1.0\r\nHost: peer\r\n\r\n')
    running = shake.serve(shake.server('nginx', extra=EARLY))
    told = [shake.visit(shake.client('openssl', extra=['-sess_out', session]))]
    others = []
    if second_server:
        others.append(shake.dismiss(running))
        running = shake.serve(shake.server('nginx', extra=EARLY))
    told.append(shake.visit(shake.client('openssl', extra=['-sess_in', session, '-early_data',
                                                           data]),
                            request=REQUEST if second_server else b''))
    others.append(shake.dismiss(running))
    wanted = 'rejected' if second_server else 'accepted'
    if f'Early data was {wanted}' not in told[1].log:
        raise RuntimeError(f'early data were not {wanted}: {told[1].log}')
    shake.add(told[0], others[0])
    shake.add(told[1], others[-1])


@case(FAMILY, 'Early data (0-RTT) are accepted.', 'openssl', 'nginx', client='openssl',
      server='nginx', name='healthy-early-data')
def early_data(shake):
    early(shake, False)


@case(FAMILY, 'Early data (0-RTT) are rejected, and the request is sent once more.', 'openssl',
      'nginx', client='openssl', server='nginx', name='healthy-early-data-rejected')
def early_data_rejected(shake):
    early(shake, True)


# ---- unusual, but sound


def converse(shake, cut, high=None):
    """A client of the script, which cuts its ClientHello as told."""
    half = Half(shake.call(), client_context(shake, high), False)
    cut(half.sock, half.flight())
    while not half.step():
        half.sock.sendall(half.output())
        half.hear()
    half.sock.sendall(half.output())
    half.tls.write(b'GET / HTTP/1.0\r\n\r\n')
    half.sock.sendall(half.output())
    with contextlib.suppress(OSError):
        while half.hear():
            pass
    half.sock.close()


CUTS = {
    'records': ('The ClientHello comes in records of 100 bytes.',
                lambda sock, flight: sock.sendall(in_records(flight, 100))),
    'segments': ('The ClientHello comes in small segments.',
                 lambda sock, flight: in_pieces(sock, flight, 3, 2, 40, 200)),
    'record-headers': ('A record of one byte, then the rest.',
                       lambda sock, flight: sock.sendall(in_records(flight, 1)[:6]
                                                         + in_records(b'\x16\x03\x01'
                                                                      + (len(flight) - 6).to_bytes(
                                                                          2, 'big')
                                                                      + flight[6:], 16000))),
}
for name, (story, cut) in CUTS.items():
    for server in ('nginx', 'go'):
        @case(FAMILY, story, server, name=f'healthy-hello-in-{name}-{server}', client='script',
              server=server)
        def hello_cut(shake, cut=cut, server=server):
            running = shake.serve(shake.server(server))
            converse(shake, cut)
            shake.add(shake.scripted('client'), shake.dismiss(running))


@case(FAMILY, 'The server thinks for 1.5 s before its ServerHello; the page comes.',
      name='healthy-slow-server', client='script', server='script')
def slow_server(shake):
    def slow(sock, context):
        sock.recv(65536, 2)
        time.sleep(1.5)
        serve_tls(sock, context)
    shake.answer(slow, server_context(shake))
    with client_context(shake).wrap_socket(shake.call(), server_hostname='www.example.com') as talk:
        fetch(talk)
    shake.declare('failed', 'server', 'slow')


for high in ('1.2', '1.3'):
    @case(FAMILY, f'The client resets when it has what it wanted (TLS {high}).', 'nginx',
          name=f'healthy-reset-at-end-{high.replace(".", "")}', client='script', server='nginx')
    def reset_at_end(shake, high=high):
        running = shake.serve(shake.server('nginx', high=high))
        talk = client_context(shake).wrap_socket(shake.call(), server_hostname='www.example.com')
        talk.sendall(b'GET / HTTP/1.0\r\n\r\n')
        talk.recv(4096)
        time.sleep(PAUSE)
        reset(talk)
        shake.add(shake.scripted('client'), shake.dismiss(running))

    @case(FAMILY, f'The server closes without a close_notify, but the page is whole (TLS {high}).',
          name=f'healthy-truncated-{high.replace(".", "")}', client='script', server='script')
    def truncated(shake, high=high):
        def abrupt(sock, context):
            talk = context.wrap_socket(sock, server_side=True)
            talk.recv(4096)
            talk.sendall(b'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello')
            talk.close()
        shake.answer(abrupt, server_context(shake, high=high))
        talk = client_context(shake).wrap_socket(shake.call(), server_hostname='www.example.com')
        with contextlib.suppress(OSError):
            fetch(talk)
        talk.close()
        shake.declare('healthy')
