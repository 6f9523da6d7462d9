# SPDX-License-Identifier: GPL-2.0-or-later
"""The small HTTP clients and servers of the stories. The stacks below them are the kernel's."""
import contextlib
import socket
import time

HEADERS_END = b'\r\n\r\n'


def receive_until(sock, mark):
    """Bytes up to and with the mark, or what came before the peer closed."""
    data = b''
    while mark not in data:
        piece = sock.recv(65536)
        if not piece:
            break
        data += piece
    return data


def receive_exactly(sock, size):
    data = b''
    while len(data) < size:
        piece = sock.recv(min(65536, size - len(data)))
        if not piece:
            raise EOFError(f'peer closed after {len(data)} of {size} bytes')
        data += piece
    return data


def request(path, host):
    return (f'GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: probe/1.0\r\n'
            f'Accept: */*\r\n\r\n').encode()


def response(size, headers=''):
    return (f'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{headers}'
            f'Content-Length: {size}\r\n\r\n').encode() + b'x' * size


def response_of_total(total):
    """A response that has this many bytes in all, with its headers."""
    for size in range(total, -1, -1):
        answer = response(size)
        if len(answer) == total:
            return answer
    return response(0, f'X-Fill: {"x" * (total - len(response(0)) - 10)}\r\n')


def read_response(sock):
    head = receive_until(sock, HEADERS_END)
    headers, body = head.split(HEADERS_END, 1)
    for line in headers.split(b'\r\n'):
        if line.lower().startswith(b'content-length:'):
            body += receive_exactly(sock, int(line.split(b':')[1]) - len(body))
    return body


def fetch(sock, path, host):
    """One request and its response; the connection stays open."""
    sock.sendall(request(path, host))
    return read_response(sock)


def serve(bed, listener, answer, think=0.0, secure=None):
    """Answers every request of every connection until the listener is closed with the bed. With
    `secure`, an SSL context, over TLS and with a close_notify at the end."""
    def converse(sock):
        with contextlib.suppress(ConnectionError):  # a client may reset
            if secure:
                sock = secure.wrap_socket(sock, server_side=True)
            while HEADERS_END in receive_until(sock, HEADERS_END):
                time.sleep(think)
                sock.sendall(answer)
            if secure:
                sock.unwrap()
        sock.close()

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return  # the bed is being closed
            bed.thread(converse, sock)

    bed.thread(accept)


def wait_for_close(sock, patience):
    """Until the peer's FIN was read or patience ended."""
    sock.settimeout(patience)
    try:
        while sock.recv(65536):
            pass
    except (socket.timeout, ConnectionResetError):
        pass
