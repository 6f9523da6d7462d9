# SPDX-License-Identifier: GPL-2.0-or-later
"""A server stack that counts one byte more than it sent when it closes."""
import time

from packet import FIN
from recording import first, last
from story import Story, connection, numbers, truth
from talk import HEADERS_END, fetch, receive_until, response, wait_for_close


class FinSeqJump(Story):
    name = 'fin-seq-jump'
    title = 'The server closes one byte too far'
    happened = '''The page from {server} is complete, but the connection never closes properly: the
        server's FIN comes again and again, and the client answers with duplicate
        acknowledgments until it gives up.'''
    made = '''Real Linux TCP at both ends, captured at the client. Crafted: from its FIN on, the
        router adds {extra} to the sequence numbers of the server, as a faulty stack was seen to
        do. FIN repeats and duplicate acknowledgments are the kernels' own.'''
    why = '''The FIN stands {extra} byte beyond the last byte of the response, and so do all its
        repeats; that byte is never sent, though the server has every occasion to. It is not loss:
        the server's stack counts a byte it never had. Nothing of the page is missing. Update or
        replace the server's stack, or the proxy that plays its part.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.013),
                       port=dice.pick(80, 8080, 8000), local_port=dice.port(43210), extra=1,
                       body=dice.number(873, 100, 1300), patience=dice.seconds(6.0, 4.0, 6.0))

    def play(self, bed, p):
        bed.path.meddle = Shift(p)
        listener = bed.listen(p.port)
        server = bed.thread(self.serve, listener, p)
        client = bed.connect(p.local_port, p.port)
        fetch(client, '/', p.site.server)
        wait_for_close(client, p.patience)
        client.close()
        server.join()
        time.sleep(0.5)

    @staticmethod
    def serve(listener, p):
        sock, _ = listener.accept()
        with sock:
            receive_until(sock, HEADERS_END)
            time.sleep(0.03)
            sock.sendall(response(p.body, 'Connection: close\r\n'))
            time.sleep(0.1 + 4 * p.delay)  # the response is acknowledged before the FIN

    def truth(self, p, recording):
        fins = [frame for frame in recording.of(0, p.site.server) if frame.is_fin]
        return truth(connection(0, 'failed', 'fin_seq_jump', 'server',
                                values={'missing': p.extra, 'repeats': len(fins) - 1}))

    def marks(self, p, recording):
        client, server = recording.of(0, p.site.client), recording.of(0, p.site.server)
        fin = first(server, lambda frame: frame.is_fin)
        return [(last(server, lambda frame: frame.size), 'the end of the response'),
                (fin, 'FIN, {extra} byte beyond it'),
                (first(client, lambda frame: frame.time > fin.time),
                 'the client acknowledges the response, not the FIN'),
                (last(server, lambda frame: frame.is_fin), 'the FIN again, at the same place')]


class Shift:
    """Moves the server's sequence numbers from its FIN on."""

    def __init__(self, p):
        self.p, self.fin = p, None

    def __call__(self, packet):
        if packet.sport != self.p.port:
            return True
        if self.fin is None and packet.has(FIN, FIN):
            self.fin = packet.seq
        if self.fin is not None and (packet.seq - self.fin) % 2**32 < 2**31:
            packet.seq += self.p.extra
        return True
