#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What endpoints say is read rightly, and every case can be told from the others."""
import importlib
import os
import pkgutil
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import handshake  # noqa: E402
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


if __name__ == '__main__':
    unittest.main()
