# SPDX-License-Identifier: GPL-2.0-or-later
"""diag's report on a scenario held against what the kernels said: counted, told and tabled."""
import collections
from dataclasses import dataclass

AT_SENDER, AT_OTHER, SILENT = 0.95, 0.90, 0.90
# Middleboxes that can be seen, or at least suspected.
SEEN = ('middlebox', 'hidden')
# Findings that say: somebody between the ends sent it.
ACCUSING = ('rst_injected', 'connect_refused_middlebox')


@dataclass
class Count:
    agreed: int = 0
    total: int = 0

    def add(self, agrees):
        self.agreed += agrees
        self.total += 1

    @property
    def share(self):
        return self.agreed / self.total if self.total else 1.0

    def __str__(self):
        return f'{self.agreed} of {self.total}'


def findings(report):
    return [(connection, finding) for connection in report if connection['type'] == 'connection'
            for finding in connection['findings']]


def classes(report):
    """Frame -> the classes it was given: exactly one is right."""
    given = collections.defaultdict(list)
    for connection in report:
        for entry in connection.get('rst', ()) if connection['type'] == 'connection' else ():
            given[entry['frame']].append(entry['class'])
    return given


def frames_of(finding):
    return {finding['frame']} | {item['frame'] for item in finding['evidence']
                                 if item['role'] == 'rst'}


def some(names, shown=4):
    more = len(names) - shown
    return ', '.join(names[:shown]) + (f' and {more} more' if more > 0 else '')


