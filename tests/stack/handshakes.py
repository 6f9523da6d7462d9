#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds diag against real TLS handshakes: records each case on the bed at client and server, writes
what both ends themselves say about it, and compares diag's report with that.

handshakes.py [--plugin DIAG.SO] [--out DIR] [--jobs N] [--all] [--table] [--list] [CASE...]
handshakes.py --plugin DIAG.SO --recorded DIR [--table] [CASE...]

Without a CASE and without --all a cross-section is recorded: each fault once, each stack in each role.
Without --plugin it only records, into --out. --recorded compares what is there and needs no root.
--table prints docs/tls-stacks.md, which must be so when all that is recorded is compared. Exit status: 0 agreed, 1 not, 2 usage, 77 this machine cannot
record."""
import argparse
import concurrent.futures
import contextlib
import fnmatch
import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import handshake  # noqa: E402
from bed import Bed  # noqa: E402
from handshake import play, pki, table, together, verdict  # noqa: E402
from handshake.stacks import every_stack  # noqa: E402
from plugged import Plugged  # noqa: E402
from record import CANNOT_RECORD, why_not  # noqa: E402

PAGE = os.path.join(HERE, '..', '..', 'docs', 'tls-stacks.md')
LINKS = {'client': 'client0', 'server': 'server0'}
JOBS = 6    # cases at a time: they mostly wait
TRIES = 2   # a loaded machine may miss a case's moment


def all_cases():
    for module in pkgutil.iter_modules(handshake.__path__):
        importlib.import_module(f'handshake.{module.name}')
    return {case.name: case for case in play.CASES}


# ---- recording


def told_json(told):
    return told and {'stack': told.stack, 'status': told.status, 'result': told.said.result,
                     'says': told.said.text}


def expected_json(case, visits):
    """The truth, and whose words it rests on."""
    return {'case': case.name, 'family': case.family, 'story': case.story, 'fault': case.fault,
            'client': case.client, 'server': case.server,
            'connections': [dict(vars(visit.truth), client=told_json(visit.client),
                                 server=told_json(visit.server)) for visit in visits]}


def cross_section(cases):
    """Each fault once, and each stack as client and as server."""
    seen, chosen = set(), []
    for case in cases:
        shows = {('fault', case.fault), ('client', case.client), ('server', case.server)}
        if shows - seen:
            seen |= shows
            chosen.append(case)
    return chosen


def perform(case, number, theatre):
    directory = os.path.join(theatre.out, case.name)
    os.makedirs(directory, exist_ok=True)
    keys = os.path.join(directory, 'keys.log')
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        bed = stack.enter_context(Bed(play.site(number), play.DELAY))
        shake = play.Shake(bed, theatre.stacks, theatre.pki, theatre.scratch, scratch, keys)
        with contextlib.ExitStack() as captures:
            for end, link in LINKS.items():
                captures.enter_context(bed.capture(os.path.join(directory, f'{end}.pcap'), link))
            case.play(shake)
        bed.check()
    with open(os.path.join(directory, 'expected.json'), 'w', encoding='utf-8') as file:
        json.dump(expected_json(case, shake.visits), file, indent=1)
        file.write('\n')


class Theatre:
    """Records cases side by side, a failed one once more."""

    def __init__(self, scratch, out, jobs):
        self.scratch, self.out, self.jobs = scratch, out, jobs
        self.stacks = every_stack()
        self.problems, self.absent = {}, {}
        directory = os.path.join(scratch, 'pki')
        os.makedirs(directory)
        self.pki = pki.Authority(directory)
        for stack in self.stacks.values():
            if not stack.missing():
                stack.prepare(scratch)

    def playable(self, cases):
        for case in cases:
            missing = [f'{name} ({self.stacks[name].missing()})' for name in case.needs
                       if self.stacks[name].missing()]
            if missing:
                self.absent[case.name] = ', '.join(missing)
        return [case for case in cases if case.name not in self.absent]

    def record(self, cases):
        left = list(enumerate(cases))
        for _ in range(TRIES):
            with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                done = list(pool.map(lambda pair: self._attempt(*pair), left))
            left = [pair for pair, fine in zip(left, done) if not fine]
        return len(cases) - len(left)

    def _attempt(self, number, case):
        try:
            perform(case, number, self)
        except Exception:
            self.problems[case.name] = traceback.format_exc()
            shutil.rmtree(os.path.join(self.out, case.name), ignore_errors=True)
            return False
        self.problems.pop(case.name, None)
        return True


# ---- what diag says


def ask(plugged, capture, keys):
    """diag's report on a capture, without or with a log of keys."""
    words = ['tshark', '-n', '-q', '-r', capture, '-z', 'diag,json']
    if keys:
        words += ['-o', f'tls.keylog_file:{keys}']
    done = plugged.run(*words)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]


