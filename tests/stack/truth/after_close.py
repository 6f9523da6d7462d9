# SPDX-License-Identifier: GPL-2.0-or-later
"""What still comes when somebody has closed: data, farewells, FINs that repeat."""
import socket
import time

from scene import ACK, scenario

TCP_LINGER2 = 8
REQUEST = b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n'
CLOSE_NOTIFY = b'\x15\x03\x03\x00\x1a' + bytes(26)


@scenario('A server closes; a request comes before its FIN is acknowledged (FIN-WAIT-1).',
          resets=('TCP_ABORT_ON_DATA',), delay=0.03)
def request_crosses_fin(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    server.close()
    client.sendall(REQUEST)
    scene.settle()


@scenario('A server closes an idle connection; the client has another request after a second.',
          resets=('TCP_ABORT_ON_DATA',), delay=0.03)
def reuse_race(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.exchange(client, server)
    time.sleep(1.2)
    server.close()
    client.sendall(REQUEST)
    scene.settle()


@scenario('A client closes while the response is on its way.', resets=('TCP_ABORT_ON_DATA',),
          delay=0.03)
def response_crosses_fin(scene):
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    client.close()
    server.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 5000)
    scene.settle()


@scenario('A client writes after the server\'s FIN (FIN-WAIT-2).', resets=('TCP_TIMEWAIT_SOCKET',))
def client_writes_after_eof(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    server.close()
    scene.settle()
    client.sendall(REQUEST)
    scene.settle()


@scenario('A server writes after the client\'s FIN (FIN-WAIT-2).', resets=('TCP_TIMEWAIT_SOCKET',))
def server_writes_after_eof(scene):
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    client.close()
    scene.settle()
    server.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 3000)
    scene.settle()


@scenario('A server writes after the client\'s FIN, over IPv6.', resets=('TCP_TIMEWAIT_SOCKET',),
          v6=True)
def server_writes_after_eof_v6(scene):
    server_writes_after_eof(scene)


@scenario('A client with TCP_LINGER2 < 0 closes while data come.', resets=('TCP_ABORT_ON_DATA',),
          delay=0.02)
def data_for_client_without_fin_wait2(scene):
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    client.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    client.close()
    server.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 800)
    scene.settle()


@scenario('A TLS-like client closes without reading the server\'s close_notify.',
          resets=('TCP_TIMEWAIT_SOCKET',))
def farewell_after_close(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.sendall(CLOSE_NOTIFY)
    client.close()
    scene.settle()
    server.recv(4096)
    server.sendall(CLOSE_NOTIFY)
    server.close()
    scene.settle()


@scenario('A TLS-like server leaves the client\'s close_notify unread.',
          resets=('TCP_ABORT_ON_CLOSE',))
def farewell_unread(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.sendall(CLOSE_NOTIFY)
    client.shutdown(socket.SHUT_WR)
    scene.settle()
    server.close()
    scene.settle()


@scenario('Busy hosts keep no TIME-WAIT: a FIN that repeats meets no socket.',
          resets=('NO_SOCKET',))
def fin_repeats_without_time_wait(scene):
    scene.bed.client.sysctl('net.ipv4.tcp_max_tw_buckets', 0)
    client, server = scene.pair()
    scene.exchange(client, server)
    client.close()
    scene.settle()
    lost = []

    def lose_last_ack(packet):
        if packet.has(ACK) and packet.sport == scene.local_port and not lost:
            lost.append(packet)
            return False
        return True
    scene.meddle = lose_last_ack
    server.close()
    time.sleep(0.7)


@scenario('A client closes while the download goes on, after it has read all that came.',
          resets=('TCP_ABORT_ON_DATA',), delay=0.02)
def download_outlives_reader(scene):
    client, server = scene.pair()
    client.sendall(REQUEST)
    server.recv(4096)
    scene.bed.thread(drip, server)
    client.recv(100_000)
    client.recv(100_000)
    client.close()
    time.sleep(0.3)


def drip(sock):
    try:
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n')
        for _ in range(40):
            sock.sendall(b'x' * 2000)
            time.sleep(0.01)
    except OSError:
        pass
