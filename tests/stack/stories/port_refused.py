# SPDX-License-Identifier: GPL-2.0-or-later
"""A camera behind a router that maps only the web port: the router refuses the login port."""
import time

from recording import first
from story import Story, connection, duration, healthy, host, numbers, truth
from talk import fetch, response, serve


class PortRefused(Story):
    name = 'port-refused'
    title = 'The page works, the login does not: one port is not forwarded'
    happened = '''The web page of a camera at {server} opens on port {open_port}, but its viewer
        cannot log in: it connects to port {blocked_port} and is turned away at once, every
        time.'''
    made = '''Real Linux TCP everywhere, captured at the client. {server} is a router that
        forwards only port {open_port} to the camera behind it (a PAT rule); its own kernel
        refuses port {blocked_port}. Nothing is crafted. The camera is one hop further away than
        the router, as the TTLs show.'''
    why = '''Same client, same server address: port {open_port} works and port {blocked_port} is
        refused {tries} times, so the host and the path to it are fine. The resets have TTL 63 and
        the SYN/ACKs TTL 62: whoever refuses is one hop nearer than whoever answers the web port.
        Check port forwarding and firewall rules for every port the application needs.'''

    def roll(self, dice):
        tries = dice.number(2, 2, 3)
        visits = dice.number(1, 1, 2)
        p = numbers(site=dice.site(inner=True), delay=dice.delay(0.018), visits=visits,
                    tries=tries, pause=dice.seconds(2.0, 1.2, 2.5),
                    open_port=dice.pick(80, 81, 8000), blocked_port=dice.number(6036, 6001, 7900),
                    body=dice.number(1200, 200, 4000))
        ports = dice.ports(49160, 49161, 49163, 49170, 49171)
        p.visit_ports, p.try_ports = ports[:visits], ports[visits:visits + tries]
        return p

    def play(self, bed, p):
        bed.firewall(bed.server, '-t', 'nat', '-A', 'PREROUTING', '-i', 'server0', '-p', 'tcp',
                     '--dport', str(p.open_port), '-j', 'DNAT', '--to', p.site.inner)
        camera = bed.listen(p.open_port, p.site.inner, bed.inner)
        serve(bed, camera, response(p.body), think=0.05)
        for local_port in p.visit_ports:
            with bed.connect(local_port, p.open_port) as client:
                fetch(client, '/', p.site.server)
            time.sleep(0.4)
        for local_port in p.try_ports:
            self.refused(bed, p, local_port)
            time.sleep(p.pause)

    @staticmethod
    def refused(bed, p, local_port):
        with bed.socket(local_port) as client:
            if not client.connect_ex((p.site.server, p.blocked_port)):
                raise RuntimeError('the blocked port answers')

    def truth(self, p, recording):
        streams = [recording.stream_of(port) for port in p.try_ports]
        fine = [healthy(recording.stream_of(port)) for port in p.visit_ports]
        refused = [connection(stream, 'failed', 'connect_refused', 'server_or_middlebox',
                              also=['server', 'middlebox'], attempts=len(streams),
                              values={'delay': 2 * p.delay}) for stream in streams]
        values = {'blocked_port': p.blocked_port, 'open_port': p.open_port, 'attempts': p.tries}
        return truth(*fine, *refused, hosts=[host('host_port_blocked', streams, values,
                                                  [str(p.blocked_port), str(p.open_port)])])

    def marks(self, p, recording):
        web = recording.of(recording.stream_of(p.visit_ports[0]))
        login = [recording.of(recording.stream_of(port)) for port in p.try_ports]
        rtt = duration(2 * p.delay)
        return [(first(web, lambda frame: frame.is_synack), 'port {open_port} answers, TTL 62'),
                (login[0][0], 'SYN to port {blocked_port}'),
                (login[0][1], f'refused after {rtt}, TTL 63'),
                (login[-1][1], 'refused again')]
