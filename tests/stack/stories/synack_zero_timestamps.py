# SPDX-License-Identifier: GPL-2.0-or-later
"""The harmless sibling of synack_bad_tsecr: zero timestamps in the SYN/ACK, and all is well."""
from packet import ACK, SYN
from recording import first
from story import Story, healthy, numbers, truth
from talk import fetch, response, serve


class SynackZeroTimestamps(Story):
    name = 'synack-zero-timestamps'
    title = 'Zero timestamps in the SYN/ACK: harmless'
    happened = '''While a timestamp problem is being looked for, this capture turns up: the SYN/ACK
        of {server} carries TSval 0 and TSecr 0 although the client sent a TSval. The page loads
        all the same. Is this the fault?'''
    made = '''Real Linux TCP at both ends, captured at the client. Crafted: the router sets both
        timestamps of the SYN/ACK to 0, as SYN proxies do; all later segments keep the server's
        own.'''
    why = '''The connection is healthy, and diag says no more than a remark: TSecr 0 is not checked
        by Linux, and the values are normal from the next segment on. Do not accuse the server or
        a firewall because of it.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.006),
                       port=dice.pick(80, 8080, 8000), local_port=dice.port(40911),
                       body=dice.number(700, 100, 5000))

    def play(self, bed, p):
        def zero(packet):
            if packet.has(SYN | ACK):
                packet.set_timestamps(0, 0)
            return True

        bed.path.meddle = zero
        serve(bed, bed.listen(p.port), response(p.body), think=0.02)
        with bed.connect(p.local_port, p.port) as client:
            fetch(client, '/', p.site.server)

    def truth(self, p, recording):
        return truth(healthy(0, findings=['synack_zero_ts']))

    def marks(self, p, recording):
        server = recording.of(0, p.site.server)
        return [(server[0], 'SYN/ACK with TSval 0 and TSecr 0'),
                (server[1], 'the next segment of the server has normal timestamps'),
                (first(server, lambda frame: frame.size), 'and the response arrives')]
