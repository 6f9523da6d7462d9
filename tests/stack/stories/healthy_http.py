# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain HTTP as it should be."""
from recording import first, last
from story import Story, healthy, numbers, truth
from talk import fetch, response, serve


class HealthyHttp(Story):
    name = 'healthy-http'
    title = 'Plain HTTP, healthy'
    happened = '''A page is fetched from {server}, port {port}: {requests} requests on one
        connection, then both sides close.'''
    made = 'Real Linux TCP at both ends, captured at the client. Nothing is crafted.'
    why = '''Nothing: outcome healthy, no warning. It is the picture to compare with.'''

    def roll(self, dice):
        return numbers(site=dice.site(v6=True), delay=dice.delay(0.007),
                       port=dice.pick(80, 8080, 8000), local_port=dice.port(40001),
                       requests=dice.number(2, 1, 4), body=dice.number(8200, 100, 20000))

    def play(self, bed, p):
        serve(bed, bed.listen(p.port), response(p.body), think=0.02)
        with bed.connect(p.local_port, p.port) as client:
            for number in range(p.requests):
                fetch(client, f'/{number}', p.site.server)

    def truth(self, p, recording):
        return truth(healthy(0))

    def marks(self, p, recording):
        client, server = recording.of(0, p.site.client), recording.of(0, p.site.server)
        return [(first(client, lambda frame: frame.size), 'the first request'),
                (last(server, lambda frame: frame.size), 'the end of the last response'),
                (first(client, lambda frame: frame.is_fin), 'the client closes'),
                (first(server, lambda frame: frame.is_fin), 'the server closes')]
