# SPDX-License-Identifier: GPL-2.0-or-later
"""What a story is: its words, its numbers, its play on the bed, and the truth about it."""
import random
from types import SimpleNamespace

from bed import Site

CASE_NETWORKS = ('192.0.2', '198.51.100', '203.0.113')  # RFC 5737, for documentation


class Dice:
    """Draws the numbers of a story: the case's own without a seed, other ones with a seed."""

    def __init__(self, seed, name):
        self.random = None if seed is None else random.Random(f'{seed} {name}')

    def number(self, case, low, high):
        return self.random.randint(low, high) if self.random else case

    def pick(self, case, *others):
        return self.random.choice((case,) + others) if self.random else case

    def seconds(self, case, low, high):
        """Whole tenths, so that a summary shows the very number."""
        return self.random.randint(round(low * 10), round(high * 10)) / 10 if self.random else case

    def port(self, case):
        """A client's ephemeral port."""
        return self.number(case, 32768, 60999)

    def ports(self, *cases):
        if not self.random:
            return list(cases)
        return self.random.sample(range(32768, 60999), len(cases))

    def delay(self, case):
        """One way over the path, in seconds."""
        return self.random.randint(2, 25) / 1000 if self.random else case

    def text(self, length):
        """Printable filler of a given length, the same for the same seed."""
        source = self.random or random.Random(0)
        return ''.join(source.choices('abcdefghijklmnopqrstuvwxyz0123456789', k=length))

    def _networks(self):
        if not self.random:
            return CASE_NETWORKS
        byte = lambda: self.random.randint(0, 255)
        return (f'10.{byte()}.{byte()}', f'172.{self.random.randint(16, 31)}.{byte()}',
                f'198.{self.random.randint(18, 19)}.{byte()}')

    def _hosts(self, cases):
        return self.random.sample(range(2, 250), len(cases)) if self.random else cases

    def site(self, servers=1, inner=False, v6=False):
        """Addresses; v6 offers IPv6, which a seed may or may not take."""
        if v6 and self.random and self.random.random() < 0.5:
            return self._site6(servers)
        near, far, behind = self._networks()
        client, camera, *hosts = self._hosts([10, 9, 80, 81, 82, 83, 84, 85, 86][:servers + 2])
        return Site(f'{near}.{client}', [f'{far}.{host}' for host in hosts], f'{near}.1',
                    f'{far}.1', 24, f'{behind}.{camera}' if inner else None,
                    f'{behind}.1' if inner else None)

    def _site6(self, servers):
        near, far = self.random.sample(range(0x100, 0xffff), 2)
        client, *hosts = self._hosts(range(servers + 1))
        return Site(f'2001:db8:{near:x}::{client:x}',
                    [f'2001:db8:{far:x}::{host:x}' for host in hosts],
                    f'2001:db8:{near:x}::1', f'2001:db8:{far:x}::1', 64)


class Story:
    """A story describes itself in these attributes, then says how it is played and what is true.

    The texts may name the story's parameters in braces, and `why` also the frames of marks()."""
    name = None    # its directory
    title = None
    happened = None  # as the person who opens the ticket tells it
    made = None    # which parts are real stacks, what was crafted and why
    why = None     # what a reader should take from diag's output
    interface = 'client0'

    def roll(self, dice):
        """The numbers of this recording, at least `site` and `delay`."""
        raise NotImplementedError

    def play(self, bed, p):
        raise NotImplementedError

    def truth(self, p, recording):
        """What diag must say: a dictionary in the form of expected.json."""
        raise NotImplementedError

    def marks(self, p, recording):
        """The frames that matter, as (frame, what it is)."""
        raise NotImplementedError


def numbers(**values):
    return SimpleNamespace(**values)


def healthy(stream, **more):
    return connection(stream, 'healthy', None, **more)


# `attempts` counts series of SYNs as the user's tries are: a repeated SYN belongs to its series,
# one after a reset begins another.
def connection(stream, outcome, verdict, blame=None, also=(), cause=None, attempts=1, values=None,
               summary=(), findings=()):
    return {'stream': stream, 'outcome': outcome, 'verdict': verdict, 'blame': blame,
            'blame_also': list(also), 'cause': cause, 'attempts': attempts,
            'values': values or {}, 'summary': list(summary), 'findings': list(findings)}


def host(verdict, streams, values=None, summary=()):
    return {'id': verdict, 'streams': list(streams), 'values': values or {},
            'summary': list(summary)}


def truth(*connections, hosts=()):
    return {'connections': list(connections), 'hosts': list(hosts)}


def duration(value):
    """As diag prints a duration."""
    if value >= 1:
        return f'{value:.1f} s'
    if value >= 0.01:
        return f'{value * 1e3:.0f} ms'
    return f'{value * 1e3:.1f} ms' if value >= 0.001 else f'{value * 1e6:.0f} us'
