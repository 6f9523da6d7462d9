# SPDX-License-Identifier: GPL-2.0-or-later
"""Sessions that are resumed: after the ServerHello no Certificate comes, and none is due."""
import ssl

import tls
from recording import first
from story import Story, healthy, numbers, truth
from talk import response, serve

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class HealthyTlsResumed(Story):
    name = 'healthy-tls-resumed'
    title = 'TLS sessions resumed, healthy'
    happened = '''A browser comes back to {server}: the handshake is short because the session is
        resumed, with TLS 1.2 as with TLS 1.3.'''
    made = '''Real Linux TCP and OpenSSL at both ends, captured at the client: for each of TLS 1.2
        and 1.3 one full handshake and one that resumes its session. Nothing is crafted.'''
    why = '''Nothing: four healthy connections. In the resumed TLS 1.2 handshake the
        ChangeCipherSpec follows the ServerHello at once, without a Certificate: this is no
        stall.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.006),
                       ports=[443, 8443] if dice.pick(True, False) else [8443, 443],
                       local_ports=dice.ports(41010, 41011, 41012, 41013),
                       server_name='www.example.com', organisation=dice.text(20),
                       body=dice.number(900, 100, 6000))

    def play(self, bed, p):
        for index, version in enumerate(VERSIONS):
            p.port = p.ports[index]
            context = tls.server_context(p.server_name, p.organisation, version)
            serve(bed, bed.listen(p.port), response(p.body), 0.02, context)
            client = tls.client_context(version)
            session = tls.visit(bed, p, p.local_ports[2 * index], client)
            tls.visit(bed, p, p.local_ports[2 * index + 1], client, session)

    def truth(self, p, recording):
        return truth(*(healthy(stream) for stream in range(4)))

    def marks(self, p, recording):
        what = ('ServerHello of the full TLS 1.2 handshake',
                'ServerHello of the resumed TLS 1.2 handshake: no Certificate follows',
                'ServerHello of the full TLS 1.3 handshake',
                'ServerHello of the resumed TLS 1.3 handshake')
        return [(first(recording.of(stream, p.site.server), lambda frame: frame.size), text)
                for stream, text in enumerate(what)]
