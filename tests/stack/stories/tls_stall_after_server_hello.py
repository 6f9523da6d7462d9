# SPDX-License-Identifier: GPL-2.0-or-later
"""A server process that stops after its ServerHello: the server is silent, nothing is lost."""
import ssl
import time

import tls
from recording import first, last
from story import Story, connection, duration, numbers, truth
from talk import wait_for_close


class TlsStallAfterServerHello(Story):
    name = 'tls-stall-after-server-hello'
    title = 'TLS handshake stalls after the ServerHello: the server is silent'
    happened = '''A monitoring probe reports "task timeout" for the site {server}, port {port}. TCP
        connects at once and the server answers the ClientHello with a ServerHello, but the
        Certificate that should follow never comes. After {patience:.1f} s the probe gives up and
        closes. Its operator asks whether the server or the network is at fault.'''
    made = '''Real Linux TCP and OpenSSL (TLS 1.2) at both ends, {rtt:.0f} ms of round-trip time
        on the path, captured at the client. The server process computes its whole flight, writes
        only the ServerHello and then blocks, like a server that waits for a key store. Nothing
        is dropped on the path. The client is a probe that waits {patience:.1f} s and closes
        without an alert; {lag:.1f} s later the server process notices and closes too.'''
    why = '''The client closes first, but only because it waited. The ServerHello arrived and was
        acknowledged, then nothing came for {patience:.1f} s. The server's FIN settles it: its
        sequence number is exactly the end of the ServerHello, so the server never sent another
        byte, and loss on the path is ruled out. Look at the server: key store, OCSP, certificate
        back end, a stuck worker.'''

    def roll(self, dice):
        p = numbers(site=dice.site(v6=True), delay=dice.delay(0.015),
                    port=dice.pick(443, 8443, 993, 5061), local_port=dice.port(51514),
                    patience=dice.seconds(30.0, 6.0, 9.0), lag=dice.seconds(0.3, 0.1, 0.6),
                    server_name='www.example.com', organisation='Example ' + dice.text(12))
        p.rtt = p.delay * 2000
        return p

    def play(self, bed, p):
        listener = bed.listen(p.port)
        context = tls.server_context(p.server_name, p.organisation, ssl.TLSVersion.TLSv1_2)
        bed_server = bed.thread(self.serve, listener, context, p)
        client = bed.connect(p.local_port, p.port)
        tls.patient_client(client, tls.client_context(ssl.TLSVersion.TLSv1_2), p.server_name,
                           p.patience)
        bed_server.join()
        time.sleep(4 * p.delay)

    @staticmethod
    def serve(listener, context, p):
        sock, _ = listener.accept()
        with sock:
            hello, _ = tls.split_server_hello(tls.server_flight(sock, context))
            sock.sendall(hello)
            wait_for_close(sock, 3 * p.patience)
            time.sleep(p.lag)

    def truth(self, p, recording):
        return truth(connection(0, 'failed', 'tls_stall_after_server_hello', 'server',
                                also=['server_or_path'], cause='server_silent',
                                values={'waited': p.patience}, summary=[duration(p.patience)]))

    def marks(self, p, recording):
        server = recording.of(0, p.site.server)
        client = recording.of(0, p.site.client)
        hello = first(server, lambda frame: frame.size)
        return [
            (first(client, lambda frame: frame.size), 'ClientHello'),
            (hello, 'ServerHello, complete'),
            (first(client, lambda frame: frame.time > hello.time), 'the client acknowledges it'),
            (first(client, lambda frame: frame.is_fin),
             'the client gives up after {patience:.1f} s'),
            (last(server, lambda frame: frame.is_fin),
             'the server\'s FIN: its sequence number is the end of the ServerHello'),
        ]
