# SPDX-License-Identifier: GPL-2.0-or-later
"""Applications that end a connection by a reset, each in its own way."""
import socket
import struct
import sys
import time

from bed import LIBC, checked
from scene import reset, scenario

TCP_LINGER2 = 8
AF_UNSPEC = struct.pack('H14x', socket.AF_UNSPEC)
BULK = 400_000


def disconnect(sock):
    """connect(AF_UNSPEC), which Python's own connect() does not know."""
    checked(LIBC.connect(sock.fileno(), AF_UNSPEC, len(AF_UNSPEC)))


# ---- close() with unread data


@scenario('A server closes without reading the request.', resets=('TCP_ABORT_ON_CLOSE',))
def server_leaves_request_unread(scene):
    client, server = scene.pair()
    client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
    scene.settle()
    server.close()


@scenario('The same over IPv6.', resets=('TCP_ABORT_ON_CLOSE',), v6=True)
def server_leaves_request_unread_v6(scene):
    server_leaves_request_unread(scene)


@scenario('A server answers, but leaves the second half of an upload unread.',
          resets=('TCP_ABORT_ON_CLOSE',))
def server_refuses_upload(scene):
    client, server = scene.pair()
    client.sendall(b'POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n' + b'x' * 9000)
    server.recv(100)
    scene.settle()
    server.sendall(b'HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    scene.settle()
    server.close()


@scenario('A client reads the headers of a response and closes.', resets=('TCP_ABORT_ON_CLOSE',))
def client_leaves_response_unread(scene):
    client, server = scene.pair()
    client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
    server.recv(4096)
    server.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n' + b'x' * 5000)
    scene.settle()
    client.recv(40)
    client.close()


@scenario('A client breaks off a download while it pours in.', resets=('TCP_ABORT_ON_CLOSE',),
          delay=0.01)
def client_breaks_off_download(scene):
    client, server = scene.pair()
    scene.bed.thread(pour, server)
    client.sendall(b'GET /big HTTP/1.1\r\nHost: truth\r\n\r\n')
    client.recv(20_000)
    time.sleep(0.05)
    client.close()
    scene.settle()


def pour(sock):
    try:
        sock.recv(4096)
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % BULK + b'x' * BULK)
    except OSError:
        pass


@scenario('A client that was told the end (FIN) closes with unread data.',
          resets=('TCP_ABORT_ON_CLOSE',))
def client_closes_unread_after_fin(scene):
    client, server = scene.pair()
    client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
    server.recv(4096)
    server.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 3000)
    server.close()
    scene.settle()
    client.close()


# ---- killed processes


@scenario('A client is killed (SIGKILL) before it has read the response.',
          resets=('TCP_ABORT_ON_CLOSE',))
def client_killed(scene):
    listener = scene.listen()
    program = f'exec 3<>/dev/tcp/{scene.site.server}/{scene.port}; echo GET >&3; sleep 9'
    process = scene.bed.client.start('bash', '-c', program)
    server, _ = listener.accept()
    server.recv(100)
    server.sendall(b'x' * 500)
    scene.settle()
    process.kill()
    process.wait()
    server.close()


SERVER = '''import socket, sys, time
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
kept = listener.accept()
time.sleep(9)'''


@scenario('A server is killed (SIGKILL) with an unread request.', resets=('TCP_ABORT_ON_CLOSE',))
def server_killed(scene):
    process = scene.bed.server.start(sys.executable, '-S', '-c', SERVER, scene.site.server,
                                     str(scene.port), stdout=-1)
    process.stdout.readline()
    client = scene.connect()
    client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
    time.sleep(0.2)
    process.kill()
    process.wait()
    process.stdout.close()


# ---- SO_LINGER 0


