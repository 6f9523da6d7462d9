# SPDX-License-Identifier: GPL-2.0-or-later
"""Handshakes that stop or stall: an end is silent, leaves, or the path loses what matters."""
import contextlib
import time

from talk import request

from .play import case
from .scripts import (Half, client_context, reset, serve_tls, server_context, silence)

FAMILY = 'waits'
LONG = 6.5      # longer than what diag calls waiting
HELLO = 22


def quiet_server(shake, after_hello):
    """Each connection's server says what after_hello(half) sends, then nothing."""
    def converse(sock, context):
        half = Half(sock, context, True)
        with contextlib.suppress(OSError, EOFError):
            after_hello(half)
        silence(sock, 3 * LONG)
    return lambda high=None: shake.answer(converse, server_context(shake, high=high))


def give_up(shake, half, seconds=LONG):
    """A client that waits so long and then closes, without a word."""
    half.sock.sendall(half.flight())
    half.sock.settimeout(seconds)
    deadline = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline and half.hear():
            half.step()
            half.sock.sendall(half.output())
    half.sock.close()
    time.sleep(0.1)


def call(shake, high=None):
    return Half(shake.call(), client_context(shake, high), False)


@case(FAMILY, 'The server acknowledges the ClientHello and says nothing.', server='script')
def server_silent(shake):
    quiet_server(shake, lambda half: half.hear())()
    give_up(shake, call(shake))
    shake.declare('failed', 'server', 'no_answer')


def stop_after_server_hello(half):
    flight = half.flight()
    half.sock.sendall(flight[:5 + int.from_bytes(flight[3:5], 'big')])


for version in ('1.2', '1.3'):
    @case(FAMILY, f'The server stops after its ServerHello (TLS {version}).', server='script',
          name=f'stall-after-server-hello-{version.replace(".", "")}')
    def stall_after_server_hello(shake, version=version):
        quiet_server(shake, stop_after_server_hello)(version)
        give_up(shake, call(shake))
        shake.declare('failed', 'server', 'no_flight')


def stop_before_finished(half):
    half.sock.sendall(half.flight())
    half.hear()


@case(FAMILY, 'The server never sends its Finished (TLS 1.2).', server='script')
def no_server_finished(shake):
    quiet_server(shake, stop_before_finished)('1.2')
    give_up(shake, call(shake))
    shake.declare('failed', 'server', 'no_finished')


for version in ('1.2', '1.3'):
    @case(FAMILY, f'The client hesitates after the certificate for seconds, and leaves (TLS '
          f'{version}).', 'nginx', client='script', server='nginx',
          name=f'client-waits-{version.replace(".", "")}')
    def client_waits(shake, version=version):
        running = shake.serve(shake.server('nginx', high=version))
        half = call(shake)
        half.sock.sendall(half.flight())
        half.hear()
        time.sleep(LONG)
        half.sock.close()
        shake.dismiss(running)
        shake.declare('failed', 'client', 'client_waits')


@case(FAMILY, 'The path loses every large segment of the server, and no ICMP tells it.', 'nginx',
      client='script', server='nginx')
def flight_lost_by_size(shake):
    running = shake.serve(shake.server('nginx', cert='big', high='1.2'))
    shake.bed.path.meddle = lambda packet: len(packet.payload) < 1200
    give_up(shake, call(shake))
    shake.dismiss(running)
    shake.declare('failed', 'path', 'flight_lost')


@case(FAMILY, 'The path loses one segment of the server\'s certificates, and all its copies.', 'nginx',
      client='script', server='nginx')
def flight_lost_in_the_middle(shake):
    running = shake.serve(shake.server('nginx', cert='big', high='1.2'))
    large, lost = [], []

    def lose(packet):
        if packet.sport != shake.port or not packet.payload:
            return True
        if len(packet.payload) >= 1200:
            large.append(packet.seq)
        if len(large) == 2 and not lost:
            lost.append(packet.seq)
        return not lost or (lost[0] - packet.seq) % 2 ** 32 >= len(packet.payload)
    shake.bed.path.meddle = lose
    give_up(shake, call(shake))
    shake.dismiss(running)
    shake.declare('failed', 'path', 'flight_lost')


@case(FAMILY, 'A part of the server\'s certificates is lost again and again, for 2 s.', 'nginx',
      client='script', server='nginx')
def flight_late(shake):
    running = shake.serve(shake.server('nginx', cert='big', high='1.2'))
    begin = time.monotonic()
    count = []

    def lose(packet):
        if packet.sport != shake.port or len(packet.payload) < 1200:
            return True
        count.append(packet)
        return len(count) < 3 or time.monotonic() > begin + 2
    shake.bed.path.meddle = lose
    sock = shake.call()
    begin = time.monotonic()
    with client_context(shake).wrap_socket(sock, server_hostname='www.example.com') as talk:
        talk.sendall(b'GET / HTTP/1.0\r\n\r\n')
        talk.recv(4096)
    shake.dismiss(running)
    shake.declare('failed', 'path', 'flight_late')