def hear(plugged, number, batch):
    """Each take of the batch gets its share of the reports."""
    capture = plugged.home / f'{number}.pcapng'
    log = plugged.home / f'{number}.keys'
    batch.write(capture, batch.takes[0].end)
    log.write_text(batch.keys(), encoding='utf-8')
    for file in (capture, log):
        file.chmod(0o644)
    reports = batch.share(ask(plugged, capture, None))
    keyed = batch.share(ask(plugged, capture, log)) if log.stat().st_size else reports
    for one, report, keyed_report in zip(batch.takes, reports, keyed):
        one.shown_in, one.report = batch.frames, report
        one.keyed_report = keyed_report if one.keys else None


def compare(plugin, directories):
    """Each directory with the truth, the answers at both ends, and the reports."""
    takes = [together.take(directory, end) for directory in directories for end in LINKS]
    groups = [batch for end in LINKS
              for batch in together.batches([one for one in takes if one.end == end])]
    with Plugged(plugin) as plugged, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda pair: hear(plugged, *pair), enumerate(groups)))
    known = verdict.Context({os.path.basename(directory) for directory in directories})
    return [verdict.hearing(one, known) for one in takes]


def arguments():
    parser = argparse.ArgumentParser(description='Holds diag against real TLS handshakes.')
    parser.add_argument('--plugin')
    parser.add_argument('--out')
    parser.add_argument('--recorded')
    parser.add_argument('--jobs', type=int, default=JOBS)
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--table', action='store_true')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('case', nargs='*', help='a name, or a pattern with *')
    return parser.parse_args()


def record(wanted, cases, scratch):
    """Records into --out, or else into the scratch directory. Returns where, and whether all went
    well."""
    out = os.path.abspath(wanted.out or os.path.join(scratch, 'out'))
    theatre = Theatre(scratch, out, wanted.jobs)
    played = theatre.playable(cases)
    if not wanted.all and not wanted.case:
        played = cross_section(played)
    count = theatre.record(played)
    for name, problem in theatre.problems.items():
        print(f'{name}: not recorded as told: {problem}')
    for name, missing in theatre.absent.items():
        print(f'{name}: not played, because there is no {missing}')
    if not wanted.table:
        print(f'{count} of {len(played)} cases recorded, of {len(cases)} in all')
    return out, not theatre.problems


def directories_in(root, names, chosen):
    return [os.path.join(root, name) for name in sorted(os.listdir(root))
            if os.path.exists(os.path.join(root, name, 'expected.json'))
            and (not chosen or name in names)]


def play_again(wanted, cases, scratch, heard):
    """Cases that are not told as their ends tell them are recorded once more: on a loaded machine a
    close and what it crosses come in another order than the case means. What was told is printed."""
    names = {one.expected['case'] for one in heard if list(one.complaints())}
    print('once more: ' + ' '.join(sorted(names)))
    print(table.text([one for one in heard if one.expected['case'] in names]), end='')
    scratch = os.path.join(scratch, 'again')
    os.makedirs(scratch)
    wanted.case, wanted.out = sorted(names), None
    root, fine = record(wanted, [case for case in cases if case.name in names], scratch)
    told = compare(wanted.plugin, directories_in(root, names, True))
    return [one for one in heard if one.expected['case'] not in names] + told, fine


def page_is_true(heard):
    with open(PAGE, encoding='utf-8') as file:
        same = file.read() == table.page(heard)
    if not same:
        print('docs/tls-stacks.md is not what --table prints')
    return same


def run(wanted, cases, scratch):
    fine, root = True, wanted.recorded
    if not root:
        reason = why_not()
        if reason:
            print(f'handshakes.py: {reason}')
            return CANNOT_RECORD
        root, fine = record(wanted, cases, scratch)
    if not wanted.plugin:
        return 0 if fine else 1
    names = [case.name for case in cases]
    heard = compare(wanted.plugin, directories_in(root, names, wanted.case))
    if not wanted.recorded and not wanted.table and not table.agreed(heard):
        heard, fine = play_again(wanted, cases, scratch, heard)
    print(table.page(heard) if wanted.table else table.text(heard), end='')
    if wanted.recorded and not wanted.table and not wanted.case:
        fine = page_is_true(heard)
    return 0 if fine and table.agreed(heard) else 1


def main():
    wanted = arguments()
    known = all_cases()
    cases = [case for name, case in known.items()
             if not wanted.case or any(fnmatch.fnmatch(name, one) for one in wanted.case)]
    if not cases:
        print('handshakes.py: no such case', file=sys.stderr)
        return 2
    if wanted.list:
        print('\n'.join(f'{case.name}: {case.story}' for case in cases))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        return run(wanted, cases, scratch)


if __name__ == '__main__':
    sys.exit(main())
