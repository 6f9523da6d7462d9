# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets that harm nobody: health checks, spare connections, clients that always close so, TLS."""
import contextlib
import ssl
import time

from scene import reset, scenario
from talk import fetch, receive_until, response
from tls import client_context, server_context
from truth.after_close import REQUEST

HEADERS_END = b'\r\n\r\n'


@scenario('A load balancer asks whether the port is open, and resets, three times.',
          resets=('TCP_STATE',), harmless=True)
def health_check_by_reset(scene):
    listener = scene.listen()
    for _ in range(3):
        client, server = scene.pair(listener)
        reset(client)
        scene.settle()
        server.close()
        scene.local_port += 500
        time.sleep(0.3)


@scenario('A health check that asks for a page and resets when it has the first line.',
          resets=('TCP_ABORT_ON_CLOSE',), harmless=True)
def health_check_of_first_line(scene):
    listener = scene.listen()
    for _ in range(2):
        client, server = scene.pair(listener)
        client.sendall(REQUEST)
        server.recv(4096)
        server.sendall(response(700))
        scene.settle()
        client.recv(15)
        client.close()
        scene.settle()
        scene.local_port += 500


@scenario('A client that ends every connection by linger 0, after the whole response.',
          resets=('TCP_STATE',), harmless=True)
def client_always_resets(scene):
    listener = scene.listen()
    for _ in range(3):
        client, server = scene.pair(listener)
        scene.exchange(client, server)
        reset(client)
        scene.settle()
        server.close()
        scene.local_port += 500


@scenario('A server that ends every connection by linger 0, after the whole response.',
          resets=('TCP_STATE',), harmless=True)
def server_always_resets(scene):
    listener = scene.listen()
    for _ in range(3):
        client, server = scene.pair(listener)
        scene.exchange(client, server)
        reset(server)
        scene.settle()
        client.close()
        scene.local_port += 500


@scenario('A browser drops its spare connection, which was never used.', resets=('TCP_STATE',),
          harmless=True)
def spare_connection(scene):
    listener = scene.listen()
    used, server = scene.pair(listener)
    scene.local_port += 500
    spare, _ = scene.pair(listener)
    scene.local_port -= 500
    scene.exchange(used, server)
    time.sleep(0.5)
    reset(spare)
    used.close()
    server.close()
    scene.settle()


@scenario('A scanner connects to many ports, and resets at once where one is open.',
          resets=('TCP_STATE', 'NO_SOCKET'), harmless=True)
def connect_scan(scene):
    listener = scene.listen()
    for port in range(scene.port - 15, scene.port + 11):
        client = scene.bed.socket(scene.local_port)
        with contextlib.suppress(ConnectionRefusedError):
            client.connect((scene.site.server, port))
        reset(client)
        scene.local_port += 101
    listener.close()
    scene.settle()


# ---- TLS


def secured(scene, version, close):
    """One request over TLS; then `close` ends it, with the two sides' TLS sockets."""
    contexts = server_context('truth.example', 'Truth', version), client_context(version)
    client, server = scene.pair()
    done = scene.bed.thread(serve_once, server, contexts[0], close)
    secure = contexts[1].wrap_socket(client, server_hostname='truth.example')
    fetch(secure, '/', 'truth.example')
    close('client', secure)
    done.join(3)
    scene.settle()


def serve_once(sock, context, close):
    secure = context.wrap_socket(sock, server_side=True)
    receive_until(secure, HEADERS_END)
    secure.sendall(response(900))
    close('server', secure)


@scenario('TLS 1.3: the client says farewell and closes without waiting for the other\'s.',
          resets=('TCP_TIMEWAIT_SOCKET',), harmless=True)
def tls13_client_does_not_wait(scene):
    def close(end, secure):
        with contextlib.suppress(OSError):
            if end == 'client':
                with_farewell(secure)
            else:
                time.sleep(0.2)
                secure.unwrap()
                secure.close()
    secured(scene, ssl.TLSVersion.TLSv1_3, close)


@scenario('TLS 1.2: the server closes without reading the client\'s farewell.',
          resets=('TCP_ABORT_ON_CLOSE',), harmless=True)
def tls12_server_does_not_read_farewell(scene):
    def close(end, secure):
        with contextlib.suppress(OSError):
            if end == 'client':
                with_farewell(secure)
            else:
                time.sleep(0.2)
                secure.close()
    secured(scene, ssl.TLSVersion.TLSv1_2, close)


@scenario('TLS 1.3: the client has read the page and is closed with the session tickets unread.',
          resets=('TCP_ABORT_ON_CLOSE',), harmless=True)
def tls13_farewell_left_unread(scene):
    def close(end, secure):
        with contextlib.suppress(OSError):
            if end == 'server':
                with_farewell(secure)
            else:
                time.sleep(0.2)
                secure.close()
    secured(scene, ssl.TLSVersion.TLSv1_3, close)


def with_farewell(secure):
    """close_notify, and close at once."""
    secure.setblocking(False)
    with contextlib.suppress(ssl.SSLWantReadError):
        secure.unwrap()
    secure.close()
