# SPDX-License-Identifier: GPL-2.0-or-later
"""The path loses a response for good; all the client sees is the server's close, with a gap."""
import time

from packet import ACK
from recording import first
from story import Story, connection, duration, numbers, truth
from talk import HEADERS_END, receive_until, request, response_of_total, wait_for_close


class ResponseLostFinGap(Story):
    name = 'response-lost-fin-gap'
    title = 'The response never arrives, then the server closes beyond a gap'
    happened = '''Now and then a request to {server}, port {port}, brings no response. The capture
        shows the request, its acknowledgment, {idle:.1f} s of nothing, and then the server closes
        with "previous segment not captured". Is the capture incomplete?'''
    made = '''Real Linux TCP at both ends, captured at the client. The server answers with
        {missing} bytes; the router loses every segment of the server that carries data, repeats
        included, and lets the empty ones pass. The server closes {idle:.1f} s after the request,
        the client {linger:.1f} s after that. The server's retransmission timeout is set very
        long, because Linux would otherwise hold back its FIN behind the data that it repeats.'''
    why = '''The server's FIN has sequence number {fin_seq}, but the client has nothing of it yet
        and keeps asking for byte 1: the {missing} bytes are really missing, not just from the
        capture. In {waited:.1f} s a server repeats them several times, and empty segments pass, so
        it is not random loss: something on the path drops this content. They are fewer than one
        full segment, so it is not the MTU. Look at firewall and IPS, capture at the server.'''

    def roll(self, dice):
        p = numbers(site=dice.site(v6=True), delay=dice.delay(0.011),
                    port=dice.pick(80, 8080, 8000), local_port=dice.port(42310),
                    missing=dice.number(1010, 200, 1300), idle=dice.seconds(20.0, 6.0, 9.0),
                    linger=dice.seconds(6.0, 1.5, 3.0))
        p.fin_seq = p.missing + 1
        p.waited = p.idle + p.linger
        return p

    def play(self, bed, p):
        bed.path.meddle = lambda packet: packet.sport != p.port or not packet.payload
        bed.close_ahead_of_repeats()
        listener = bed.listen(p.port)
        server = bed.thread(self.serve, listener, p)
        client = bed.connect(p.local_port, p.port)
        client.sendall(request('/list', p.site.server))
        wait_for_close(client, p.waited)
        client.close()
        server.join()
        time.sleep(1.0)

    @staticmethod
    def serve(listener, p):
        sock, _ = listener.accept()
        with sock:
            receive_until(sock, HEADERS_END)
            end = time.monotonic() + p.idle
            time.sleep(0.08)  # the request is acknowledged by itself, as in the case
            sock.sendall(response_of_total(p.missing))
            time.sleep(end - time.monotonic())

    def truth(self, p, recording):
        return truth(connection(0, 'failed', 'response_lost_fin_gap', 'path',
                                also=['server_or_path'], cause='selective',
                                values={'missing': p.missing, 'waited': p.waited},
                                summary=[str(p.missing), duration(p.waited)]))

    def marks(self, p, recording):
        client, server = recording.of(0, p.site.client), recording.of(0, p.site.server)
        sent = first(client, lambda frame: frame.size)
        fin = first(server, lambda frame: frame.is_fin)
        return [(sent, 'the request'),
                (first(server, lambda frame: frame.time > sent.time and frame.has(ACK)),
                 'the server acknowledges it'),
                (fin, 'the server closes: sequence number {fin_seq} where 1 was due'),
                (first(client, lambda frame: frame.time > fin.time),
                 'the client still asks for byte 1'),
                (first(client, lambda frame: frame.is_fin), 'and closes in its turn')]
