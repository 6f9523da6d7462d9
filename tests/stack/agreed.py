#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What two stacks agree about ECN and timestamps, and what becomes of it (agreements.py): played
between real stacks, captured at client and server, and held against diag.

agreed.py [--plugin DIAG.SO] [--jobs N] [SCENARIO...]
Exit status: 0 agreed, 1 not, 77 this machine cannot play them."""
import argparse
import concurrent.futures
import contextlib
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import agreements  # noqa: E402,F401
from plugged import Plugged  # noqa: E402
from record import CANNOT_RECORD, keep_time, why_not  # noqa: E402
from scene import SCENARIOS, Scene, stage  # noqa: E402

LINKS = {'client': 'client0', 'server': 'server0'}
NUMBER = 800      # the first network of these scenarios
JOBS = 4
TRIES = 2         # a loaded machine may lose a packet of its own


def perform(play, number, out):
    files = {end: os.path.join(out, f'{play.name}.{end}.pcap') for end in LINKS}
    with contextlib.ExitStack() as stack:
        bed = stack.enter_context(stage(play, number))
        scene = Scene(bed, number)
        with contextlib.ExitStack() as captures:
            for end, link in LINKS.items():
                captures.enter_context(bed.capture(files[end], link, 'tcp'))
            answers = play.play(scene)
        bed.check()
    return files, answers


def report(plugged, file):
    done = plugged.run('tshark', '-q', '-r', plugged.lend(file), '-z', 'diag,json')
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
    return [line for line in lines if line['type'] == 'connection']


def disagreements(end, wanted, connections):
    for name in ('ecn', 'timestamps'):
        states = [connection['tcp'][name] for connection in connections]
        if getattr(wanted, name) not in (None, states):
            yield f'{end}: {name} {states}, wanted {getattr(wanted, name)}'
    findings = [finding for connection in connections for finding in connection['findings']]
    said = {finding['id'] for finding in findings}
    said |= {f'{finding["id"]}:{finding["cause"]}' for finding in findings}
    said |= {f'verdict:{connection["verdict"]}' for connection in connections}
    for finding in wanted.says:
        if finding not in said:
            yield f'{end}: no {finding}, but {sorted(said)}'
    for finding in wanted.never:
        if finding in said:
            yield f'{end}: {finding}'


def attempt(play, number, plugged, out):
    files, answers = perform(play, number, out)
    if not plugged:
        return []
    return [line for end, wanted in answers.items()
            for line in disagreements(end, wanted, report(plugged, files[end]))]


def play_one(play, number, plugged, out):
    """The last try's disagreements."""
    for _ in range(TRIES):
        try:
            wrong = attempt(play, number, plugged, out)
        except (OSError, RuntimeError) as error:
            wrong = [repr(error)]
        if not wrong:
            break
    return wrong


def play_all(wanted, plugged, out):
    plays = [play for play in SCENARIOS if not wanted.scenario or play.name in wanted.scenario]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(wanted.jobs) as pool:
        runs = [(play, pool.submit(play_one, play, NUMBER + i, plugged, out))
                for i, play in enumerate(plays)]
        for play, run in runs:
            for line in run.result():
                print(f'{play.name}: {line}')
            failed += bool(run.result())
    print(f'{len(plays)} scenarios, {failed} disagree')
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description='Holds diag against what was agreed.')
    parser.add_argument('--plugin')
    parser.add_argument('--jobs', type=int, default=JOBS)
    parser.add_argument('scenario', nargs='*')
    wanted = parser.parse_args()
    reason = why_not()
    if reason:
        print(f'agreed.py: {reason}')
        return CANNOT_RECORD
    keep_time()
    with tempfile.TemporaryDirectory() as out, contextlib.ExitStack() as stack:
        plugged = stack.enter_context(Plugged(wanted.plugin)) if wanted.plugin else None
        return play_all(wanted, plugged, out)


if __name__ == '__main__':
    sys.exit(main())
