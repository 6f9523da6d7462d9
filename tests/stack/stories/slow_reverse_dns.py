# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that looks up the name of an address before it connects to it; nobody answers."""
import time

from packet import UDP
from recording import first, seconds
from resolver import look_up
from story import Story, connection, duration, numbers, truth
from talk import fetch, response, serve


class SlowReverseDns(Story):
    name = 'slow-reverse-dns'
    title = 'The first access is slow: an unanswered reverse lookup comes before it'
    happened = '''The first page of the application takes {delay_s:.0f} s after a pause, then it
        is fast. The application server talks to a back end at {server}, port {port}, and its
        owner blames the back end.'''
    made = '''Real Linux TCP at both ends, and glibc's real resolver on the client, captured at the
        client (which is the application server). The router drops all queries to the name server
        {dns}. The client looks up the name of {server}, waits for {queries} queries of
        {timeout} s each, and only then connects.'''
    why = '''The connection itself is fast, from the SYN on. Before it the client asked {queries}
        times for the name (PTR) of {server} and got no answer; the SYN follows right after the
        last timeout. {delay_s:.1f} s of waiting belong to the name service, not to the back end:
        add a PTR record or a hosts entry, or make the name server reachable.'''

    def roll(self, dice):
        p = numbers(site=dice.site(servers=2, v6=True), delay=dice.delay(0.004),
                    port=dice.pick(8080, 80, 8000), local_port=dice.port(50777),
                    queries=dice.number(3, 2, 3), timeout=dice.number(2, 1, 2),
                    body=dice.number(300, 100, 2000))
        p.dns = p.site.servers[1]
        p.delay_s = float(p.queries * p.timeout)
        return p

    def play(self, bed, p):
        bed.path.meddle = lambda packet: packet.protocol != UDP
        serve(bed, bed.listen(p.port), response(p.body), think=0.01)
        look_up(bed.client, p.dns, p.site.server, p.queries, p.timeout)
        with bed.connect(p.local_port, p.port) as client:
            fetch(client, '/', p.site.server)
        time.sleep(4 * p.delay)

    def truth(self, p, recording):
        return truth(connection(0, 'degraded', 'name_ptr_delay', 'client',
                                also=['server', 'client_or_server'],
                                values={'delay': p.delay_s, 'queries': p.queries},
                                summary=[duration(p.delay_s)]))

    def marks(self, p, recording):
        queries = [frame for frame in recording.frames if frame.packet.protocol == UDP]
        syn = first(recording.frames, lambda frame: frame.is_syn)
        waited = duration(seconds(queries[0], syn))
        return [(queries[0], 'who is {server}? The first PTR query'),
                (queries[-1], 'the last of {queries} queries'),
                (syn, f'the SYN to {{server}}, {waited} after the first query')]
