# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS that begins in the middle of another protocol, and proxies that are asked for a tunnel. The
servers speak as much of the protocol as it takes, then TLS."""
import contextlib
import ftplib
import imaplib
import poplib
import smtplib

from . import said
from .play import Told, case
from .scripts import PAUSE, serve_tls, server_context

FAMILY = 'STARTTLS'
CAPABLE_MYSQL = 0x0800 | 0x0200 | 0x8000  # TLS, protocol 4.1, secure connection
MYSQL_GREETING = (b'\x0a8.0.0\0' + b'\1\0\0\0' + b'saltsalt' + b'\0'
                  + CAPABLE_MYSQL.to_bytes(2, 'little') + b'\x21' + b'\2\0' + b'\x08\0' + b'\x15'
                  + bytes(10) + b'saltsaltsalt\0' + b'mysql_native_password\0')
XMPP_HELLO = (b'<?xml version="1.0"?><stream:stream xmlns="jabber:client" '
              b'xmlns:stream="http://etherx.jabber.org/streams" id="1" from="www.example.com" '
              b'version="1.0"><stream:features><starttls '
              b'xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required/></starttls></stream:features>')
XMPP_PROCEED = b'<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>'

# port, what the server says first, and its answer to each word that the client says.
PROTOCOLS = {
    'smtp': (25, b'220 mail.example.com ESMTP\r\n',
             ((b'EHLO', b'250-mail.example.com\r\n250 STARTTLS\r\n'),
              (b'STARTTLS', b'220 Ready to start TLS\r\n'))),
    'imap': (143, b'* OK IMAP4rev1 ready\r\n',
             ((b'CAPABILITY', b'* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n'),
              (b'STARTTLS', b'{tag} OK begin TLS\r\n'))),
    'pop3': (110, b'+OK POP3 ready\r\n', ((b'STLS', b'+OK begin TLS\r\n'),)),
    'ftp': (21, b'220 FTP ready\r\n',
            ((b'FEAT', b'211-Features\r\n AUTH TLS\r\n211 End\r\n'),
             (b'AUTH', b'234 go ahead\r\n'))),
    'ldap': (389, b'', ((b'1.3.6.1.4.1.1466.20037',
                         bytes.fromhex('300c02010178070a010004000400')),)),
    'xmpp': (5222, b'', ((b'<stream:stream', XMPP_HELLO), (b'<starttls', XMPP_PROCEED))),
    'postgres': (5432, b'', ((bytes.fromhex('0000000804d2162f'), b'S'),)),
    'mysql': (3306, (len(MYSQL_GREETING)).to_bytes(3, 'little') + b'\0' + MYSQL_GREETING,
              ()),
}


def prelude(sock, greeting, answers):
    """True when the last word, which asks for TLS, was said; one answer at a time, so that nothing
    of TLS is read."""
    sock.sendall(greeting)
    while True:
        line = sock.recv(4096)
        if not line:
            return False
        word, answer = next((pair for pair in answers if pair[0] in line), (None, b'500 what?\r\n'))
        sock.sendall(answer.replace(b'{tag}', line.split(b' ')[0]))
        if word == answers[-1][0]:
            return True


def mysql_prelude(sock):
    """The greeting, and the short login that asks for TLS; the ClientHello comes right behind."""
    sock.sendall(PROTOCOLS['mysql'][1])
    left = 36
    while left > 0:
        left -= len(sock.recv(left))


def open_port(shake, protocol, context):
    shake.port, greeting, answers = PROTOCOLS[protocol]

    def converse(sock):
        with contextlib.suppress(OSError):
            if protocol == 'mysql':
                mysql_prelude(sock)
                serve_tls(sock, context)
            elif prelude(sock, greeting, answers):
                serve_tls(sock, context)
    shake.answer(converse)


for name in PROTOCOLS:
    @case(FAMILY, f'{name} changes to TLS, and all is well.', 'openssl', name=f'starttls-{name}',
          client='openssl', server='script')
    def starttls(shake, name=name):
        open_port(shake, name, server_context(shake))
        more = {'xmpp': ['-xmpphost', 'www.example.com']}.get(name, [])
        told = shake.visit(shake.client('openssl', starttls=name, extra=more))
        shake.add(told, shake.scripted('server'))

    @case(FAMILY, f'{name} changes to TLS, and the certificate has expired.', 'openssl',
          name=f'starttls-{name}-expired', client='openssl', server='script')
    def starttls_expired(shake, name=name):
        open_port(shake, name, server_context(shake, 'expired'))
        more = {'xmpp': ['-xmpphost', 'www.example.com']}.get(name, [])
        told = shake.visit(shake.client('openssl', starttls=name, extra=more))
        shake.add(told, shake.scripted('server'))


# ---- refused


def by_smtp(host, port):
    with smtplib.SMTP(host, port, timeout=5) as client:
        return client.starttls()[0] == 220


def by_imap(host, port):
    with imaplib.IMAP4(host, port, 5) as client:
        return client.starttls()[0] == 'OK'


def by_pop3(host, port):
    client = poplib.POP3(host, port, 5)
    try:
        client.stls()
    finally:
        client.quit()


def by_ftp(host, port):
    client = ftplib.FTP_TLS(timeout=5)
    client.connect(host, port)
    try:
        client.auth()
    finally:
        client.quit()


REFUSALS = {
    'smtp': (by_smtp, 25, b'220 mail.example.com ESMTP\r\n',
             ((b'ehlo', b'250-mail.example.com\r\n250 STARTTLS\r\n'),
              (b'STARTTLS', b'454 TLS not available due to temporary reason\r\n'),
              (b'quit', b'221 bye\r\n'))),
    'imap': (by_imap, 143, b'* OK IMAP4rev1 ready\r\n',
             ((b'CAPABILITY', b'* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n'),
              (b'STARTTLS', b'{tag} NO TLS is not set up\r\n'),
              (b'LOGOUT', b'* BYE\r\n{tag} OK\r\n'))),
    'pop3': (by_pop3, 110, b'+OK POP3 ready\r\n',
             ((b'CAPA', b'+OK\r\nSTLS\r\n.\r\n'), (b'STLS', b'-ERR TLS is not set up\r\n'),
              (b'QUIT', b'+OK bye\r\n'))),
    'ftp': (by_ftp, 21, b'220 FTP ready\r\n',
            ((b'AUTH', b'534 TLS is not set up\r\n'), (b'QUIT', b'221 bye\r\n'))),
}

for name in REFUSALS:
    @case(FAMILY, f'The server of {name} refuses to change to TLS, and the client leaves.',
          name=f'starttls-{name}-refused', client='script', server='script')
    def refused(shake, name=name):
        ask, shake.port, greeting, answers = REFUSALS[name]
        shake.answer(prelude, greeting, answers)
        why = 'the client saw no refusal'
        with shake.bed.client.inside(), contextlib.suppress(EOFError):
            try:
                granted = ask(shake.bed.site.server, shake.port)
            except (imaplib.IMAP4.error, poplib.error_proto, ftplib.Error,
                    smtplib.SMTPException) as error:
                granted, why = False, str(error)
        if granted:
            raise RuntimeError(why)
        shake.declare('failed', 'server', 'starttls_refused',
                      Told(name, 1, said.Said(said.TOLD, 'starttls_refused', why)))


@case(FAMILY, 'PostgreSQL answers the request for TLS with "N".', 'openssl',
      name='starttls-postgres-refused', client='openssl', server='script')
def postgres_refused(shake):
    shake.port = 5432
    shake.answer(prelude, b'', ((bytes.fromhex('0000000804d2162f'), b'N'),))
    shake.declare('failed', 'server', 'starttls_refused',
                  shake.visit(shake.client('openssl', starttls='postgres')))


# ---- HTTP CONNECT

PROXY = {
    'allowed': ('200 Connection established', 'healthy', None),
    'needs-password': ('407 Proxy Authentication Required', 'failed', 'proxy_refused'),
    'forbids': ('403 Forbidden', 'failed', 'proxy_refused'),
    'finds-nobody': ('502 Bad Gateway', 'failed', 'proxy_refused'),
    'finds-nobody-in-time': ('504 Gateway Timeout', 'failed', 'proxy_refused'),
}


def proxy(sock, status, context):
    with contextlib.suppress(OSError):
        head = b''
        while b'\r\n\r\n' not in head:
            head += sock.recv(4096)
        if status.startswith('200'):
            sock.sendall(f'HTTP/1.1 {status}\r\n\r\n'.encode())
            serve_tls(sock, context)
            return
        sock.sendall(f'HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n'.encode())
    sock.settimeout(10 * PAUSE)
    with contextlib.suppress(OSError):
        sock.recv(4096)
    sock.close()


for name, (status, outcome, reason) in PROXY.items():
    @case(FAMILY, f'The client asks a proxy for a tunnel; the answer is {status}.', 'curl',
          name=f'proxy-{name}', client='curl', server='script')
    def tunnel(shake, status=status, outcome=outcome, reason=reason):
        shake.port = 3128
        shake.answer(proxy, status, server_context(shake))
        told = shake.visit(shake.client('curl', extra=[
            '--proxy', f'http://{shake.bed.site.server}:3128']))
        if (told.said.result == said.OK) != (outcome == 'healthy'):
            raise RuntimeError(f'curl says {told.status}: {told.log}')
        shake.declare(outcome, 'proxy' if reason else None, reason, told)
