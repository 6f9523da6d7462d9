#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records the stories: each on client, path and server in network namespaces, all side by side.

record.py [--seed N|random] [--out DIR] [--list] [STORY...]

Writes DIR/<story>/{capture.pcapng, expected.json, ABOUT.md}. Without a seed the numbers are those
of the committed captures; a seed changes addresses, ports, delays, byte counts, and shortens long
waits. Exit status: 0 recorded, 1 failed, 2 usage, 77 this machine cannot record."""
import argparse
import concurrent.futures
import contextlib
import ctypes.util
import importlib
import json
import os
import pkgutil
import random
import shutil
import sys
import tempfile
import textwrap
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

import recording  # noqa: E402
import stories  # noqa: E402
from bed import TOOLS, Bed, Namespace  # noqa: E402
from story import Dice, Story  # noqa: E402

os.environ['PATH'] += ':/usr/sbin:/sbin'  # where the tools are, also for a bare environment

CANNOT_RECORD = 77  # CTest's SKIP_RETURN_CODE
STAGGER = 0.15      # seconds between two stories, for their first packets are the busiest


def all_stories():
    for module in pkgutil.iter_modules(stories.__path__):
        importlib.import_module(f'stories.{module.name}')
    return {kind.name: kind() for kind in Story.__subclasses__()}


def why_not():
    """Why this machine cannot record; None when it can."""
    if os.geteuid() != 0:
        return 'recording needs root, for network namespaces'
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return f'recording needs {", ".join(missing)}'
    if not ctypes.util.find_library('netfilter_queue'):
        return 'recording needs libnetfilter_queue.so.1 (package libnetfilter-queue1)'
    try:
        Namespace().close()
    except OSError as error:
        return f'recording needs network namespaces: {error}'
    return None


def paragraph(text, values):
    text = ' '.join(textwrap.dedent(text).split())
    return textwrap.fill(text.format_map(values), 100, break_on_hyphens=False,
                         break_long_words=False)


def about(story, p, record, seed):
    """ABOUT.md: the story's words with the numbers of this recording."""
    command = f'tests/stack/record.py {"" if seed is None else f"--seed {seed} "}{story.name}'
    values = dict(vars(p), **vars(p.site), server=p.site.server)
    lines = [f'# {story.title}', '', paragraph(story.happened, values), '',
             '## How it was recorded', '', paragraph(story.made, values), '',
             f'Record it again: `{command}`', '',
             '## What to read in diag\'s output', '', paragraph(story.why, values), '',
             '## Frames that matter', '', '| frame | |', '|---|---|']
    lines += [f'| {frame.number} | {what.format_map(values)} |'
              for frame, what in story.marks(p, record)]
    return '\n'.join(lines) + '\n'


def write(directory, story, p, record, seed):
    os.makedirs(directory, exist_ok=True)
    expected = story.truth(p, record)
    recording.write(os.path.join(directory, 'capture.pcapng'), record, story.interface,
                    f'recorded by tests/stack/record.py {story.name}')
    with open(os.path.join(directory, 'expected.json'), 'w', encoding='utf-8') as file:
        file.write(as_json(expected))
    with open(os.path.join(directory, 'ABOUT.md'), 'w', encoding='utf-8') as file:
        file.write(about(story, p, record, seed))


def write_index(chosen, out):
    """README.md: what there is to look at."""
    lines = ['# Captures', '', textwrap.fill(
        'Each directory holds one story: the capture, the story in words (ABOUT.md), and what diag '
        'must say about it (expected.json). All were recorded by tests/stack/record.py on real '
        'stacks; the addresses are for documentation.', 100), '', '| story | |', '|---|---|']
    lines += [f'| [{story.name}]({story.name}/ABOUT.md) | {story.title} |' for story in chosen]
    with open(os.path.join(out, 'README.md'), 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')


def as_json(expected):
    """One connection or host a line: small enough to be read, and good to diff."""
    parts = []
    for key, items in expected.items():
        rows = ',\n'.join('  ' + json.dumps(item) for item in items)
        parts.append(f' "{key}": [\n{rows}\n ]' if items else f' "{key}": []')
    return '{\n' + ',\n'.join(parts) + '\n}\n'


class Start:
    """Holds the stories back until every bed stands, so that building beds disturbs no story, and
    then lets them go one after the other."""

    def __init__(self, count):
        self.count, self.turn = count, 0
        self.lock = threading.Lock()
        self.open = threading.Event()

    def arrive(self):
        with self.lock:
            self.count -= 1
            if self.count == 0:
                self.open.set()

    def wait(self):
        self.arrive()
        self.open.wait()
        with self.lock:
            self.turn += 1
            turn = self.turn
        time.sleep(turn * STAGGER)


def play(story, seed, out, start):
    dice = Dice(seed, story.name)
    p = story.roll(dice)
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        file = os.path.join(scratch, 'capture.pcap')
        try:
            bed = stack.enter_context(Bed(p.site, p.delay))
        except Exception:
            start.arrive()
            raise
        start.wait()
        with bed.capture(file, story.interface):
            story.play(bed, p)
        stack.close()
        bed.check()
        write(os.path.join(out, story.name), story, p, recording.read(file), seed)


def play_all(chosen, seed, out):
    """Stories mostly wait, so all of them run at once. Returns how many failed."""
    failed = 0
    start = Start(len(chosen))
    with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
        runs = {pool.submit(play, story, seed, out, start): story.name for story in chosen}
        for run in concurrent.futures.as_completed(runs):
            error = run.exception()
            print(f'{runs[run]}: {"failed" if error else "recorded"}', flush=True)
            if error:
                failed += 1
                traceback.print_exception(type(error), error, error.__traceback__)
    return failed


def keep_time():
    """Neither other processes nor the slack of timers may delay what is timed here."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def arguments():
    parser = argparse.ArgumentParser(description='Records the stories on real Linux stacks.')
    parser.add_argument('--seed', help='a number, or "random"')
    parser.add_argument('--out', default=os.path.join(HERE, '..', '..', 'captures'))
    parser.add_argument('--list', action='store_true', help='only name the stories')
    parser.add_argument('story', nargs='*')
    return parser.parse_args()


def main():
    wanted = arguments()
    known = all_stories()
    unknown = [name for name in wanted.story if name not in known]
    if unknown:
        print(f'record.py: no story {", ".join(unknown)}; there are {", ".join(known)}',
              file=sys.stderr)
        return 2
    if wanted.list:
        print('\n'.join(known))
        return 0
    reason = why_not()
    if reason:
        print(f'record.py: {reason}')
        return CANNOT_RECORD
    seed = str(random.SystemRandom().randint(1, 10**9)) if wanted.seed == 'random' else wanted.seed
    if seed is not None:
        print(f'seed {seed}', flush=True)
    chosen = [known[name] for name in wanted.story or known]
    out = os.path.abspath(wanted.out)
    keep_time()
    failed = play_all(chosen, seed, out)
    if not wanted.story:
        write_index(chosen, out)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
