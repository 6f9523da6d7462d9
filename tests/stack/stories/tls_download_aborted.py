# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that drops a TLS download shortly after it began, without a word."""
import ssl
import time

import tls
from recording import first, last
from story import Story, connection, numbers, truth
from talk import HEADERS_END, receive_until, request

CHUNK = b'd' * 1200


class TlsDownloadAborted(Story):
    name = 'tls-download-aborted'
    title = 'A TLS download is aborted by the client in mid-transfer'
    happened = '''Phones cannot download from {server}: the page opens, the download starts, and
        at once it says "failed". The server's owner sees nothing wrong in his log.'''
    made = '''Real Linux TCP and OpenSSL (TLS 1.2) at both ends, captured at the client. The server
        sends an endless file; {since:.1f} s after the first byte of it the client process drops
        the connection with data still unread, so its kernel resets it. Nothing is crafted.'''
    why = '''The TLS handshake is complete, data flow, and then the client breaks off in the middle
        of the transfer: no close_notify, a reset while the server is still sending. Neither the
        server nor the path failed. Look at the client: its application, download manager,
        security software. In the case this stands for, another certificate on the server cured
        it, although the handshake had succeeded: try that, and a lower TLS version.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.008),
                       port=dice.pick(443, 8443), local_port=dice.port(53990),
                       since=dice.seconds(0.1, 0.1, 0.4), server_name='download.example.com',
                       organisation=dice.text(20), pace=dice.number(3, 2, 6) / 1000)

    def play(self, bed, p):
        listener = bed.listen(p.port)
        context = tls.server_context(p.server_name, p.organisation, ssl.TLSVersion.TLSv1_2)
        server = bed.thread(self.serve, listener, context, p)
        client = bed.connect(p.local_port, p.port)
        secure = tls.client_context(ssl.TLSVersion.TLSv1_2).wrap_socket(
            client, server_hostname=p.server_name)
        secure.sendall(request('/file.bin', p.server_name))
        secure.recv(len(CHUNK))
        end = time.monotonic() + p.since
        # Unread data make the kernel reset: so the last pieces stay unread.
        while time.monotonic() < end - 3 * p.pace:
            secure.recv(len(CHUNK))
        time.sleep(max(0.0, end - time.monotonic()))
        secure.close()
        server.join()

    @staticmethod
    def serve(listener, context, p):
        sock, _ = listener.accept()
        with context.wrap_socket(sock, server_side=True) as secure:
            receive_until(secure, HEADERS_END)
            secure.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n')
            try:
                while True:
                    secure.sendall(CHUNK)
                    time.sleep(p.pace)
            except OSError:
                pass  # the client is gone: what this story is about

    def truth(self, p, recording):
        rst = first(recording.frames, lambda frame: frame.is_rst)
        received = sum(frame.size for frame in recording.of(0, p.site.server)
                       if frame.number < rst.number)
        return truth(connection(0, 'failed', 'abort_mid_transfer', 'client',
                                values={'received': received, 'since_data': p.since},
                                summary=[str(received)]))

    def marks(self, p, recording):
        client, server = recording.of(0, p.site.client), recording.of(0, p.site.server)
        rst = first(client, lambda frame: frame.is_rst)
        return [(first(client, lambda frame: frame.size), 'ClientHello'),
                (last([frame for frame in client if frame.size], lambda frame: True),
                 'the request'),
                (last(server, lambda frame: frame.number < rst.number and frame.size),
                 'the last data of the server before the end'),
                (rst, 'the client\'s reset')]
