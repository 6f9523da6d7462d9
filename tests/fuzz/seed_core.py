# SPDX-License-Identifier: GPL-2.0-or-later
"""The facts of a scenario in the formats of fact.c and fuzz_dns.c."""
import ipaddress
import json
import struct

FROM_CLIENT, FROM_SERVER, ICMP, NAME, ARP, DROPS, OTHER, LOOK = range(8)
HAS_IP, HAS_OPTIONS, ABSOLUTE, NEW_STREAM, HAS_MORE = (1 << bit for bit in range(3, 8))
FIN, SYN, SNAPPED = 1, 2, 1 << 9
PORTS = (443, 80, 25, 8080, 5432, 389, 22, 53)
OPTIONS = ('mss', 'ws', 'sackok', 'ts', 'sack')
SERVICES = {53: 0, 5353: 1, 5355: 2, 137: 3}
LONGEST = 4095
LEAPS = 0xffff, 0xfffe  # steps to the end and to the beginning of time


def relative(value, base):
    """As a signed 16-bit number, or None."""
    away = (value - base + 2**31) % 2**32 - 2**31
    return away % 2**16 if -2**15 <= away < 2**15 else None


class Story:
    """At the facts of these numbers the clock leaps: number -> step."""

    def __init__(self, leaps):
        self.out, self.time = b'', 1800000000 * 10**9
        self.leaps, self.steps = leaps, 0
        self.hosts = {}  # address -> number
        self.following = {}  # tuple -> [client's next, server's next]
        self.streams = {}
        self.ports = {}
        self.macs = {}
        self.clients = {}  # stream -> the source of its first segment

    def step(self, time_ns):
        """12 bits of mantissa, 4 of exponent to the base of 4, in microseconds."""
        micros = min(max((time_ns - self.time) // 1000, 0), 0xfff << 24)
        exponent = 0
        while micros >> 2 * exponent > 0xfff:
            exponent += 1
        self.time += (micros >> 2 * exponent << 2 * exponent) * 1000
        self.steps += 1
        step = exponent << 12 | micros >> 2 * exponent
        return struct.pack('>H', self.leaps.get(self.steps, step))

    def host(self, address):
        if address not in self.hosts:
            self.hosts[address] = len(self.hosts)
            packed = ipaddress.ip_address(address).packed
            if len(self.hosts) <= 16:
                self.out += bytes([OTHER | HAS_MORE | (HAS_IP if len(packed) == 16 else 0),
                                   self.hosts[address]]) + packed
        return self.hosts[address] % 16

    def port(self, number):
        return self.ports.setdefault(number, len(self.ports)) % 32

    def tuple_of(self, client, server):
        known = PORTS.index(server['port']) if server['port'] in PORTS else 0
        return (self.host(client['address']) << 12 | self.host(server['address']) << 8
                | self.port(client['port']) << 3 | known)

    def segment(self, fact):
        source = fact['source']
        client = self.clients.setdefault(fact['stream'], source)
        side = int(client != source)
        pair = self.tuple_of(client, fact['destination'] if side == 0 else source)
        has, following = 0, self.following.setdefault(pair, [0, 0])
        if self.streams.setdefault(pair, fact['stream']) != fact['stream']:
            self.streams[pair] = fact['stream']
            has |= NEW_STREAM
        seq = relative(fact['seq'], following[side])
        ack = relative(fact['ack'], following[1 - side])
        if seq is None or ack is None:
            numbers = struct.pack('>II', fact['seq'], fact['ack'])
            has |= ABSOLUTE
        else:
            numbers = struct.pack('>HH', seq, ack)
        data = bytes.fromhex(fact['data'])
        captured = data[:min(fact['captured'], LONGEST)]
        flags = fact['flags'] & 0x1ff
        following[side] = (fact['seq'] + len(data) + (flags & SYN > 0) + (flags & FIN)) % 2**32
        flags |= SNAPPED if len(captured) < len(data) else 0
        body = (struct.pack('>HH', pair, flags) + numbers + struct.pack('>HH', fact['window'],
                len(captured)) + captured)
        if flags & SNAPPED:
            body += struct.pack('>H', len(data) - len(captured))
        if fact['ttl'] != 64 or fact['ip_id'] or fact['tos'] or fact['vlan'] or fact['tunnel']:
            has |= HAS_IP
            bits = fact['df'] | (fact['tos'] & 3) << 1 | fact['tunnel'] % 4 << 3
            body += struct.pack('>BHBBB', fact['ttl'], fact['ip_id'], bits, fact['tos'] >> 2,
                                fact['vlan'] % 256)
        if fact['options']:
            has |= HAS_OPTIONS
            body += options(fact['options'])
        checksum = fact.get('checksum', 0)
        if fact['cut'] or fact['decrypted'] or checksum:
            has |= HAS_MORE
            body += bytes([fact['cut'] | checksum << 2])
        self.put(side | has, fact, body)

    def icmp(self, fact):
        there = self.tuple_of(fact['source'], fact['destination'])
        back = self.tuple_of(fact['destination'], fact['source'])
        swapped = there not in self.following and back in self.following
        sender = self.host(fact['sender'])
        self.put(ICMP | ABSOLUTE | (HAS_IP if swapped else 0), fact,
                 struct.pack('>HBBBHI', back if swapped else there, sender, fact['type'],
                             fact['code'], fact['mtu'], fact['seq']))

    def name(self, fact):
        asker, asked = fact['source'], fact['destination']
        answer = asker['port'] in SERVICES and asked['port'] not in SERVICES
        if answer:
            asker, asked = asked, asker
        data = bytes.fromhex(fact['data'])[:LONGEST]
        who = (SERVICES.get(asked['port'], 0) << 14 | answer << 10
               | self.host(asker['address']) << 4 | self.host(asked['address']))
        self.put(NAME, fact, struct.pack('>HH', who, len(data)) + data)

    def arp(self, fact):
        mac = self.macs.setdefault(fact['mac'], len(self.macs)) % 256
        self.put(ARP, fact, bytes([fact['reply'] << 7 | self.host(fact['sender']),
                                   self.host(fact['target']), mac]))

    def other(self, fact):
        self.put(OTHER, fact, b'')

    def put(self, head, fact, body):
        if fact['drops']:
            self.out += (bytes([DROPS]) + self.step(fact['time_ns'])
                         + struct.pack('>H', min(fact['drops'], 0xffff)))
        self.out += bytes([head]) + self.step(fact['time_ns']) + body


def options(of):
    present = sum(1 << bit for bit, name in enumerate(OPTIONS) if name in of)
    tsval, tsecr = of.get('ts', (0, 0))
    sack = of.get('sack', [])
    mptcp = of.get('mptcp')
    reason = mptcp if isinstance(mptcp, int) else 0
    present |= {None: 0, 'join': 1 << 8}.get(mptcp, 1 << 9)
    out = struct.pack('>HHBBII', present, of.get('mss', 0), of.get('ws', 0), reason, tsval, tsecr)
    if present & 1 << 4:
        out += bytes([len(sack)]) + b''.join(struct.pack('>II', *edges) for edges in sack)
    return out


def for_dns(fact):
    data = bytes.fromhex(fact['data'])[:255]
    answer = fact['source']['port'] in SERVICES
    service = SERVICES.get(fact['source' if answer else 'destination']['port'], 0)
    ends = [int(ipaddress.ip_address(fact[end]['address'])) & 7 for end in ('source',
                                                                            'destination')]
    return bytes([len(data), service | 4, 3, ends[0] | ends[1] << 4]) + data


def story(facts, leaps):
    told = Story(leaps)
    for fact in facts:
        getattr(told, fact['kind'])(fact)
    return told.out + bytes([LOOK, LOOK])


def seeds(facts, dice):
    """(name, seed) of fuzz_core: the story, and the same with a clock that leaps once or twice. And
    the seed of fuzz_dns or None."""
    facts = [fact for fact in map(json.loads, facts.splitlines()) if fact['kind'] != 'settings']
    dns = b''.join(for_dns(fact) for fact in facts if fact['kind'] == 'name')
    found = [('', story(facts, {}))]
    for number in (1, 2):
        leaps = {dice.randrange(2, len(facts) + 2): step for step in dice.sample(LEAPS, number)}
        found.append((f'-{number}-leaps', story(facts, leaps)))
    return found, dns or None
