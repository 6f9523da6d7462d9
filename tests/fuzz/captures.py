#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Feeds mutated captures to tshark with the plugin, many to a process, and again without it.

A run goes on where the last one stopped: the state folder holds the number of the next mutant, the
figures, and in found/ what failed. A mutant is a function of its number and the list of captures.
Failures are: another exit status than without the plugin, a report of a sanitizer, a report that
is not JSON or does not count every frame, more than ten times the processor time or a bounded
amount of memory more than without the plugin.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import time

import capture_file
import mutations

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests'))
from plugged import Plugged  # noqa: E402

# How tshark looks at the frames, without the plugin and with it: at all details, a second time, or
# at none of them (then a report has it dissect them).
LOOKS = [(['-O', 'data'], ['-O', 'diag']),
         (['-2', '-O', 'data'], ['-2', '-O', 'diag']),
         (['-q', '-z', 'conv,tcp'], ['-q'])]
PER_PROCESS = 100
MOST_READ = 3000  # frames of a source
MOST_FRAMES = 150  # of them in a mutant, before it is mutated
APART = 1000 * mutations.SECOND
SLOWER = 10
LEAST_SECONDS = 0.2  # less is noise
MOST_KILOBYTES = 300 * 1024
PATIENCE = 600
BAD_NEWS = re.compile(r'AddressSanitizer|runtime error|LeakSanitizer|CRITICAL|Dissector bug|'
                      r'[Aa]ssertion|core dumped')
REPORTS = [word for report in ('diag,explain', 'diag,conv,tcp', 'diag,overview', 'diag,json',
                               'diag,table', 'diag_tree,tree') for word in ('-z', report)]


@dataclasses.dataclass
class Ran:
    status: int
    seconds: float  # of the processor
    kilobytes: int  # at most
    out: str
    errors: str


class Bench:
    """tshark with and without the plugin; what both cost before the first frame is subtracted."""

    def __init__(self, plugin, keys):
        self.plugged = Plugged(plugin)
        self.keys = self.plugged.home / 'keys.log'
        self.keys.write_bytes(keys)
        self.plain = dict(self.plugged.environment, WIRESHARK_PLUGIN_DIR=str(ROOT / 'nowhere'),
                          ASAN_OPTIONS='detect_leaks=0:quarantine_size_mb=16')
        self.plugged.environment['ASAN_OPTIONS'] = 'detect_leaks=0:quarantine_size_mb=16'
        capture_file.write(self.file('empty'), [])
        self.start = self.both(self.file('empty'), LOOKS[0])

    def file(self, name):
        return self.plugged.home / name

    def run(self, words, environment):
        out, errors = self.file('out'), self.file('errors')
        with open(out, 'wb') as to, open(errors, 'wb') as to_too:
            saved, self.plugged.environment = self.plugged.environment, environment
            process = self.plugged.start('tshark', *words, stdout=to, stderr=to_too)
            self.plugged.environment = saved
            status, usage = wait(process.pid)
            process.returncode = os.waitstatus_to_exitcode(status)
        return Ran(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss,
                   out.read_text(errors='surrogateescape'), errors.read_text(errors='replace'))

    def both(self, file, look):
        """Without, with."""
        words = ['-n', '-r', file, '-o', f'tls.keylog_file:{self.keys}']
        plain, plugged = look
        return (self.run([*words, *plain], self.plain),
                self.run([*words, *plugged, *REPORTS], self.plugged.environment))

    def complaints(self, frames, look):
        """What is wrong with how these frames are taken, and (seconds without, with)."""
        file = self.file('mutants.pcapng')
        capture_file.write(file, frames)
        file.chmod(0o644)
        plain, plugged = self.both(file, look)
        spent = [max(ran.seconds - start.seconds, 0)
                 for ran, start in zip((plain, plugged), self.start)]
        found = list(disagreements(plain, plugged, len(frames)))
        if spent[1] > SLOWER * max(spent[0], LEAST_SECONDS):
            found.append(f'{spent[1]:.1f} s, without the plugin {spent[0]:.1f} s')
        if plugged.kilobytes - plain.kilobytes > MOST_KILOBYTES:
            found.append(f'{(plugged.kilobytes - plain.kilobytes) // 1024} MB more')
        return found, spent, plugged.kilobytes - plain.kilobytes


