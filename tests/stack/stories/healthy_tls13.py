# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTPS with TLS 1.3 as it should be."""
import ssl

import tls
from recording import first, last
from story import Story, healthy, numbers, truth
from talk import response, serve


class HealthyTls13(Story):
    name = 'healthy-tls13'
    title = 'HTTPS with TLS 1.3, healthy'
    happened = 'A page is fetched from {server}, port {port}, with TLS 1.3.'
    made = '''Real Linux TCP and OpenSSL at both ends, captured at the client. Nothing is
        crafted.'''
    why = '''Nothing: outcome healthy, no warning. No Certificate is visible because TLS 1.3
        encrypts it, and that is no stall.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.010),
                       port=dice.pick(443, 8443, 4433), local_port=dice.port(41003),
                       server_name='www.example.com', organisation=dice.text(20),
                       body=dice.number(4096, 100, 20000))

    def play(self, bed, p):
        version = ssl.TLSVersion.TLSv1_3
        context = tls.server_context(p.server_name, p.organisation, version)
        serve(bed, bed.listen(p.port), response(p.body), 0.02, context)
        tls.visit(bed, p, p.local_port, tls.client_context(version))

    def truth(self, p, recording):
        return truth(healthy(0))

    def marks(self, p, recording):
        client, server = recording.of(0, p.site.client), recording.of(0, p.site.server)
        return [(first(client, lambda frame: frame.size), 'ClientHello'),
                (first(server, lambda frame: frame.size), 'the server\'s flight'),
                (last(server, lambda frame: frame.size), 'its close_notify'),
                (first(client, lambda frame: frame.is_fin), 'the client closes')]
