# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that uses a port again while the server still holds its old connection."""
import socket
import struct
import time

from packet import ACK, RST
from recording import first, last
from story import Story, connection, healthy, numbers, truth
from talk import fetch, response, serve

RESET_ON_CLOSE = struct.pack('ii', 1, 0)


class PortReuse(Story):
    name = 'port-reuse'
    title = 'A new connection meets the old one on the same ports'
    happened = '''A client opens many short connections to {server}, port {port}. Now and then one
        takes seconds to connect. The client seems to be running out of ports and uses the same
        ones again soon.'''
    made = '''Real Linux TCP at both ends, captured at the client. The first connection ends with
        a reset that the router loses, so the server still holds it; {pause:.1f} s later the
        client connects again from the same port. The router also loses the first
        {lost} reset(s) of the new attempt; all answers are the kernels' own.'''
    why = '''The server answers the new SYN with a bare ACK that belongs to the old connection (a
        challenge ACK), the client's kernel resets it, and only then a further SYN is accepted:
        the server held a half-open connection on the same four addresses and ports. The server
        behaves as it should. Look at why ports are reused so soon (too few ports, a NAT pool) and
        at what loses the resets.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.005),
                       port=dice.pick(8080, 80, 8000), local_port=dice.port(51001),
                       pause=dice.seconds(2.0, 1.0, 3.0), lost=1, body=dice.number(650, 100, 3000))

    def play(self, bed, p):
        resets = []

        def lose_resets(packet):
            if packet.dport == p.port and packet.has(RST, RST):
                resets.append(packet)
                return len(resets) > 1 + p.lost
            return True

        bed.path.meddle = lose_resets
        serve(bed, bed.listen(p.port), response(p.body), think=0.02)
        old = bed.connect(p.local_port, p.port)
        fetch(old, '/first', p.site.server)
        old.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        old.close()
        time.sleep(p.pause)
        with bed.connect(p.local_port, p.port) as new:
            fetch(new, '/second', p.site.server)
        time.sleep(4 * p.delay)

    def truth(self, p, recording):
        # Each reset ends an attempt; a SYN that is merely repeated begins none.
        resets = [frame for frame in recording.of(1) if frame.is_rst]
        return truth(healthy(0), connection(1, 'degraded', 'syn_hits_old_connection',
                                            'client_or_path_or_middlebox', also=['client', 'path'],
                                            cause='half_open', attempts=len(resets) + 1))

    def marks(self, p, recording):
        old, new = recording.of(0), recording.of(1)
        return [(last(old, lambda frame: frame.is_rst),
                 'the old connection\'s reset, lost behind the capture point'),
                (new[0], 'SYN on the same ports'),
                (first(new, lambda frame: frame.has(ACK)),
                 'a bare ACK: the server speaks of the old connection'),
                (first(new, lambda frame: frame.is_rst), 'the client\'s kernel resets it'),
                (first(new, lambda frame: frame.is_synack), 'at last the SYN/ACK')]
