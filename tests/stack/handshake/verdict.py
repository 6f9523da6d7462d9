# SPDX-License-Identifier: GPL-2.0-or-later
"""diag's report on a recording held against the truth of its ends."""
import functools
import json
import os
import re
from dataclasses import dataclass

from . import verdicts

DIAGNOSES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'docs',
                         'diagnoses.md')

WARNS = {'warn', 'error'}


@dataclass
class Answer:
    """What diag says of one connection, as far as the table shows it."""
    agrees: bool
    said: str
    complaint: str = None


@dataclass
class Context:
    """What else was heard in the same capture."""
    cases: set


@functools.cache
def explained_by_each():
    """What every diagnosis explains, as its documentation says."""
    explains, name = {}, None
    with open(DIAGNOSES, encoding='utf-8') as file:
        for line in file:
            if line.startswith('### '):
                name = line.split()[1]
            elif line.startswith('**Explains'):
                explains[name] = set(re.findall(r'\(#(\w+)\)', line))
    return explains


def sender_of(frames, finding, connection):
    """Who sent the packet that the finding is about: by the packets, not by diag's words."""
    roles = {item['role']: item['frame'] for item in finding['evidence']}
    number = next((roles[role] for role in ('alert', 'record', 'rst', 'fin') if role in roles),
                  finding['frame'])
    source = frames[number - 1].packet.source
    return 'client' if source == connection['client']['address'] else 'server'


def verdict_of(connection):
    """The finding that is the verdict."""
    return next((finding for finding in connection['findings']
                 if finding['id'] == connection['verdict'] and
                 finding['explained_by'] != finding['id']), None)


def healthy(connection):
    loud = [finding['id'] for finding in connection['findings']
            if {finding['severity'], finding['effective_severity']} & WARNS]
    if connection['outcome'] == 'healthy' and not loud:
        return Answer(True, 'healthy')
    said = connection['verdict'] or ', '.join(loud) or connection['outcome']
    return Answer(False, said, f'healthy, but diag says {connection["outcome"]}: {said}: '
                               f'{connection["summary"]}')


def failed(truth, connection, frames, end, fitting):
    finding = verdict_of(connection)
    if not finding and truth['reason'] in verdicts.SOFT:  # what is only a note is no verdict
        finding = next((one for one in connection['findings']
                        if one['id'] in fitting), None)
    if not finding and verdicts.UNSEEN.get(truth['reason']) == end:
        return Answer(True, connection['outcome'])
    outcomes = verdicts.SOFT.get(truth['reason'], ('failed',))
    if connection['outcome'] not in outcomes or not finding:
        return Answer(False, connection['outcome'], f'{truth["by"]} ended it: {truth["reason"]}; '
                      f'diag says {connection["outcome"]}, {connection["verdict"]}')
    said = f'{finding["id"]} ({finding["cause"]})' if finding['cause'] else finding['id']
    complaint = complaint_about(finding, truth, connection, frames, fitting)
    return Answer(not complaint, said, complaint)


def complaint_about(finding, truth, connection, frames, fitting):
    name, cause, causes = finding['id'], finding['cause'], verdicts.causes(truth)
    if name not in fitting:
        return f'{truth["reason"]} is {name}: {finding["summary"]}'
    if name == 'tls_alert_fatal' and cause and causes and cause not in causes:
        return f'{truth["reason"]} ({truth.get("detail")}) has the cause {cause}'
    if name in verdicts.REJECTING and sender_of(frames, finding, connection) != truth['by']:
        return f'{truth["by"]} ended it, but diag accuses the other: {finding["summary"]}'
    missing = verdicts.suspects(truth, cause) - set(finding['blame'].split('_or_'))
    if missing and finding['blame'] != 'unknown' and not is_mere_note(finding, truth):
        return f'{name} blames {finding["blame"]}, and not the {" and the ".join(sorted(missing))}'
    return None


def is_mere_note(finding, truth):
    return truth['reason'] in verdicts.SOFT and finding['blame'] == 'none'


def judge(expected, connections, frames, end, fitting):
    """An Answer for each connection that is expected. `fitting` says which verdicts tell a truth."""
    answers = []
    for number, truth in enumerate(expected['connections']):
        if number >= len(connections):
            answers.append(Answer(False, 'nothing', f'connection {number} is not reported'))
        elif truth['outcome'] == 'healthy':
            answers.append(healthy(connections[number]))
        else:
            answers.append(failed(truth, connections[number], frames, end, fitting(truth)))
    return answers


def load(directory):
    with open(os.path.join(directory, 'expected.json'), encoding='utf-8') as file:
        return json.load(file)


@dataclass
class Hearing:
    """What was heard about one capture of one case, without keys and with them."""
    expected: dict
    end: str
    plain: list
    report: list
    keyed: list = None
    keyed_report: list = None

    @property
    def where(self):
        return f'{self.expected["case"]} at the {self.end}'

    def complaints(self):
        for number, answer in enumerate(self.plain):
            if not answer.agrees:
                yield f'{self.where}, connection {number}: {answer.complaint}'
        yield from self._key_complaints()

    def _key_complaints(self):
        """Keys may make a guess certain, but not change the story."""
        pairs = zip(self.report, self.keyed_report or (), self.keyed or ())
        for plain, keyed, answer in pairs:
            complaint = change(plain, keyed)
            if complaint:
                yield f'{self.where}: {complaint}'
            elif not answer.agrees:
                yield f'{self.where}, with keys: {answer.complaint}'

    @property
    def steady(self):
        """The keys change nothing but certainty."""
        return not any(map(change, self.report, self.keyed_report or ()))


def blame_of(connection):
    finding = verdict_of(connection)
    return set(finding['blame'].split('_or_')) if finding else set()


def change(plain, keyed):
    """What keys change, in words; None when they only refine."""
    if plain['outcome'] != keyed['outcome']:
        return f'{plain["outcome"]}, but {keyed["outcome"]} with keys'
    more = blame_of(keyed) ^ blame_of(plain)
    if more - verdicts.KEYS_ADD.get((verdict_of(keyed) or {}).get('cause'), set()):
        return f'{plain["verdict"]} blames {" ".join(sorted(blame_of(plain)))}, with keys ' \
               f'{keyed["verdict"]} {" ".join(sorted(blame_of(keyed)))}'
    if plain['verdict'] != keyed['verdict'] and \
            plain['verdict'] not in explained_by_each().get(keyed['verdict'], ()):
        return f'{plain["verdict"]}, with keys {keyed["verdict"]}, which does not explain it'
    return None


def hearing(take, context):
    """What a take's reports are worth."""
    expected = load(take.directory)

    def answers(report, keyed):
        return report and judge(expected, report, take.shown_in, take.end,
                                lambda truth: fitting(expected, truth, take.end, keyed, context))

    return Hearing(expected, take.end, answers(take.report, False), take.report,
                   answers(take.keyed_report, True), take.keyed_report)


def fitting(expected, truth, end, keyed, context):
    """With keys, a chain without its intermediate must be told as such, if another connection shows
    that this issuer is no root."""
    shown = verdicts.SHOWS_ISSUER in context.cases
    if keyed and shown and expected['fault'] == verdicts.CHAIN_FAULT:
        return verdicts.CHAIN_VERDICTS
    return verdicts.fitting(truth, end)
