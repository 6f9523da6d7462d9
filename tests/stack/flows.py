#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that were made, and then were slow or died: real stacks, captured at client, router
and server; diag must find what each scenario says, at each end, and nothing else.

flows.py [--plugin DIAG.SO] [--jobs N] [--out DIR] [SCENARIO...]
Exit status: 0 agreed, 1 not, 77 this machine cannot play them."""
import importlib
import os
import pkgutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import suite  # noqa: E402
import flows  # noqa: E402

NUMBER = 900      # behind the networks of the other suites
POINTS = {'client': 'client0', 'router': 'outside', 'server': 'server0'}
WANTED = 'tcp or icmp or udp port 53'


def said_of(connection, wanted):
    """The findings that stand, with their causes. What nobody needs to act upon counts only where
    it is the story; what is about the capture itself never."""
    for finding in connection['findings']:
        said = finding['id'] + (f':{finding["cause"]}' if finding['cause'] else '')
        if suite.stands(finding) and not finding['id'].startswith('cap_') and \
           (said in wanted or not finding['benign']):
            yield said


def disagreements(end, told, connection):
    if isinstance(told, dict) and end not in told:
        return  # in the middle not everything can be seen; what must not be said is declared
    wanted = set(told[end] if isinstance(told, dict) else told)
    said = set(said_of(connection, wanted))
    if said != wanted:
        yield (f'{end}: diag says {", ".join(sorted(said)) or "nothing"}; '
               f'it is {", ".join(sorted(wanted)) or "nothing"}')


if __name__ == '__main__':
    for module in pkgutil.iter_modules(flows.__path__):
        importlib.import_module(f'flows.{module.name}')
    sys.exit(suite.main(suite.Suite(
        'Holds what diag finds in slow and dying connections against the story.', NUMBER,
        suite.only_connection(disagreements), POINTS, WANTED)))
