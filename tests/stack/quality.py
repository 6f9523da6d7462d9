#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What captures hide: healthy connections between real stacks, captured badly, at client, router
and server. diag must say what is wrong with each capture, and accuse nobody for it.

quality.py [--plugin DIAG.SO] [--jobs N] [--out DIR] [SCENARIO...]
Exit status: 0 agreed, 1 not, 77 this machine cannot play them."""
import importlib
import json
import os
import pkgutil
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import quality  # noqa: E402
import spoil  # noqa: E402
import suite  # noqa: E402
from spoiled import BAD, accuses, of_the_capture  # noqa: E402

NUMBER = 1000     # the first network of these scenarios
POINTS = {'client': 'client0', 'router': 'outside', 'server': 'server0'}


def worsen(point, file, told):
    if point in told.instead:
        shutil.copyfile(told.instead[point], file)
    if point in told.spoiled:
        capture = spoil.read(file)
        spoil.write(file, spoil.Capture(told.spoiled[point](capture.frames), capture.link))


def reported(plugged, file):
    """The connections, and all findings: those of the file, too."""
    done = plugged.run('tshark', '-q', '-r', plugged.lend(file), '-z', 'diag,json')
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
    return ([line for line in lines if line['type'] == 'connection'],
            [finding for line in lines for finding in line.get('findings', ())])


def said_of_capture(findings):
    """An event that is said better at the end counts once; one that was proved wrong, never."""
    return {finding['id'] for finding in findings if of_the_capture(finding)
            and finding['explained_by'] in (None, finding['id'])
            and finding['effective_severity'] == finding['severity']}


def disagreements(plugged, point, file, told):
    connections, findings = reported(plugged, file)
    said, wanted = said_of_capture(findings), told.ids.get(point, set())
    if said != wanted:
        yield f'{point}: the capture has {sorted(said)}; it is {sorted(wanted)}'
    allowed = told.accuses.get(point, set())
    accused = {finding['id'] for finding in findings if accuses(finding)}
    if accused - allowed or (allowed and None not in allowed and not accused):
        yield f'{point}: accused by {sorted(accused)}; it is {sorted(map(str, allowed))}'
    for connection in connections:
        if connection['outcome'] in BAD and not allowed:
            yield f'{point}: {connection["outcome"]}, {connection["verdict"]}'


if __name__ == '__main__':
    for module in pkgutil.iter_modules(quality.__path__):
        importlib.import_module(f'quality.{module.name}')
    sys.exit(suite.main(suite.Suite(
        'Holds what diag says of captures against what was done to them.', NUMBER, disagreements,
        POINTS, spoil=worsen)))
