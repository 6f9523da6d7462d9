# SPDX-License-Identifier: GPL-2.0-or-later
"""A middlebox that lets an ECN handshake begin and then loses all the client sends."""
import time

from packet import ACK, CWR, ECE, SYN
from recording import first, last, seconds
from story import Story, connection, numbers, truth
from talk import request


class EcnSynackLoop(Story):
    name = 'ecn-synack-loop'
    title = 'The server repeats its SYN/ACK: ECN was negotiated, nothing gets through'
    happened = '''Only the new hosts cannot use the site {server}, port {port}; older ones can.
        Ping works, telnet to the port connects, the browser waits and fails. On the failing
        hosts ECN is on.'''
    made = '''Real Linux TCP at both ends with tcp_ecn=1, captured at the client. Crafted: once a
        SYN with ECE and CWR has passed, the router loses every further segment of that
        connection from the client, like the device in the case. SYN/ACK repeats and request
        retransmissions are the kernels' own; the capture ends while both still try.'''
    why = '''The client is connected and has sent its request, but the server is still in the
        handshake: it repeats the same SYN/ACK {repeats} times. ECN is on. Only the first copy of
        the request carries ECT; the retransmissions are Not-ECT and are lost too, so the device
        does not drop by the ECN bits of the packet but rejects the connection. Test with ECN off
        on the client (netsh int tcp set global ecncapability=disabled, or sysctl
        net.ipv4.tcp_ecn=0), and ask for the device behind which the server stands.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.0015),
                       port=dice.pick(8080, 80, 8888), local_port=dice.port(52044),
                       repeats=dice.pick(2, 3))

    def play(self, bed, p):
        ecn_ports = set()

        def reject_ecn(packet):
            if packet.dport != p.port:
                return True
            if packet.has(SYN):
                ecn_ports.update([packet.sport] if packet.has(ECE | CWR, ECE | CWR) else [])
                return True
            return packet.sport not in ecn_ports

        bed.path.meddle = reject_ecn
        bed.client.sysctl('net.ipv4.tcp_ecn', 1)
        bed.server.sysctl('net.ipv4.tcp_ecn', 1)
        bed.listen(p.port)
        client = bed.connect(p.local_port, p.port)
        client.sendall(request('/index.html', p.site.server))
        # The SYN/ACK comes again after 1, 3, 7 and 15 s.
        time.sleep(2 ** (p.repeats + 1) - 1.5)

    def truth(self, p, recording):
        synacks = recording.of(0, p.site.server)
        ack = first(recording.of(0, p.site.client), lambda frame: frame.has(ACK))
        values = {'repeats': p.repeats, 'elapsed': seconds(ack, synacks[-1])}
        return truth(connection(0, 'failed', 'synack_retx_after_data', 'server_or_middlebox',
                                cause='ecn_state', values=values, summary=[str(p.repeats)]))

    def marks(self, p, recording):
        client, server = recording.of(0, p.site.client), recording.of(0, p.site.server)
        data = [frame for frame in client if frame.size]
        return [(client[0], 'SYN with ECE and CWR: the client offers ECN'),
                (first(server, lambda frame: frame.is_synack), 'SYN/ACK with ECE: ECN is on'),
                (data[0], 'the request, ECT(0)'),
                (data[1], 'its first retransmission, Not-ECT, lost as well'),
                (last(server, lambda frame: frame.is_synack),
                 'the last of {repeats} repeats of the SYN/ACK')]