@scenario('A client ends an idle connection by linger 0.', resets=('TCP_STATE',))
def client_lingers_idle(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    time.sleep(0.3)
    reset(client)


@scenario('A server ends an idle connection by linger 0.', resets=('TCP_STATE',))
def server_lingers_idle(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    time.sleep(0.3)
    reset(server)


@scenario('A client throws away what it has just sent: linger 0.',
          resets=('TCP_STATE',), delay=0.02)
def client_lingers_with_data(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.sendall(b'GET /next HTTP/1.1\r\nHost: truth\r\n\r\n')
    reset(client)
    scene.settle()


@scenario('A server throws away the response it has just sent: linger 0.', resets=('TCP_STATE',),
          delay=0.02)
def server_lingers_with_data(scene):
    client, server = scene.pair()
    client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
    server.recv(4096)
    server.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + b'x' * 6000)
    reset(server)
    scene.settle()


@scenario('A server resets a connection as soon as it is accepted.', resets=('TCP_STATE',))
def server_lingers_at_once(scene):
    _, server = scene.pair()
    reset(server)


@scenario('A server reads the request, then resets: linger 0.', resets=('TCP_STATE',), v6=True)
def server_lingers_after_request(scene):
    client, server = scene.pair()
    client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
    server.recv(4096)
    scene.settle()
    reset(server)


@scenario('A client reads response and FIN, then resets: linger 0 in CLOSE-WAIT.',
          resets=('TCP_STATE',))
def client_lingers_in_close_wait(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    server.close()
    scene.settle()
    reset(client)


# ---- listeners and administrators


@scenario('A listener is closed with a child that nobody accepted.', resets=('TCP_STATE',))
def listener_closed_with_child(scene):
    listener = scene.listen()
    scene.connect()
    scene.settle()
    listener.close()


@scenario('A listener is closed with a child that has a request.', resets=('TCP_STATE',))
def listener_closed_with_request(scene):
    listener = scene.listen()
    client = scene.connect()
    client.sendall(b'GET / HTTP/1.1\r\nHost: truth\r\n\r\n')
    scene.settle()
    listener.close()


@scenario('An administrator ends the server\'s socket with ss -K.', resets=('TCP_STATE',))
def server_socket_killed_by_ss(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.bed.server.run('ss', '-K', '-t', 'sport', '=', f':{scene.port}', 'dport', '=',
                         f':{scene.local_port}')


@scenario('An administrator ends the client\'s socket with ss -K.', resets=('TCP_STATE',))
def client_socket_killed_by_ss(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    scene.bed.client.run('ss', '-K', '-t', 'dport', '=', f':{scene.port}')


@scenario('A client disconnects its socket: connect(AF_UNSPEC).', resets=('TCP_STATE',))
def client_disconnects(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    disconnect(client)


def fill(sock, patience=0.3):
    """Sends until the peer's window and the own buffer are full."""
    sock.settimeout(patience)
    try:
        while True:
            sock.send(b'x' * 65536)
    except socket.timeout:
        pass


@scenario('A server disconnects in LAST-ACK with data that the peer has no room for.',
          resets=('TCP_DISCONNECT_WITH_DATA',))
def server_disconnects_with_data(scene):
    client, server = scene.pair()
    client.shutdown(socket.SHUT_WR)
    scene.settle()
    fill(server)
    server.shutdown(socket.SHUT_WR)
    scene.settle()
    disconnect(server)


# ---- linger2


@scenario('A client does not wait in FIN-WAIT-2: TCP_LINGER2 < 0.',
          resets=('TCP_ABORT_ON_LINGER',))
def client_lingers_not_in_fin_wait2(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    client.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    client.shutdown(socket.SHUT_WR)
    scene.settle()
    client.close()


@scenario('A server does not wait in FIN-WAIT-2: TCP_LINGER2 < 0.',
          resets=('TCP_ABORT_ON_LINGER',))
def server_lingers_not_in_fin_wait2(scene):
    client, server = scene.pair()
    scene.exchange(client, server)
    server.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    server.shutdown(socket.SHUT_WR)
    scene.settle()
    server.close()
