# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays scenarios on real stacks, captured at several points of the path, and holds what diag
reports of each capture against what the scenario returns. Every suite is run by this."""
import argparse
import concurrent.futures
import contextlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, field

from plugged import Plugged
from record import CANNOT_RECORD, keep_time, why_not
from scene import SCENARIOS, Scene, stage

ENDS = {'client': 'client0', 'server': 'server0'}
WITH_NAMES = 'tcp or udp port 53'
TRIES = 3         # a loaded machine may be late, or lose a packet of its own


@dataclass
class Told:
    """Plugged, with the preferences of a scenario."""
    plugged: object
    preferences: tuple

    def lend(self, file):
        return self.plugged.lend(file)

    def run(self, tool, *words):
        wanted = [word for preference in self.preferences for word in ('-o', f'diag.{preference}')]
        return self.plugged.run(tool, *wanted, *words)


def report(plugged, file, *options):
    """The objects of diag's report, and the other lines of tshark."""
    done = plugged.run('tshark', *(options or ['-q']), '-r', plugged.lend(file), '-z', 'diag,json')
    lines = done.stdout.splitlines()
    said = [json.loads(line) for line in lines if line.startswith('{')]
    return said, [line for line in lines if not line.startswith('{')]


def reported(plugged, file, *options):
    """By diag: the connections, of which there must be one; and the other lines of tshark."""
    said, lines = report(plugged, file, *options)
    connections = [line for line in said if line['type'] == 'connection']
    if not connections:
        raise RuntimeError(f'{file}: nothing was captured')
    return connections, lines


def only_connection(disagreements):
    """For a suite whose scenarios are of one connection each: disagreements(point, told, it)."""
    def compare(plugged, point, file, told):
        return disagreements(point, told, reported(plugged, file)[0][0])
    return compare


def stands(finding):
    """Nothing explains it, and nothing that came later has proved it wrong."""
    overtaken = finding['effective_severity'] == 'chat' != finding['severity']
    return not finding['explained_by'] and not overtaken


def open_ids(said):
    """What stands, of connections or of the capture, whether or not somebody needs to act upon
    it."""
    return {finding['id'] for line in said for finding in line.get('findings', ())
            if stands(finding)}


def against_declared(play, said):
    """`said` is what is open at each point, against what the scenario declares."""
    everywhere = set().union(*said.values())
    for wanted in play.shows:
        if wanted not in everywhere:
            yield f'no {wanted} at any point, but {sorted(everywhere)}'
    for point, ids in said.items():
        for unwanted in ids & set(play.near):
            yield f'{point}: {unwanted}'


@dataclass
class Suite:
    """`compare(plugged, point, file, told)` yields what is wrong with diag's report of the capture
    at this point; `spoil(point, file, told)` may change the capture before. Each scenario has a
    network of its own, from `number` on."""
    story: str
    number: int
    compare: object
    points: dict = field(default_factory=lambda: ENDS)
    wanted: str = 'tcp'         # what is captured
    jobs: int = 4               # what is measured in milliseconds needs room
    spoil: object = None

    def perform(self, play, number, out):
        """The captures, and what the scenario returned."""
        files = {point: os.path.join(out, f'{play.name}.{point}.pcap') for point in self.points}
        with contextlib.ExitStack() as stack:
            bed = stack.enter_context(stage(play, number))
            scene = Scene(bed, number)
            with contextlib.ExitStack() as captures:
                for point, link in self.points.items():
                    captures.enter_context(bed.capture(files[point], link, self.wanted))
                told = play.play(scene)
            bed.check()
        if self.spoil:
            for point, file in files.items():
                self.spoil(point, file, told)
        return files, told


@dataclass
class Round:
    """A suite, against one plugin; or none, when it is only played."""
    suite: Suite
    plugged: object
    out: str

    def attempt(self, play, number):
        files, told = self.suite.perform(play, number, self.out)
        if not self.plugged:
            return []
        plugged = Told(self.plugged, play.preferences)
        wrong = [line for point, file in files.items()
                 for line in self.suite.compare(plugged, point, file, told)]
        if play.shows or play.near:
            said = {point: open_ids(report(plugged, file)[0]) for point, file in files.items()}
            wrong += against_declared(play, said)
        return wrong

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

    def play_all(self, plays, jobs):
        failed = 0
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            runs = [(play, pool.submit(self.play, play, self.suite.number + i))
                    for i, play in enumerate(plays)]
            for play, run in runs:
                for line in run.result():
                    print(f'{play.name}: {line}')
                failed += bool(run.result())
        print(f'{len(plays)} scenarios at {len(self.suite.points)} points, {failed} disagree')
        return 1 if failed else 0


def main(suite):
    parser = argparse.ArgumentParser(description=suite.story)
    parser.add_argument('--plugin')
    parser.add_argument('--jobs', type=int, default=suite.jobs)
    parser.add_argument('--out', help='keep the captures here')
    parser.add_argument('scenario', nargs='*')
    wanted = parser.parse_args()
    reason = why_not()
    if reason:
        print(reason)
        return CANNOT_RECORD
    keep_time()
    plays = [play for play in SCENARIOS if not wanted.scenario or play.name in wanted.scenario]
    with contextlib.ExitStack() as stack:
        if wanted.out:
            os.makedirs(wanted.out, exist_ok=True)
        out = wanted.out or stack.enter_context(tempfile.TemporaryDirectory())
        plugged = stack.enter_context(Plugged(wanted.plugin)) if wanted.plugin else None
        return Round(suite, plugged, out).play_all(plays, wanted.jobs)
