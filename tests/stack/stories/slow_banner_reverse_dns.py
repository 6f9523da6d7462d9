# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that looks up the name of its client before it says a word; nobody answers."""
import time

from packet import UDP
from recording import first
from resolver import look_up
from story import Story, connection, duration, numbers, truth
from talk import receive_until

BANNER = b'220 mail.example.com ESMTP\r\n'


class SlowBannerReverseDns(Story):
    name = 'slow-banner-reverse-dns'
    title = 'The greeting is slow: the server looks up its client\'s name first'
    interface = 'server0'
    happened = '''The mail server {server} takes {delay_s:.0f} s to greet its clients on port
        {port}. TCP connects at once, and after the greeting everything is fast.'''
    made = '''Real Linux TCP at both ends, and glibc's real resolver on the server, captured at the
        server. Its name server {dns} drops all queries. The server process accepts, looks up the
        name of {client}, waits for {queries} queries of {timeout} s each, and only then sends its
        greeting.'''
    why = '''The client is connected and waits. Meanwhile the server asks {queries} times for the
        name (PTR) of {client} and gets no answer; the greeting follows right after the last
        timeout. Neither the path nor the client is slow: fix the server's name service, or switch
        off the lookup (UseDNS no, HostnameLookups Off).'''

    def roll(self, dice):
        p = numbers(site=dice.site(v6=True), delay=dice.delay(0.007),
                    port=dice.pick(25, 587, 2525), local_port=dice.port(50888),
                    queries=dice.number(2, 2, 3), timeout=dice.number(3, 1, 2))
        p.dns = p.site.server_gateway
        p.delay_s = float(p.queries * p.timeout)
        return p

    def play(self, bed, p):
        bed.firewall(bed.router, '-A', 'INPUT', '-p', 'udp', '-j', 'DROP')
        listener = bed.listen(p.port)
        server = bed.thread(self.serve, bed, listener, p)
        with bed.connect(p.local_port, p.port) as client:
            receive_until(client, b'\n')
            client.sendall(b'QUIT\r\n')
            receive_until(client, b'\n')
        server.join()
        time.sleep(4 * p.delay)

    @staticmethod
    def serve(bed, listener, p):
        sock, _ = listener.accept()
        with sock:
            look_up(bed.server, p.dns, p.site.client, p.queries, p.timeout)
            sock.sendall(BANNER)
            receive_until(sock, b'\n')
            sock.sendall(b'221 bye\r\n')
            sock.recv(1)

    def truth(self, p, recording):
        return truth(connection(0, 'degraded', 'name_ptr_delay', 'server',
                                values={'delay': p.delay_s, 'queries': p.queries},
                                summary=[duration(p.delay_s)]))

    def marks(self, p, recording):
        queries = [frame for frame in recording.frames if frame.packet.protocol == UDP]
        return [(first(recording.frames, lambda frame: frame.is_synack), 'SYN/ACK: at once'),
                (queries[0], 'who is {client}? The first PTR query of the server'),
                (queries[-1], 'the last of {queries} queries'),
                (first(recording.of(0, p.site.server), lambda frame: frame.size),
                 'the greeting')]
