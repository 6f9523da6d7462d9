# SPDX-License-Identifier: GPL-2.0-or-later
"""A middlebox that garbles the echoed timestamp of each SYN/ACK: the client resets them all."""
from packet import ACK, SYN
from recording import first
from story import Story, connection, numbers, truth


class SynackBadTsecr(Story):
    name = 'synack-bad-tsecr'
    title = 'The client resets every SYN/ACK: it echoes a timestamp never sent'
    happened = '''From behind the firewall curl never reaches port {port} of {server}, from
        elsewhere it does. The capture at the client shows SYN, SYN/ACK and at once a RST by the
        client itself, over and over, {attempts} times. The port is open, sequence and
        acknowledgment numbers are right; with TCP timestamps disabled on the client it works.'''
    made = '''Real Linux TCP at both ends, captured at the client. Crafted: the router rewrites
        the timestamp option of each SYN/ACK to TSval {tsval}, TSecr {tsecr} (checksum right), as
        the firewall of the case did. The resets are the client kernel's own; it sends
        {attempts} SYNs, the second 1 s after the first.'''
    why = '''All {attempts} cycles are one connection attempt of one socket: the SYN goes on after
        the RST, so the RST is the kernel's and not the application's. The SYN/ACK echoes
        TSecr {tsecr}, which the client never sent. RFC 7323 wants the SYN's TSval there, and
        Linux answers anything else with a reset (counter TcpExtPAWSActive). Server or middlebox
        cannot be told apart from here: capture beyond the firewall. That stock Wireshark speaks
        of reused ports and of a segment not captured is a consequence of the resets.'''

    def roll(self, dice):
        attempts = dice.number(6, 3, 5)
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.0045),
                       port=dice.pick(80, 443, 8080), local_port=dice.port(40404),
                       attempts=attempts, linear=dice.pick(0, attempts - 2),
                       tsval=dice.pick(0, 1, 77777), tsecr=dice.number(2174718965, 1, 2**32 - 1))

    def play(self, bed, p):
        def garble(packet):
            if packet.has(SYN | ACK) and packet.timestamps():
                packet.set_timestamps(p.tsval, p.tsecr)
            return True

        bed.path.meddle = garble
        bed.listen(p.port)
        bed.try_to_connect(p.local_port, p.port, p.attempts, p.linear)

    def truth(self, p, recording):
        syn = first(recording.of(0, p.site.client), lambda frame: frame.is_syn)
        tsval = syn.packet.timestamps()[0]
        return truth(connection(0, 'failed', 'synack_bad_tsecr', 'server_or_middlebox',
                                attempts=p.attempts, values={'tsecr': p.tsecr, 'tsval': tsval,
                                                             'cycles': p.attempts},
                                summary=[str(p.tsecr), str(tsval)]))

    def marks(self, p, recording):
        client = recording.of(0, p.site.client)
        syn = first(client, lambda frame: frame.is_syn)
        synack = first(recording.of(0, p.site.server), lambda frame: frame.is_synack)
        return [
            (syn, f'SYN, TSval {syn.packet.timestamps()[0]}'),
            (synack, 'SYN/ACK, TSecr {tsecr}'),
            (first(client, lambda frame: frame.is_rst), 'the client\'s kernel resets it'),
            (client[2], 'and sends the same SYN again: the socket is still connecting'),
        ]
