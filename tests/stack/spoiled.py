#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Spoils captures in every way of spoil.py and holds what diag says then against what it says of the
good one. Of a healthy connection nobody may be accused; of another, only who was accused before.

spoiled.py --plugin DIAG.SO [--jobs N] [--way NAME]... [--ways-each N] [--keep DIR] CAPTURE...

With --ways-each every capture is spoiled in so many ways, each in others than the one before it.
Exit status: 0 agreed, 1 not, 2 usage."""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import spoil  # noqa: E402
from plugged import Plugged  # noqa: E402

JOBS = 2
LOUD = ('warn', 'error')
BAD = ('failed', 'degraded')
NOBODY = {'none', 'unknown', 'capture'}
# Where only SYNs were captured, nothing in the file tells that the other direction is missing.
CANNOT_BE_TOLD = {('only_client', 'syn_no_reply')}


def of_the_capture(finding):
    return finding['id'].startswith('cap_') or finding['id'] == 'tcp_terminated_nearby'


def is_open(finding):
    return not (finding['benign'] or finding['explained_by'] or of_the_capture(finding))


def accuses(finding):
    return is_open(finding) and finding['effective_severity'] in LOUD


def culprits(finding):
    return set(finding['blame'].split('_or_')) - NOBODY


class Said:
    """What diag says of a capture, by connection: the ends, whatever becomes of the streams."""

    def __init__(self, report):
        self.connections = collections.defaultdict(list)
        self.hosts = {line['id'] for line in report
                      if line['type'] == 'host' and line['severity'] in LOUD}
        for line in report:
            if line['type'] == 'connection':
                ends = frozenset((line[end]['address'], line[end]['port'])
                                 for end in ('client', 'server'))
                self.connections[ends].append(line)

    def findings(self, ends):
        return [finding for line in self.connections[ends] for finding in line['findings']]

    def is_good(self, ends):
        """Healthy, and not a word against anybody."""
        return not any(line['outcome'] in BAD for line in self.connections[ends]) and \
            not any(accuses(finding) for finding in self.findings(ends))


def named(line):
    return f'{line["id"]}({line["effective_severity"]}, {line["blame"]})'


def against_the_innocent(now, ends):
    for line in now.connections[ends]:
        wrong = [named(finding) for finding in line['findings'] if accuses(finding)]
        if wrong or line['outcome'] in BAD:
            yield f'healthy, but now {line["outcome"]}: {", ".join(wrong) or line["verdict"]}'


def against_others(good, now, ends, name):
    """What was found before may be found again, and the same suspects by other means."""
    known = {finding['id'] for finding in good.findings(ends)}
    known |= {finding for way, finding in CANNOT_BE_TOLD if way == name}
    suspects = set().union(*(culprits(finding) for finding in good.findings(ends)
                             if is_open(finding)))
    for finding in now.findings(ends):
        if accuses(finding) and finding['id'] not in known and culprits(finding) - suspects:
            yield f'new: {named(finding)}; it was {sorted(suspects)}, {sorted(known)}'


def disagreements(good, now, name):
    for ends in now.connections:
        if ends not in good.connections:
            yield f'no such connection: {sorted(ends)}'
        elif good.is_good(ends):
            yield from against_the_innocent(now, ends)
        else:
            yield from against_others(good, now, ends, name)
    if now.hosts - good.hosts:
        yield f'new of hosts: {sorted(now.hosts - good.hosts)}'


class Critic:
    def __init__(self, plugged, scratch, ways, each):
        self.plugged, self.scratch, self.ways = plugged, scratch, ways
        self.each = min(each or len(ways), len(ways))

    def ways_of(self, number):
        """Of the capture with this number."""
        names = list(self.ways)
        first = number * self.each
        return {name: self.ways[name] for name in
                (names[(first + i) % len(names)] for i in range(self.each))}

    def said(self, capture, name):
        file = os.path.join(self.scratch, name + '.pcap')
        spoil.write(file, capture)
        done = self.plugged.run('tshark', '-q', '-r', self.plugged.lend(file), '-z', 'diag,json')
        return Said([json.loads(line) for line in done.stdout.splitlines()
                     if line.startswith('{')])

    def judge(self, number, file):
        """(way, what is wrong) of each that is."""
        plain = os.path.join(self.scratch, os.path.abspath(file).strip('/').replace('/', '+'))
        subprocess.run(['editcap', '-F', 'nsecpcap', file, plain], check=True,
                       capture_output=True)
        capture = spoil.read(plain)
        good = self.said(capture, os.path.basename(plain))
        for name, spoiled in self.ways_of(number).items():
            frames = spoiled(capture.frames)
            if frames:
                now = self.said(spoil.Capture(frames, capture.link),
                                f'{os.path.basename(plain)}.{name}')
                yield from ((name, line) for line in disagreements(good, now, name))


def judge_all(critic, files, jobs):
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = [(file, pool.submit(lambda *which: list(critic.judge(*which)), number, file))
                for number, file in enumerate(files)]
        for file, run in runs:
            for name, line in run.result():
                print(f'{file} {name}: {line}', flush=True)
                counts[name] += 1
    print(f'{len(files)} captures, each spoiled in {critic.each} ways: '
          f'{sum(counts.values())} disagree', *(f'{name} {count}' for name, count in counts.items()))
    return 1 if counts else 0


def main():
    parser = argparse.ArgumentParser(description='Holds diag against spoiled captures.')
    parser.add_argument('--plugin', required=True)
    parser.add_argument('--jobs', type=int, default=JOBS)
    parser.add_argument('--way', action='append', choices=list(spoil.WAYS), default=[])
    parser.add_argument('--ways-each', type=int)
    parser.add_argument('--keep', help='where the spoiled captures stay')
    parser.add_argument('capture', nargs='+')
    wanted = parser.parse_args()
    ways = {name: spoil.WAYS[name] for name in wanted.way or spoil.WAYS}
    with tempfile.TemporaryDirectory() as scratch, Plugged(wanted.plugin) as plugged:
        return judge_all(Critic(plugged, wanted.keep or scratch, ways, wanted.ways_each),
                         wanted.capture, wanted.jobs)


if __name__ == '__main__':
    sys.exit(main())
