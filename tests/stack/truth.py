#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds diag against the kernel: plays the scenarios of truth/ on real stacks, each captured at
client and server, and compares the class of every reset with the reason its own kernel gives.

truth.py [--plugin DIAG.SO] [--out DIR] [--programs DIR] [--jobs N] [--table] [--list] [SCENARIO...]

Without --plugin it only plays. --out keeps the captures, --table prints docs/kernel-reasons.md.
Exit status: 0 agreed, 1 not, 2 usage, 77 this machine cannot play them."""
import argparse
import collections
import concurrent.futures
import contextlib
import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import kernel  # noqa: E402
import peers  # noqa: E402
import recording  # noqa: E402
import truth  # noqa: E402
import tunnel  # noqa: E402
from compare import Verdicts  # noqa: E402
from plugged import Plugged  # noqa: E402
from reasons import ENDS, VANTAGES, Labeller, Map  # noqa: E402
from record import CANNOT_RECORD, keep_time, why_not  # noqa: E402
from scene import SCENARIOS, Scene, stage  # noqa: E402

NEAR = '.near'   # the same place, the link towards the client
LINKS = {'client': 'client0', 'server': 'server0', 'router': 'far'}
# Errors of ICMPv6, but not its neighbour discovery.
WANTED = 'tcp or udp or icmp or (icmp6 and ip6[40] < 128)'
JOBS = 8         # scenarios at a time: they mostly wait
TRIES = 2        # a loaded machine may miss a scenario's moment
SETTLE = 0.1     # seconds in which the last event reaches the trace
COPY = 20_000    # nanoseconds between a frame and its copy, as of two mirrored ports


@dataclass
class Run:
    """A scenario that was played: what was captured, and what is true of it."""
    play: object
    files: dict
    recordings: dict
    labels: dict

    @property
    def provoked(self):
        """The reasons that the kernels gave."""
        return {label.reason for end in VANTAGES for label in self.labels[end]}

    @property
    def problem(self):
        """Why this is not what the scenario tells; None when it is."""
        missing = set(self.play.resets) - self.provoked
        if missing:
            return f'no {", ".join(sorted(missing))}; there is {sorted(self.provoked)}'
        if self.play.silent and '?' not in self.provoked and self.provoked:
            return f'resets in a story without: {sorted(self.provoked)}'
        unknown = [label for end in VANTAGES for label in self.labels[end] if label.reason == '?']
        return f'no kernel knows frame {unknown[0].frame}' if unknown else None


def all_scenarios():
    for module in pkgutil.iter_modules(truth.__path__):
        importlib.import_module(f'truth.{module.name}')
    truth.again.repeat()
    return {play.name: play for play in SCENARIOS}


def double(recorded):
    """Every frame twice, as a switch mirrors it in and out."""
    frames = []
    for frame in recorded.frames:
        for time_ns in (frame.time, frame.time + COPY):
            frames.append(recording.Frame(0, time_ns, frame.data))
    return numbered(frames)


def merge(*recordings):
    """As tcpdump records on all links of a host: each packet as it came, and as it went on."""
    frames = [recording.Frame(0, frame.time, frame.data)
              for recorded in recordings for frame in recorded.frames]
    return numbered(frames)


def numbered(frames):
    frames.sort(key=lambda frame: frame.time)
    for number, frame in enumerate(frames, 1):
        frame.number = number
    return recording.Recording(frames)


def read(play, file):
    recorded = recording.read(file)
    if os.path.exists(file + NEAR):
        recorded = merge(recording.read(file + NEAR), recorded)
        recording.write(file, recorded, 'any', play.name)
    if play.copies:
        recorded = double(recorded)
        recording.write(file, recorded, 'mirror', play.name)
    if play.tunnel:
        inside = tunnel.wrap(play.tunnel, recorded)
        recording.write(file, inside, 'tunnel', play.name)
    return recorded


def settle(play, bed, scene, programs):
    """The stack beside Linux of this scenario, in its place."""
    if not play.peer:
        return None
    peer = peers.Peer(play.peer, play.act)
    if play.peer in peers.PROGRAMS:
        peer.serve(bed, programs[play.peer], scene.port, play.act)
    else:
        peer.stand_between(bed)
    return peer


def perform(play, number, trace, out, programs):
    files = {end: os.path.join(out, f'{play.name}.{end}.pcap') for end in VANTAGES}
    with contextlib.ExitStack() as stack:
        bed = stack.enter_context(stage(play, number))
        scene = Scene(bed, number)
        peer = settle(play, bed, scene, programs)
        with contextlib.ExitStack() as captures:
            for end in VANTAGES:
                captures.enter_context(bed.capture(files[end], LINKS[end], WANTED))
            if play.all_links:
                captures.enter_context(bed.capture(files['router'] + NEAR, 'near', WANTED))
            play.play(scene)
            if play.silent:
                scene.later()
        bed.check()
    time.sleep(SETTLE)
    recordings = {end: read(play, files[end]) for end in VANTAGES}
    labels = Labeller(play, bed.site, trace.read(), peer).labels(recordings)
    return Run(play, files, recordings, labels)


class Theatre:
    """Plays scenarios side by side, a failed one once more."""

    def __init__(self, trace, out, jobs, programs):
        self.trace, self.out, self.jobs, self.programs = trace, out, jobs, programs
        self.number = 0
        self.problems = {}

    def play_all(self, plays):
        runs = {}
        for attempt in range(TRIES):
            left = [play for play in plays if play.name not in runs]
            jobs = self.jobs if attempt == 0 else max(1, self.jobs // 2)
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                for run in pool.map(self._attempt, left, self._numbers(len(left))):
                    if run:
                        runs[run.play.name] = run
                        self.problems.pop(run.play.name, None)
        return [runs[play.name] for play in plays if play.name in runs]

    def _numbers(self, count):
        start, self.number = self.number, self.number + count
        return range(start, start + count)

    def _attempt(self, play, number):
        try:
            run = perform(play, number, self.trace, self.out, self.programs)
            problem = run.problem
        except Exception:
            problem = traceback.format_exc()
        if problem is None:
            return run
        self.problems[play.name] = problem
        return None


# ---- what diag says


def report(plugged, file):
    done = plugged.run('tshark', '-q', '-r', plugged.lend(file), '-z', 'diag,json')
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]


def ask(runs, plugin):
    """(run, end) -> the objects of diag's report."""
    with Plugged(plugin) as plugged, concurrent.futures.ThreadPoolExecutor(2) as pool:
        asked = [(run, end) for run in runs for end in VANTAGES]
        answers = pool.map(lambda pair: report(plugged, pair[0].files[pair[1]]), asked)
        return [(run, end, answer) for (run, end), answer in zip(asked, answers)]


