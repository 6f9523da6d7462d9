# SPDX-License-Identifier: GPL-2.0-or-later
"""One server of several never answers: its SYNs are dropped on the way."""
import time

from recording import first
from story import Story, connection, healthy, host, numbers, truth
from talk import fetch, response, serve


class SynNoReply(Story):
    name = 'syn-no-reply'
    title = 'Three SYNs and no reply, beside sites that work'
    happened = '''"The site {dead} gives no result": the browser waits and gives up. Other sites
        work from the same client in the same minute. Is it the client, the network, or that
        server?'''
    made = '''Real Linux TCP at both ends, captured at the client. The client fetches a page from
        {others} other servers, some before and some after; the router silently drops what goes to
        {dead}, port {port}, like a firewall rule does. The SYN retries are the client kernel's
        own ({attempts} SYNs in {elapsed} s), then the client gives up.'''
    why = '''{attempts} SYNs to {dead}, not one reply: neither a SYN/ACK nor a reset nor an ICMP
        error. A closed port would have been refused, so either the host is down or something
        drops the SYN without a word. The {others} other servers answered the same client, so its
        own network card, cable and DNS are not the suspects.'''

    def roll(self, dice):
        others = dice.number(3, 3, 6)
        p = numbers(site=dice.site(servers=others + 1, v6=True), delay=dice.delay(0.010),
                    others=others, before=dice.number(2, 1, 2), port=dice.pick(80, 8080, 8000),
                    attempts=dice.number(3, 3, 4), steady=dice.pick(False, True),
                    body=dice.number(412, 100, 3000))
        p.dead, p.alive = p.site.server, p.site.servers[1:]
        p.dead_port, *p.local_ports = dice.ports(60061, 60055, 60058, 60070, 60071, 60072,
                                                 60073)[:others + 1]
        return p

    def play(self, bed, p):
        bed.path.meddle = lambda packet: packet.target != p.dead
        for address in p.alive:
            serve(bed, bed.listen(p.port, address), response(p.body), think=0.03)
        visits = list(zip(p.local_ports, p.alive))
        for visit in visits[:p.before]:
            self.visit(bed, p, *visit)
        linear = p.attempts - 2 if p.steady else 0
        p.elapsed = bed.try_to_connect(p.dead_port, p.port, p.attempts, linear)
        for visit in visits[p.before:]:
            self.visit(bed, p, *visit)

    @staticmethod
    def visit(bed, p, local_port, address):
        with bed.connect(local_port, p.port, address) as client:
            fetch(client, '/', address)
        time.sleep(0.2)

    def truth(self, p, recording):
        dead = recording.stream_of(p.dead_port)
        failed = connection(dead, 'failed', 'syn_no_reply', 'server_or_path',
                            values={'attempts': p.attempts, 'elapsed': p.elapsed},
                            summary=[str(p.attempts)])
        fine = [healthy(recording.stream_of(port)) for port in p.local_ports]
        connections = sorted([failed] + fine, key=lambda item: item['stream'])
        return truth(*connections, hosts=[host('host_only_this_server', [dead],
                                               {'others': p.others}, [str(p.others)])])

    def marks(self, p, recording):
        syns = recording.of(recording.stream_of(p.dead_port))
        works = first(recording.frames, lambda frame: frame.is_synack)
        return [(works, 'another server answers this client'),
                (syns[0], 'SYN to {dead}'),
                (syns[-1], 'the last of {attempts} SYNs, all with the same sequence number')]