@case(FAMILY, 'The path loses the ClientHello.', 'nginx', client='script', server='nginx')
def hello_lost(shake):
    running = shake.serve(shake.server('nginx'))
    shake.bed.path.meddle = lambda packet: not packet.payload
    give_up(shake, call(shake))
    shake.dismiss(running)
    shake.declare('failed', 'path', 'hello_lost')


@case(FAMILY, 'The first segment of a ClientHello with ML-KEM is lost, the second arrives.',
      'openssl-3.5', 'nginx', client='openssl-3.5', server='nginx')
def hello_first_half_lost(shake):
    running = shake.serve(shake.server('nginx'))
    shake.bed.path.meddle = lambda packet: len(packet.payload) < 1000
    client = shake.start('client', shake.client('openssl-3.5'))
    time.sleep(LONG)
    client.process.kill()
    client.process.wait()
    shake.dismiss(running)
    shake.declare('failed', 'path', 'hello_lost')


for how, leave in (('reset', reset), ('fin', lambda sock: sock.close())):
    @case(FAMILY, f'The server answers the ClientHello with a {how.upper()}.', 'openssl',
          client='openssl', server='script', name=f'hello-{how}')
    def hello_reset(shake, leave=leave):
        def converse(sock):
            sock.recv(65536)
            leave(sock)
        shake.answer(converse)
        told = shake.visit(shake.client('openssl'))
        shake.declare('failed', 'server', 'hello_reset', told)


@case(FAMILY, 'The server resets a ClientHello of two segments, but takes small ones.',
      'openssl-3.5', client='openssl-3.5', server='script')
def hello_split(shake):
    context = server_context(shake)

    def converse(sock, context):
        if len(sock.recv(65536, 2)) > 1200:
            reset(sock)
        else:
            serve_tls(sock, context)
    shake.answer(converse, context)
    told = shake.visit(shake.client('openssl-3.5'))
    shake.declare('failed', 'server', 'hello_split', told)
    told = shake.visit(shake.client('openssl-3.5', extra=['-groups', 'X25519']))
    shake.declare('healthy', client=told)


@case(FAMILY, 'The server resets whoever offers TLS 1.3; the client tries again with 1.2.',
      'openssl', client='openssl', server='script')
def downgrade_dance(shake):
    def converse(sock, context):
        if b'\x03\x04' in sock.recv(65536, 2)[5:]:
            reset(sock)
        else:
            serve_tls(sock, context)
    shake.answer(converse, server_context(shake, high='1.2'))
    shake.declare('failed', 'server', 'hello_reset', shake.visit(shake.client('openssl')))
    shake.declare('failed', 'server', 'danced', shake.visit(shake.client('openssl', high='1.2')))


@case(FAMILY, 'The client says nothing at all on a port for TLS.', 'nginx', 'openssl',
      client='script', server='nginx')
def no_client_hello(shake):
    running = shake.serve(shake.server('nginx'))
    shake.declare('healthy', client=shake.visit(shake.client('openssl')))
    sock = shake.call()
    time.sleep(LONG)
    sock.close()
    shake.dismiss(running)
    shake.declare('failed', 'client', 'no_hello')


for high in ('1.2', '1.3'):
    @case(FAMILY, f'The handshake is fine, but the request is never answered (TLS {high}).',
          client='script', server='script', name=f'no-response-{high.replace(".", "")}')
    def no_response(shake, high=high):
        def converse(sock, context):
            with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as talk:
                while talk.recv(4096):
                    pass
        shake.answer(converse, server_context(shake, high=high))
        with client_context(shake).wrap_socket(shake.call(),
                                               server_hostname='www.example.com') as talk:
            talk.sendall(request('/report', 'www.example.com'))
            time.sleep(17)
        shake.declare('failed', 'server', 'no_response')


for stack in ('nginx', 'java', 'gnutls', 'go'):
    @case(FAMILY, 'The client leaves in the middle of the handshake; an alert after that is only a '
          'reaction.', stack, client='script', server=stack, name=f'client-leaves-{stack}')
    def client_leaves(shake, stack=stack):
        running = shake.serve(shake.server(stack))
        half = call(shake)
        half.sock.sendall(half.flight())
        half.hear()
        half.sock.close()
        time.sleep(0.1)
        shake.declare('failed', 'client', 'left', None, shake.dismiss(running))
