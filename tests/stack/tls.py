# SPDX-License-Identifier: GPL-2.0-or-later
"""Real TLS of OpenSSL with the bytes in our hands: a server that can stop anywhere in its flight,
and a client that only waits as long as it is told to."""
import os
import socket
import ssl
import subprocess
import tempfile

from talk import fetch

RECORD_HEADER = 5
HANDSHAKE, SERVER_HELLO = 22, 2


def make_certificate(directory, name, organisation):
    """A self-signed P-256 certificate: small enough to fit one segment. Its size varies with the
    organisation's."""
    file = os.path.join(directory, 'certificate.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650', '-keyout', file,
                    '-out', file + '.crt', '-subj', f'/O={organisation}/CN={name}', '-addext',
                    f'subjectAltName=DNS:{name}'], check=True, capture_output=True)
    with open(file, 'a', encoding='ascii') as both, open(file + '.crt', encoding='ascii') as crt:
        both.write(crt.read())
    return file


def server_context(name, organisation, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    with tempfile.TemporaryDirectory() as directory:
        context.load_cert_chain(make_certificate(directory, name, organisation))
    return context


def client_context(version):
    """Trusts every certificate: the stories are about other faults."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def server_flight(sock, context):
    """Reads the ClientHello and returns the server's first flight, as yet unsent."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(inward, outward, server_side=True)
    while not outward.pending:
        inward.write(sock.recv(65536))
        try:
            server.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return outward.read()


def split_server_hello(flight):
    """The record of the ServerHello, and the rest of the flight."""
    if flight[0] != HANDSHAKE or flight[RECORD_HEADER] != SERVER_HELLO:
        raise ValueError('the flight does not begin with a ServerHello')
    end = RECORD_HEADER + int.from_bytes(flight[3:5], 'big')
    return flight[:end], flight[end:]


def patient_client(sock, context, name, patience):
    """Handshakes until nothing has come for `patience` seconds, then closes like a monitoring
    probe: no alert, only a FIN. Returns whether the handshake completed."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(inward, outward, server_hostname=name)
    sock.settimeout(patience)
    while True:
        try:
            client.do_handshake()
            return True
        except ssl.SSLWantReadError:
            sock.sendall(outward.read())
        try:
            inward.write(sock.recv(65536))
        except socket.timeout:
            sock.close()
            return False


def visit(bed, p, local_port, context, session=None):
    """One request over TLS and a clean close; returns the session, for a resumption."""
    client = bed.connect(local_port, p.port)
    secure = context.wrap_socket(client, server_hostname=p.server_name, session=session)
    if bool(session) != secure.session_reused:
        raise RuntimeError('the session was not resumed as the story says')
    fetch(secure, '/', p.server_name)
    session = secure.session
    secure.unwrap().close()
    return session