def wait(pid):
    """Ends what hangs."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return status, usage
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    return os.wait4(pid, 0)[1:]


def bad_news(errors):
    """Without the process and the time: Wireshark has bugs of its own, with and without us."""
    return [re.sub(r'\(tshark:\d+\) [\d:.]+', '', line) for line in errors.splitlines()
            if BAD_NEWS.search(line)]


def disagreements(plain, plugged, count):
    if plugged.status != plain.status:
        yield f'status {plugged.status}, without the plugin {plain.status}'
    known = bad_news(plain.errors)
    yield from [line for line in bad_news(plugged.errors) if line not in known]
    try:
        plugged.out.encode()
    except UnicodeEncodeError as error:
        yield f'no UTF-8: {error}'
    if plain.status == 0:
        yield from wrong_report(plugged.out, count)


def wrong_report(text, count):
    entries = []
    for line in text.splitlines():
        try:
            entries += [json.loads(line)] if line.startswith('{') else []
        except ValueError as error:
            yield f'no JSON: {error}: {line[:200]}'
    frames = [entry['frames'] for entry in entries if entry.get('type') == 'capture']
    if frames != [count]:
        yield f'the capture has {count} frames, the report says {frames}'


class Sources:
    """The captures that mutants are made of."""

    def __init__(self, more):
        recorded = (ROOT / 'tests').rglob('*.pcap*')
        self.paths = sorted(set(recorded) | set((ROOT / 'captures').rglob('*.pcapng')))
        self.paths += sorted(path for each in more for path in
                             ([each] if each.is_file() else each.rglob('*')) if path.is_file())
        self.read = {}

    def keys(self):
        logs = {path.with_name('keys.log') for path in self.paths}
        return b'\n'.join(log.read_bytes() for log in sorted(logs) if log.exists())

    def mutant(self, number):
        """Every capture has its turn before one has its second."""
        dice = random.Random(number)
        path = self.paths[number * 7919 % len(self.paths)]
        if path not in self.read:
            self.read[path] = capture_file.read(path, MOST_READ)
        if not self.read[path]:
            return []
        frames = mutations.mutant(dice, self.read[path], MOST_FRAMES)
        begin = 1800000000 * mutations.SECOND + number % PER_PROCESS * APART
        move = begin - (frames[0].time if frames else 0)
        for frame in frames:
            frame.time += move
        return frames


class State:
    """What is known after the mutants so far; kept after every process."""

    def __init__(self, folder):
        self.folder = folder
        (folder / 'found').mkdir(parents=True, exist_ok=True)
        self.file = folder / 'state.json'
        self.figures = {'next': 0, 'mutants': 0, 'frames': 0, 'processes': 0, 'seconds': 0.0,
                        'slowest': 0.0, 'kilobytes': 0, 'failures': []}
        if self.file.exists():
            self.figures |= json.loads(self.file.read_text())

    def count(self, numbers, frames, spent, kilobytes):
        figures = self.figures
        figures['next'] = numbers.stop
        figures['mutants'] += len(numbers)
        figures['frames'] += frames
        figures['processes'] += 1
        figures['seconds'] = round(figures['seconds'] + spent[1], 2)
        figures['kilobytes'] = max(figures['kilobytes'], kilobytes)
        if spent[0] > LEAST_SECONDS:
            figures['slowest'] = round(max(figures['slowest'], spent[1] / spent[0]), 2)

    def save(self):
        self.file.write_text(json.dumps(self.figures, indent=1) + '\n')


def narrow(bench, mutants, look):
    """The mutants that fail alone; if none does, all together."""
    alone = {number: (frames, found) for number, frames in mutants.items()
             if frames and (found := bench.complaints(frames, look)[0])}
    everything = [frame for frames in mutants.values() for frame in frames]
    return alone or {min(mutants): (everything, ['only together with those that follow'])}


def fuzz(bench, sources, state, numbers):
    look = LOOKS[numbers.start // PER_PROCESS % len(LOOKS)]
    mutants = {number: sources.mutant(number) for number in numbers}
    frames = [frame for each in mutants.values() for frame in each]
    if not frames:
        return
    found, spent, kilobytes = bench.complaints(frames, look)
    state.count(numbers, len(frames), spent, kilobytes)
    if found:
        for number, (guilty, why) in narrow(bench, mutants, look).items():
            file = state.folder / 'found' / f'{number}.pcapng'
            capture_file.write(file, guilty)
            state.figures['failures'].append([number, look[1], (found + why)[:6]])
            print(file, *look[1], *(found + why)[:6], sep='\n  ', flush=True)
    state.save()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--plugin', type=pathlib.Path, default=ROOT / 'build/asan/diag.so',
                        help='best one with sanitizers: cmake --preset asan')
    parser.add_argument('--state', type=pathlib.Path, default=ROOT / 'build/fuzz/captures')
    parser.add_argument('--anew', action='store_true', help='forget the state')
    parser.add_argument('--mutants', type=int, default=5000, help='how many more')
    parser.add_argument('--seconds', type=float, default=1e9, help='for at most so long')
    parser.add_argument('more', type=pathlib.Path, nargs='*', metavar='CAPTURE',
                        help='captures, or folders of them, beside those of the project')
    return parser.parse_args()


def main():
    words = arguments()
    if words.anew:
        shutil.rmtree(words.state, ignore_errors=True)
    sources, state = Sources(words.more), State(words.state)
    bench = Bench(words.plugin, sources.keys())
    end = time.monotonic() + words.seconds
    first = state.figures['next']
    known = len(state.figures['failures'])
    with bench.plugged:
        for number in range(first, first + words.mutants, PER_PROCESS):
            if time.monotonic() > end:
                break
            fuzz(bench, sources, state,
                 range(number, min(number + PER_PROCESS, first + words.mutants)))
    figures = dict(state.figures, failures=len(state.figures['failures']))
    print(', '.join(f'{name}: {value}' for name, value in figures.items()))
    return 1 if len(state.figures['failures']) > known else 0


if __name__ == '__main__':
    sys.exit(main())
