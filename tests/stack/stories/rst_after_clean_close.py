# SPDX-License-Identifier: GPL-2.0-or-later
"""A reset that harms nobody: it answers a repeated FIN after both sides had closed."""
import time

from packet import ACK, FIN
from recording import first, last
from story import Story, healthy, numbers, truth
from talk import fetch, response, serve


class RstAfterCleanClose(Story):
    name = 'rst-after-clean-close'
    title = 'A reset after a clean close: harmless'
    happened = '''Wireshark shows "Connection reset (RST)" in every second connection to {server}.
        Users have no complaint. Does something kill the connections?'''
    made = '''Real Linux TCP at both ends, captured at the client. The client's kernel keeps no
        TIME_WAIT (tcp_max_tw_buckets=0), as busy hosts do to save memory, and the router loses
        the client's last ACK once. So the server repeats its FIN, and the client's kernel, which
        no longer knows the connection, answers with a reset.'''
    why = '''Outcome healthy, no warning: request and response are complete and acknowledged, both
        sides have closed, and the reset comes only after that. Nobody needs to act.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.012),
                       port=dice.pick(80, 8080, 8000), local_port=dice.port(45454),
                       body=dice.number(1500, 100, 5000))

    def play(self, bed, p):
        bed.client.sysctl('net.ipv4.tcp_max_tw_buckets', 0)
        bed.path.meddle = LoseLastAck(p)
        serve(bed, bed.listen(p.port), response(p.body), think=0.02)
        with bed.connect(p.local_port, p.port) as client:
            fetch(client, '/', p.site.server)
        time.sleep(0.6 + 8 * p.delay)

    def truth(self, p, recording):
        return truth(healthy(0))

    def marks(self, p, recording):
        client, server = recording.of(0, p.site.client), recording.of(0, p.site.server)
        fin = first(server, lambda frame: frame.is_fin)
        return [(first(client, lambda frame: frame.is_fin), 'the client closes'),
                (fin, 'the server closes'),
                (first(client, lambda frame: frame.time > fin.time),
                 'the last ACK, lost behind the capture point'),
                (last(server, lambda frame: frame.is_fin), 'the server repeats its FIN'),
                (last(client, lambda frame: frame.is_rst), 'the client\'s kernel resets')]


class LoseLastAck:
    def __init__(self, p):
        self.p, self.closing, self.lost = p, False, False

    def __call__(self, packet):
        if packet.sport == self.p.port:
            self.closing |= packet.has(FIN, FIN)
            return True
        if self.closing and packet.has(ACK) and not self.lost:
            self.lost = True
            return False
        return True
