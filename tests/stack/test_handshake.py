#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What endpoints say is read rightly, and every case can be told from the others."""
import importlib
import os
import pkgutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import handshake  # noqa: E402
from handshake import together, verdict, verdicts  # noqa: E402
from handshake.play import CASES  # noqa: E402
from handshake.said import (CLOSED, OK, REJECTED, TOLD, Said, Truth, read,  # noqa: E402
                            truth_of)
from handshake.stacks import every_stack  # noqa: E402

for module in pkgutil.iter_modules(handshake.__path__):
    importlib.import_module(f'handshake.{module.name}')

# A stack's words, and what they mean.
WORDS = (
    ('error:0A000416:SSL routines::sslv3 alert certificate unknown:SSL alert number 46', TOLD,
     'certificate'),
    ('*** Received alert [42]: Certificate is bad', TOLD, 'certificate'),
    ('error remote error: tls: protocol version not supported', TOLD, 'version'),
    ('Received fatal alert: handshake_failure', TOLD, 'parameters'),
    ('selfserv: HDX PR_Read returned error -12271: SSL_ERROR_EXPIRED_CERT_ALERT', TOLD,
     'certificate'),
    ('tstclnt: write failed: SSL_ERROR_NO_CYPHER_OVERLAP', TOLD, 'parameters'),
    ('selfserv: error SSL_ERROR_NO_CYPHER_OVERLAP', REJECTED, 'parameters'),
    ('error SSL - A fatal alert message was received from our peer', TOLD, None),
    ('verify error:num=10\nerror:certificate verify failed', REJECTED, 'certificate'),
    ('error x509: certificate has expired or is not yet valid', REJECTED, 'certificate'),
    ('error PKIX path building failed', REJECTED, 'certificate'),
    ('error CERT_HAS_EXPIRED certificate has expired', REJECTED, 'certificate'),
    ('error -151 ASN date error, current date after', REJECTED, 'certificate'),
    ('- Status: The certificate is NOT trusted.\n*** PKI verification of server certificate '
     'failed...', REJECTED, 'certificate'),
    ('error tls: client didn\'t provide a certificate', REJECTED, 'client_certificate'),
    ('error:0A0000C1:SSL routines::no shared cipher', REJECTED, 'parameters'),
    ('error EOF', CLOSED, None),
)


class SaidTest(unittest.TestCase):
    def test_reads_the_words_of_every_stack(self):
        for words, result, reason in WORDS:
            said = read(words, False)
            self.assertEqual((said.result, said.reason), (result, reason), words)

    def test_who_finished_has_no_complaint(self):
        self.assertEqual(read('error: harmless', True), Said(OK))

    def test_the_end_that_rejects_is_the_one_that_ended_it(self):
        truth = truth_of(Said(REJECTED, 'certificate'), Said(TOLD, 'internal'))
        self.assertEqual(truth, Truth('failed', 'client', 'certificate'))
        truth = truth_of(Said(OK), Said(REJECTED, 'client_certificate'))
        self.assertEqual(truth, Truth('failed', 'server', 'client_certificate'))

    def test_who_was_told_names_the_other(self):
        truth = truth_of(Said(TOLD, 'version'), Said(CLOSED))
        self.assertEqual(truth, Truth('failed', 'server', 'version'))

    def test_an_alert_that_cannot_be_read_is_no_rejection(self):
        truth = truth_of(Said(REJECTED, 'certificate'), Said(REJECTED, 'tampered'))
        self.assertEqual(truth, Truth('failed', 'client', 'certificate'))

    def test_two_silent_ends_give_no_truth(self):
        self.assertIsNone(truth_of(Said(CLOSED), Said(CLOSED)))


class CaseTest(unittest.TestCase):
    def test_names_are_unique(self):
        names = [case.name for case in CASES]
        self.assertEqual(len(names), len(set(names)))

    def test_every_case_has_its_words_and_known_stacks(self):
        stacks = every_stack()
        for case in CASES:
            self.assertTrue(case.story, case.name)
            self.assertLessEqual(set(case.needs), set(stacks), case.name)


RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'handshake', 'recorded')


def connection(outcome, name, blame, cause=None):
    return {'outcome': outcome, 'verdict': name, 'findings': name and [
        {'id': name, 'blame': blame, 'cause': cause, 'explained_by': None}] or []}


class KeysTest(unittest.TestCase):
    def test_keys_may_name_what_they_explain(self):
        plain = connection('failed', 'tls13_alert_likely', 'client_or_server')
        keyed = connection('failed', 'tls_cert_expired', 'client_or_server')
        self.assertIsNone(verdict.change(plain, keyed))
        self.assertIsNotNone(verdict.change(keyed, plain))

    def test_keys_change_neither_outcome_nor_suspects(self):
        plain = connection('failed', 'tls13_alert_likely', 'client_or_server')
        self.assertIsNotNone(verdict.change(plain, connection('healthy', None, None)))
        self.assertIsNotNone(verdict.change(
            plain, connection('failed', 'tls_alert_fatal', 'server', 'version')))

    def test_only_the_words_about_integrity_add_a_suspect(self):
        plain = connection('failed', 'tls13_alert_likely', 'client_or_server')
        for cause, fine in (('integrity', True), ('version', False)):
            keyed = connection('failed', 'tls_alert_fatal', 'client_or_server_or_middlebox', cause)
            self.assertEqual(verdict.change(plain, keyed) is None, fine)


class SuspectsTest(unittest.TestCase):
    def test_a_bad_certificate_is_its_owners(self):
        for by, owner in (('client', 'server'), ('server', 'client')):
            truth = {'reason': 'certificate', 'by': by}
            self.assertEqual(verdicts.suspects(truth, None), {owner})

    def test_what_was_not_agreed_on_is_of_both(self):
        truth = {'reason': 'version', 'by': 'server'}
        self.assertEqual(verdicts.suspects(truth, None), {'client', 'server'})

    def test_who_did_not_answer_is_suspected(self):
        self.assertEqual(verdicts.suspects({'reason': 'no_answer', 'by': 'server'}, None),
                         {'server'})


class TogetherTest(unittest.TestCase):
    def take(self, name):
        return together.take(os.path.join(RECORDED, name), 'server')

    def test_an_open_connection_is_read_alone(self):
        self.assertTrue(together.is_over(self.take('healthy-chain')))
        self.assertFalse(together.is_over(self.take('flight-lost-by-size')))

    def test_the_same_connection_twice_makes_two_captures(self):
        takes = [self.take('healthy-chain'), self.take('healthy-chain'), self.take('hello-reset')]
        self.assertEqual([len(batch.takes) for batch in together.batches(takes)], [2, 1])

    def test_each_take_gets_its_own_connections(self):
        batch, = together.batches([self.take('hello-reset'), self.take('healthy-chain')])
        with tempfile.TemporaryDirectory() as scratch:
            batch.write(os.path.join(scratch, 'joint.pcapng'), 'server')
        firsts = [batch.frames.index(one.frames[0]) + 1 for one in batch.takes]
        report = [{'type': 'connection', 'first_frame': number} for number in reversed(firsts)]
        shares = batch.share(report + [{'type': 'capture'}])
        self.assertEqual([share[0]['first_frame'] for share in shares], firsts)


if __name__ == '__main__':
    unittest.main()
