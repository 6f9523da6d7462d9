# SPDX-License-Identifier: GPL-2.0-or-later
"""A packet filter on the client eats the SYN/ACKs after the capture has seen them."""
import time

from recording import first, last, seconds
from story import Story, connection, numbers, truth


class SynackNotAcked(Story):
    name = 'synack-not-acked'
    title = 'SYN/ACKs arrive, and the client never acknowledges them'
    happened = '''The application on the client says "connection timed out". Its capture shows that
        {server} answers on port {port} every time, yet the client goes on sending SYNs, as if it
        had heard nothing.'''
    made = '''Real Linux TCP at both ends, captured on the client's own interface. A packet filter
        rule on the client drops incoming segments from port {port} behind the capture point, as a
        host firewall or an antivirus filter may. Both kernels repeat by themselves.'''
    why = '''The SYN/ACK is on the client's interface {copies} times, so server and path work. The
        client neither acknowledges nor resets it and repeats its SYN: its TCP never saw the
        answer. Something inside the client drops it: look at its firewall and security software,
        not at the server.'''

    def roll(self, dice):
        attempts = dice.number(4, 3, 4)
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.009),
                       port=dice.pick(443, 80, 3389, 22), local_port=dice.port(50122),
                       attempts=attempts, linear=dice.pick(0, attempts - 2), copies=None)

    def play(self, bed, p):
        bed.firewall(bed.client, '-A', 'INPUT', '-p', 'tcp', '--sport', str(p.port), '-j', 'DROP')
        bed.listen(p.port)
        bed.try_to_connect(p.local_port, p.port, p.attempts, p.linear)
        time.sleep(3.0)

    def truth(self, p, recording):
        synacks = recording.of(0, p.site.server)
        p.copies = len(synacks)
        values = {'repeats': p.copies, 'elapsed': seconds(synacks[0], synacks[-1])}
        return truth(connection(0, 'failed', 'synack_no_ack', 'client', also=['client_or_path'],
                                values=values))

    def marks(self, p, recording):
        client = recording.of(0, p.site.client)
        server = recording.of(0, p.site.server)
        return [(client[0], 'SYN'), (first(server, lambda frame: frame.is_synack), 'SYN/ACK'),
                (client[1], 'the same SYN again, although the answer was there'),
                (last(server, lambda frame: frame.is_synack), 'the last of {copies} SYN/ACKs')]
