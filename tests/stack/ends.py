# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays scenarios on real stacks, captured at client and server, and holds what diag reports of
each capture against what the scenario returns."""
import argparse
import concurrent.futures
import contextlib
import json
import os
import tempfile
import time

from plugged import Plugged
from record import CANNOT_RECORD, keep_time, why_not
from scene import Scene, stage

LINKS = {'client': 'client0', 'server': 'server0'}
WANTED = 'tcp or udp port 53'
JOBS = 4          # what is measured in milliseconds needs room
TRIES = 3         # a loaded machine may be late


def perform(play, number, out):
    """The captures, and what the scenario returned."""
    files = {end: os.path.join(out, f'{play.name}.{end}.pcap') for end in LINKS}
    with contextlib.ExitStack() as stack:
        bed = stack.enter_context(stage(play, number))
        for end, link in LINKS.items():
            stack.enter_context(bed.capture(files[end], link, WANTED))
        told = play.play(Scene(bed, number))
        bed.check()
    return files, told


def report(plugged, file):
    """Of the first connection."""
    done = plugged.run('tshark', '-q', '-r', plugged.lend(file), '-z', 'diag,json')
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
    return next(line for line in lines if line['type'] == 'connection')


class Round:
    """All scenarios, against one plugin; or none, when they are only played."""

    def __init__(self, plugged, disagreements, out):
        self.plugged, self.disagreements, self.out = plugged, disagreements, out

    def attempt(self, play, number):
        files, told = perform(play, number, self.out)
        if not self.plugged:
            return []
        return [line for end in LINKS
                for line in self.disagreements(end, told, report(self.plugged, files[end]))]

    def play(self, play, number):
        """The last try's disagreements."""
        for _ in range(TRIES):
            try:
                wrong = self.attempt(play, number)
            except (OSError, RuntimeError, StopIteration) as error:
                wrong = [repr(error)]
            if not wrong:
                break
            time.sleep(0.2)
        return wrong

    def play_all(self, plays, number, jobs):
        failed = 0
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            runs = [(play, pool.submit(self.play, play, number + i))
                    for i, play in enumerate(plays)]
            for play, run in runs:
                for line in run.result():
                    print(f'{play.name}: {line}')
                failed += bool(run.result())
        print(f'{len(plays)} scenarios, {failed} disagree')
        return 1 if failed else 0


def main(story, scenarios, number, disagreements):
    """disagreements(end, told, connection) yields what is wrong with diag's report at this end.
    Each scenario has a network of its own, from this number on."""
    parser = argparse.ArgumentParser(description=story)
    parser.add_argument('--plugin')
    parser.add_argument('--jobs', type=int, default=JOBS)
    parser.add_argument('--out', help='keep the captures here')
    parser.add_argument('scenario', nargs='*')
    wanted = parser.parse_args()
    reason = why_not()
    if reason:
        print(reason)
        return CANNOT_RECORD
    keep_time()
    plays = [play for play in scenarios if not wanted.scenario or play.name in wanted.scenario]
    with contextlib.ExitStack() as stack:
        out = wanted.out or stack.enter_context(tempfile.TemporaryDirectory())
        plugged = stack.enter_context(Plugged(wanted.plugin)) if wanted.plugin else None
        return Round(plugged, disagreements, out).play_all(plays, number, wanted.jobs)
