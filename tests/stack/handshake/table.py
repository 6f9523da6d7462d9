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

The captures of one end are read as one capture, except those whose connections are still open at
the end. A verdict agrees when it is one of those that tell the truth of the ends
(tests/stack/handshake/verdicts.py), when the packet that ended the connection is of the end that
ended it, and when those whom the ends themselves suspect are among the suspects. With keys at either
end the outcome must be the same, the suspects too, and the verdict the same or one that explains it.

Where the comparison is lenient:

* Plain text to a TLS port (`plain_to_tls`): a server may close without a word. Then nobody can tell that
  it expected TLS, and any of `closed_without_response`, `server_silent` and `tls_not_tls` is taken, whoever
  is suspected.
* An alert that is encrypted, or none: the end that ended it must be right, the reason is not asked
  for. `prohibited` is taken for a certificate, because some stacks have one alert for many faults.
* Bytes changed on the way (`tampered`): without keys nobody can tell that the alert is about
  integrity, so the device in between is only demanded among the suspects, and may only be added by keys,
  when the alert says so.
* A ClientHello of which nothing reaches the server's end needs no verdict there.
* `tls_slow_server_hello`, `tls_downgrade_dance`, `tls_no_client_hello` and a flight that came late lower
  the outcome, or are notes; the other failures must be `failed`. At the client, a flight whose end
  was lost may be told as a pause, if the path is among the suspects.
* A chain without its intermediate must be `tls_cert_chain_incomplete` with keys when another connection
  of the same capture shows that the issuer is no root; else any words about an unknown issuer.
'''


def share(answers):
    return sum(answer.agrees for answer in answers), len(answers)


def plain_answers(heard):
    return [answer for hearing in heard for answer in hearing.plain]


def is_quiet(hearing):
    """Nothing is said of healthy connections, with keys or without."""
    told = hearing.expected['connections']
    return all(answer.agrees for answers in (hearing.plain, hearing.keyed or ())
               for truth, answer in zip(told, answers) if truth['outcome'] == 'healthy')


def agreed(heard):
    """Nothing is said of the healthy ones, and nearly all of the others are told as they were, with
    keys as without."""
    for answers in (plain_answers(heard),
                    [answer for hearing in heard for answer in hearing.keyed or ()]):
        right, total = share(answers)
        if right < ENOUGH * total:
            return False
    return bool(heard) and all(one.steady and is_quiet(one) for one in heard)


def text(heard):
    lines = [complaint for hearing in heard for complaint in hearing.complaints()]
    right, total = share(plain_answers(heard))
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
    right, total = share(plain_answers(heard))
    lines.append(f'{right} of {total} connections, seen at one end each, are told as their ends '
                 'tell them.')
    return '\n'.join(lines) + '\n'


def row(hearings):
    expected = hearings[0].expected
    told = ', '.join(truth(connection) for connection in expected['connections'])
    wrong = '' if all(answer.agrees for one in hearings for answer in one.plain) else ' **(wrong)**'
    return (f'| {expected["fault"]} | {expected["client"] or "script"} '
            f'| {expected["server"] or "script"} | {told} | {verdicts(hearings)}{wrong} |')