def arguments():
    parser = argparse.ArgumentParser(description='Holds diag against the kernel\'s own reasons.')
    parser.add_argument('--plugin')
    parser.add_argument('--out')
    parser.add_argument('--programs', help='directory where the stacks beside Linux are built')
    parser.add_argument('--jobs', type=int, default=JOBS)
    parser.add_argument('--table', action='store_true')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('scenario', nargs='*')
    return parser.parse_args()


def tell_plays(theatre, runs):
    for name, problem in theatre.problems.items():
        print(f'{name}: not played as told: {problem}')
    counts = collections.Counter(label.reason for run in runs for end in ENDS
                                 for label in run.labels[end] if label.at_sender)
    print(f'{len(runs)} scenarios played; resets by reason: '
          + ', '.join(f'{reason} {count}' for reason, count in sorted(counts.items())))


def without_missing(plays):
    """The scenarios whose stacks are here; the others are named."""
    missing = {stack: peers.why_not(stack) for stack in peers.NEEDS}
    here = []
    for play in plays:
        why = missing[play.peer] if play.peer else None
        if play.needs and not os.path.exists(play.needs):
            why = f'no {play.needs}'
        if why:
            print(f'{play.name}: skipped, {why}', file=sys.stderr)
        else:
            here.append(play)
    return here


def run_all(wanted, plays, out):
    plays = without_missing(plays)
    programs = {stack: peers.build(stack, os.path.abspath(wanted.programs or out))
                for stack in {play.peer for play in plays} & set(peers.PROGRAMS)}
    with kernel.Trace() as trace:
        theatre = Theatre(trace, out, wanted.jobs, programs)
        runs = theatre.play_all(plays)
    if not wanted.table:
        tell_plays(theatre, runs)
    if not wanted.plugin:
        return 1 if theatre.problems else 0
    verdicts = Verdicts(Map(os.path.join(HERE, 'reasons.map')))
    for run, end, answer in ask(runs, wanted.plugin):
        verdicts.hear(run, end, answer)
    print(verdicts.table() if wanted.table else verdicts.text(), end='')
    return 0 if verdicts.agreed and not theatre.problems else 1


def main():
    wanted = arguments()
    known = all_scenarios()
    unknown = [name for name in wanted.scenario if name not in known]
    if unknown:
        print(f'truth.py: no scenario {", ".join(unknown)}', file=sys.stderr)
        return 2
    if wanted.list:
        print('\n'.join(f'{play.name}: {play.story}' for play in known.values()))
        return 0
    reason = why_not() or kernel.why_not()
    if reason:
        print(f'truth.py: {reason}')
        return CANNOT_RECORD
    plays = [known[name] for name in wanted.scenario or known]
    keep_time()
    with tempfile.TemporaryDirectory() as scratch:
        status = run_all(wanted, plays, scratch)
        if wanted.out:
            shutil.copytree(scratch, wanted.out, dirs_exist_ok=True)
    return status


if __name__ == '__main__':
    sys.exit(main())
