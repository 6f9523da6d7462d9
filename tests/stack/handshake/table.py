# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of a run: what disagrees, in words, and the table of docs/tls-stacks.md."""
import collections
import itertools

ENOUGH = 0.95  # of all connections at both ends

INTRODUCTION = '''# What diag says of real TLS stacks

Every row is a handshake that was recorded on the test bed at both ends, with the implementation
that played each of them; what is true of it was taken from the exit status and the logs of the two
ends. The table is made by `tests/stack/handshakes.py --table`, from the recordings in
tests/stack/handshake/recorded. Where the captures at the two ends differ, both verdicts are shown;
so is the verdict with decryption keys, where it is another one than without.
'''


def share(heard):
    answers = [answer for hearing in heard for answer in hearing.plain]
    return sum(answer.agrees for answer in answers), len(answers)


def agreed(heard):
    """Nothing is said of the healthy ones, and nearly all of the others are told as they were."""
    right, total = share(heard)
    quiet = all(answer.agrees for hearing in heard
                for truth, answer in zip(hearing.expected['connections'], hearing.plain)
                if truth['outcome'] == 'healthy')
    return total > 0 and quiet and right >= ENOUGH * total


def text(heard):
    lines = [complaint for hearing in heard for complaint in hearing.complaints()]
    right, total = share(heard)
    lines.append(f'{right} of {total} connections are told as their ends tell them '
                 f'({right / max(total, 1):.1%})')
    return '\n'.join(lines) + '\n'


def verdicts(hearings):
    """What is said of a case, in the order of its vantage points, each once."""
    said = collections.OrderedDict()
    for hearing in hearings:
        said[', '.join(answer.said for answer in hearing.plain)] = None
    for hearing in hearings:
        for words in [', '.join(answer.said for answer in hearing.keyed or ())]:
            if words and words not in said:
                said[f'with keys: {words}'] = None
    return '; '.join(said)


def truth(connection):
    if connection['outcome'] == 'healthy':
        return 'healthy'
    return f'{connection["by"]}: {connection["reason"]}'


def page(heard):
    lines = [INTRODUCTION]
    for family, of_family in itertools.groupby(
            sorted(heard, key=lambda one: (one.expected['family'], one.expected['fault'],
                                           one.expected['case'], one.end)),
            key=lambda one: one.expected['family']):
        lines += [f'## {family}', '', '| fault | client | server | the ends say | diag says |',
                  '|---|---|---|---|---|']
        for _, of_case in itertools.groupby(of_family, key=lambda one: one.expected['case']):
            lines.append(row(list(of_case)))
        lines.append('')
    right, total = share(heard)
    lines.append(f'{right} of {total} connections, seen at one end each, are told as their ends '
                 'tell them.')
    return '\n'.join(lines) + '\n'


def row(hearings):
    expected = hearings[0].expected
    told = ', '.join(truth(connection) for connection in expected['connections'])
    wrong = '' if all(answer.agrees for one in hearings for answer in one.plain) else ' **(wrong)**'
    return (f'| {expected["fault"]} | {expected["client"] or "script"} '
            f'| {expected["server"] or "script"} | {told} | {verdicts(hearings)}{wrong} |')
