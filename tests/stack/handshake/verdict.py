# SPDX-License-Identifier: GPL-2.0-or-later
"""diag's report on a recording held against the truth of its ends."""
import json
import os
from dataclasses import dataclass

import recording

from . import verdicts

WARNS = {'warn', 'error'}


@dataclass
class Answer:
    """What diag says of one connection, as far as the table shows it."""
    agrees: bool
    said: str
    complaint: str = None


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


def failed(truth, connection, frames, end):
    finding = verdict_of(connection)
    if not finding and truth['reason'] in verdicts.SOFT:  # what is only a note is no verdict
        finding = next((one for one in connection['findings']
                        if one['id'] in verdicts.fitting(truth, end)), None)
    if not finding and verdicts.UNSEEN.get(truth['reason']) == end:
        return Answer(True, connection['outcome'])
    outcomes = verdicts.SOFT.get(truth['reason'], ('failed',))
    if connection['outcome'] not in outcomes or not finding:
        return Answer(False, connection['outcome'], f'{truth["by"]} ended it: {truth["reason"]}; '
                      f'diag says {connection["outcome"]}, {connection["verdict"]}')
    said = f'{finding["id"]} ({finding["cause"]})' if finding['cause'] else finding['id']
    complaint = complaint_about(finding, truth, connection, frames, end)
    return Answer(not complaint, said, complaint)


def complaint_about(finding, truth, connection, frames, end):
    name, cause, causes = finding['id'], finding['cause'], verdicts.causes(truth)
    if name not in verdicts.fitting(truth, end):
        return f'{truth["reason"]} is {name}: {finding["summary"]}'
    if name == 'tls_alert_fatal' and cause and causes and cause not in causes:
        return f'{truth["reason"]} ({truth.get("detail")}) has the cause {cause}'
    if name in verdicts.REJECTING:
        if sender_of(frames, finding, connection) != truth['by']:
            return f'{truth["by"]} ended it, but diag accuses the other: {finding["summary"]}'
    elif truth['reason'] not in verdicts.SHARED and \
            not {truth['by'], 'unknown', 'none'} & set(finding['blame'].split('_or_')):
        return f'it was the {truth["by"]}, but {name} blames {finding["blame"]}'
    return None


def judge(expected, report, file, end):
    """An Answer for each connection that is expected."""
    connections = [entry for entry in report if entry['type'] == 'connection']
    frames = recording.read(file).frames
    answers = []
    for number, truth in enumerate(expected['connections']):
        if number >= len(connections):
            answers.append(Answer(False, 'nothing', f'connection {number} is not reported'))
        elif truth['outcome'] == 'healthy':
            answers.append(healthy(connections[number]))
        else:
            answers.append(failed(truth, connections[number], frames, end))
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
            if plain['type'] != 'connection':
                continue
            if not answer.agrees:
                yield f'{self.where}, with keys: {answer.complaint}'
            elif plain['outcome'] != keyed['outcome']:
                yield f'{self.where}: {plain["outcome"]}, but {keyed["outcome"]} with keys'
