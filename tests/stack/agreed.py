#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What two stacks agree about ECN and timestamps, and what becomes of it (agreements.py): played
between real stacks, captured at client, router and server, and held against
diag.

agreed.py [--plugin DIAG.SO] [--jobs N] [--out DIR] [SCENARIO...]
Exit status: 0 agreed, 1 not, 77 this machine cannot play them."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import agreements  # noqa: E402,F401
import suite  # noqa: E402

NUMBER = 800      # the first network of these scenarios
POINTS = {'client': 'client0', 'router': 'outside', 'server': 'server0'}


def disagreements(plugged, end, file, answers):
    # What is changed on the path is changed between the router's two links: this one sees what the
    # client sees.
    wanted = answers.get('client' if end == 'router' else end)
    if not wanted:
        return
    connections, _ = suite.reported(plugged, file)
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


if __name__ == '__main__':
    sys.exit(suite.main(suite.Suite('Holds diag against what was agreed.', NUMBER, disagreements,
                                    POINTS)))