class Verdicts:
    def __init__(self, reasons):
        self.reasons = reasons
        self.at_sender, self.at_other, self.silent = Count(), Count(), Count()
        self.wrong = []          # what must never be
        self.disagreements = []  # what may be, seldom
        self.rows = collections.defaultdict(collections.Counter)  # key -> (id, vantage) -> count
        self.stories = collections.defaultdict(set)
        self.tempting = set()
        self.told = collections.defaultdict(lambda: True)  # (scenario, end, at sender) -> agrees
        self.forged = collections.Counter()

    def hear(self, run, end, report):
        where = f'{run.play.name} at the {end}'
        if run.play.tempting:
            self.tempting.add(run.play.name)
        self._hear_resets(where, run, end, report)
        self._hear_accusations(where, run, end, report)
        if run.play.harmless:
            self._hear_harmless(where, report)
        if end in run.play.silent_at and run.play.silent:
            self._hear_silence(where, run.play.silent, report)

    # ---- each reset has one class, and it fits

    def _hear_resets(self, where, run, end, report):
        given = classes(report)
        for label in run.labels[end]:
            said = given.pop(label.frame, [])
            if label.copy and not said:
                continue
            if len(said) != 1:
                self.wrong.append(f'{where}: frame {label.frame} ({label}) has classes {said}')
                continue
            self._hear_class(where, run, label, said[0])
        if given:
            self.wrong.append(f'{where}: no resets, but classified: {dict(given)}')

    def _hear_class(self, where, run, label, said):
        fitting = self.reasons.fitting(label)
        agrees = said in fitting
        (self.at_sender if label.at_sender else self.at_other).add(agrees)
        self.rows[label.key][said, label.at_sender, agrees] += 1
        self.told[where, label.at_sender] &= agrees
        self.stories[label.key].add(run.play.name)
        if not agrees:
            self.disagreements.append(f'{where}: frame {label.frame} is {said}; the kernel: '
                                      f'{label}; fitting: {" ".join(fitting) or "nothing"}')

    # ---- nobody is accused who sent it himself

    def _hear_accusations(self, where, run, end, report):
        own = {label.frame: label for label in run.labels[end]
               if label.reason not in ('ROUTER', 'OUTSIDE')}
        for _, finding in findings(report):
            accused = own.keys() & frames_of(finding) if finding['id'] in ACCUSING else ()
            for frame in accused:
                self.wrong.append(f'{where}: frame {frame} is called {finding["id"]}, but was '
                                  f'sent by an end: {own[frame]}')
        if run.play.forged in SEEN and any(label.reason == 'ROUTER' for label in run.labels[end]):
            self._hear_forged(where, run, report)

    def _hear_forged(self, where, run, report):
        told = {finding['id'] for _, finding in findings(report)} & set(ACCUSING)
        blamed = any('middlebox' in finding['blame'] for _, finding in findings(report))
        seen = bool(told) or (run.play.forged == 'hidden' and blamed)
        self.forged[run.play.forged, seen] += 1
        if not seen:
            self.disagreements.append(f'{where}: the middlebox ({run.play.forged}) is not seen')

    def _hear_harmless(self, where, report):
        for connection, finding in findings(report):
            if connection['verdict'] == finding['id'] and connection['outcome'] == 'failed':
                self.wrong.append(f'{where}: {finding["id"]} is said of what harms nobody')

    # ---- failures without a reset

    def _hear_silence(self, where, what, report):
        fitting = self.reasons.silent[what]
        said = sorted({finding['id'] for _, finding in findings(report)}
                      | {line['id'] for line in report if line['type'] == 'host'})
        agrees = bool(set(said) & set(fitting))
        self.silent.add(agrees)
        key = ('none: ' + what.replace('_', ' '), '-', '-', '-')
        for verdict in set(said) & set(fitting) or {'nothing that fits'}:
            self.rows[key][verdict, True, agrees] += 1
        self.stories[key].add(where.split()[0])
        if not agrees:
            self.disagreements.append(f'{where}: {what}: diag says {" ".join(said) or "nothing"}; '
                                      f'fitting: {" ".join(fitting)}')

    # ---- the result

    @property
    def agreed(self):
        return not self.wrong and self.at_sender.share >= AT_SENDER and \
            self.at_other.share >= AT_OTHER and self.silent.share >= SILENT

    def text(self):
        lines = [f'WRONG {line}' for line in self.wrong]
        lines += [f'differs {line}' for line in self.disagreements]
        forged = ', '.join(f'{kind} {"seen" if seen else "not seen"} {count}'
                           for (kind, seen), count in sorted(self.forged.items()))
        lines += [f'captures without a difference: at the sender {self._whole(True)}, at the other '
                  f'end {self._whole(False)}',
                  f'at the sender {self.at_sender}, at the other end {self.at_other}, '
                  f'without a reset {self.silent}',
                  f'{len(self.tempting)} tempting scenarios; middleboxes: {forged or "none"}',
                  'agreed' if self.agreed else 'NOT AGREED']
        return '\n'.join(lines) + '\n'

    def _whole(self, at_sender):
        """Scenarios, so that one with fifty resets counts as one."""
        agrees = [whole for (_, sender), whole in self.told.items() if sender == at_sender]
        return Count(sum(agrees), len(agrees))

    def table(self):
        lines = [PREFACE, '| kernel\'s reason | socket | sender | answers | diag says | fits | '
                 'scenarios |', '|---|---|---|---|---|---|---|']
        for key in sorted(self.rows):
            lines.append(self._row(key))
        return '\n'.join(lines) + f'\n\n{self._sums()}\n'

    def _row(self, key):
        said = collections.Counter()
        fits = Count()
        for (verdict, _, agrees), count in self.rows[key].items():
            said[verdict] += count
            fits.total += count
            fits.agreed += count * agrees
        ids = ', '.join(f'`{verdict}`' for verdict, _ in said.most_common())
        share = 'yes' if fits.agreed == fits.total else f'{100 * fits.share:.0f} %'
        stories = some(sorted(self.stories[key]))
        words = ' | '.join(word.replace('UNKNOWN', 'none') for word in key)
        return f'| {words} | {ids} | {share} | {stories} |'

    def _sums(self):
        return (f'Fitting at the sender: {100 * self.at_sender.share:.0f} % of its resets; at the '
                f'other end: {100 * self.at_other.share:.0f} %; failures without a reset: '
                f'{100 * self.silent.share:.0f} %.')


PREFACE = '''# The kernel's reason and diag's class

Generated by `tests/stack/truth.py --table`; do not edit. Scenarios on real stacks, captured at both
ends and at a router between them: what the sending kernel gave as reason for a reset (tracepoint
`tcp:tcp_send_reset`, and the state of the socket), what the reset answers on the wire, and what diag
calls it. What fits is in `tests/stack/reasons.map`. ROUTER is a reset that neither end sent, OUTSIDE
one beyond the window. LWIP, GVISOR, PASST and SLIRP4NETNS are stacks beside Linux; in place of the
socket's state stands what their program did, or of the last two the server behind them. Unread data,
linger 0, a killed process and a closed listener cannot be told apart from packets. No scenario makes
a kernel say NOT_SPECIFIED, ERROR, TCP_OLD_ACK or MPTCP's ERESOURCE, EWQ2BIG and EBADPERF.
'''
