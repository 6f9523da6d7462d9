# SPDX-License-Identifier: GPL-2.0-or-later
"""The same stall for the other reason: the server sends its Certificate, the path loses it."""
import ssl
import time

import tls
from recording import first, last
from story import Story, connection, duration, numbers, truth
from talk import wait_for_close


class TlsStallBytesLost(Story):
    name = 'tls-stall-bytes-lost'
    title = 'TLS handshake stalls after the ServerHello: the Certificate is lost'
    happened = '''The same probe, the same "task timeout" for port {port} of {server}: TCP
        connects, the ServerHello arrives, the Certificate does not, and the probe closes after
        {patience:.1f} s. At the client this looks exactly like a server that stopped, until the
        server speaks again.'''
    made = '''Real Linux TCP and OpenSSL (TLS 1.2) at both ends, captured at the client. The
        server sends its whole flight: the ServerHello, and in a further segment {lost} bytes of
        Certificate, ServerKeyExchange and ServerHelloDone. The router loses every server segment
        that carries data beyond the ServerHello, repeats included; empty segments pass. The
        server's retransmission timeout is set very long, because Linux would otherwise hold back
        its FIN behind the data that it repeats.'''
    why = '''Up to the client's FIN nothing tells this from a silent server. Then the server's
        next segment has a sequence number {lost} bytes beyond the end of the ServerHello: the
        server did send them, and they never arrived. Fewer bytes than one full segment are
        missing, so it is not an MTU problem. Look at the path: a firewall or filter that dislikes
        this content. A capture at the server shows the retransmissions.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.012),
                       port=dice.pick(443, 8443, 993, 5061), local_port=dice.port(51733),
                       patience=dice.seconds(30.0, 6.0, 9.0), server_name='www.example.com',
                       organisation=dice.text(dice.number(24, 1, 60)))

    def play(self, bed, p):
        bed.close_ahead_of_repeats()
        listener = bed.listen(p.port)
        context = tls.server_context(p.server_name, p.organisation, ssl.TLSVersion.TLSv1_2)
        server = bed.thread(self.serve, bed, listener, context, p)
        client = bed.connect(p.local_port, p.port)
        tls.patient_client(client, tls.client_context(ssl.TLSVersion.TLSv1_2), p.server_name,
                           p.patience)
        server.join()
        time.sleep(1.0)

    @staticmethod
    def serve(bed, listener, context, p):
        sock, _ = listener.accept()
        with sock:
            hello, rest = tls.split_server_hello(tls.server_flight(sock, context))
            p.lost = len(rest)
            sock.sendall(hello)
            time.sleep(3 * p.delay)  # the ServerHello is a segment of its own, and arrives
            bed.path.meddle = lambda packet: packet.sport != p.port or not packet.payload
            sock.sendall(rest)
            wait_for_close(sock, 3 * p.patience)

    def truth(self, p, recording):
        return truth(connection(0, 'failed', 'tls_stall_after_server_hello', 'path',
                                also=['server_or_path'], cause='bytes_lost',
                                values={'waited': p.patience, 'missing': p.lost},
                                summary=[duration(p.patience), str(p.lost)]))

    def marks(self, p, recording):
        server = recording.of(0, p.site.server)
        client = recording.of(0, p.site.client)
        hello = first(server, lambda frame: frame.size)
        fin = first(client, lambda frame: frame.is_fin)
        return [
            (first(client, lambda frame: frame.size), 'ClientHello'),
            (hello, 'ServerHello, complete'),
            (first(client, lambda frame: frame.time > hello.time), 'the client acknowledges it'),
            (fin, 'the client gives up after {patience:.1f} s'),
            (first(server, lambda frame: frame.time > fin.time),
             'the server is heard again: its sequence number is {lost} bytes further'),
            (last(client, lambda frame: frame.is_rst),
             'the client had closed, so its kernel resets: a consequence'),
        ]
