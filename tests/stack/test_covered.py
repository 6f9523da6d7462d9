#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every diagnosis of a capture and of data has a scenario on real stacks that shows it, and one that
comes near. What the scenarios declare here is held against diag when they are played (suite.py)."""
import importlib
import json
import os
import pkgutil
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from scene import SCENARIOS  # noqa: E402

CATALOGUE = os.path.join(HERE, '../../heuristics/catalogue.def')
CAPTURES = os.path.join(HERE, '../../captures')
MODULES = ('agreements', 'lossy')
PACKAGES = ('flows', 'quality')
COUNTS = {'DATA': 27}
if os.path.isdir(os.path.join(HERE, 'quality')):
    COUNTS['CAPTURE'] = 10


def catalogue():
    """Stage -> its diagnoses."""
    with open(CATALOGUE, encoding='utf-8') as source:
        entries = re.findall(r'^DIAGNOSIS\((\w+),.*?\.stage\s*= DIAG_STAGE_(\w+)', source.read(),
                             re.MULTILINE | re.DOTALL)
    return {stage: {slug for slug, where in entries if where == stage} for stage in COUNTS}


def load():
    for name in MODULES:
        importlib.import_module(name)
    for name in PACKAGES:
        if os.path.isdir(os.path.join(HERE, name)):
            package = importlib.import_module(name)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f'{name}.{module.name}')


def told_by_stories():
    """The committed captures, which record.py makes anew on real stacks."""
    for name in os.listdir(CAPTURES):
        file = os.path.join(CAPTURES, name, 'expected.json')
        if os.path.exists(file):
            with open(file, encoding='utf-8') as source:
                for connection in json.load(source).get('connections', ()):
                    yield connection.get('verdict')


class CoveredTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        load()
        cls.ids = catalogue()
        cls.wanted = set().union(*cls.ids.values())
        cls.shown = {slug for play in SCENARIOS for slug in play.shows} | set(told_by_stories())
        cls.near = {slug for play in SCENARIOS for slug in play.near}

    def test_the_catalogue_is_read(self):
        self.assertEqual({stage: len(ids) for stage, ids in self.ids.items()}, COUNTS)

    def test_every_diagnosis_is_shown(self):
        self.assertEqual(self.wanted - self.shown, set())

    def test_every_diagnosis_has_a_near_miss(self):
        self.assertEqual(self.wanted - self.near, set())

    def test_what_is_declared_exists(self):
        with open(CATALOGUE, encoding='utf-8') as source:
            known = set(re.findall(r'^DIAGNOSIS\((\w+),', source.read(), re.MULTILINE))
        declared = {slug for play in SCENARIOS for slug in play.shows + play.near}
        self.assertEqual(declared - known, set())

    def test_nothing_is_near_to_what_it_shows(self):
        both = [play.name for play in SCENARIOS if set(play.shows) & set(play.near)]
        self.assertEqual(both, [])


if __name__ == '__main__':
    unittest.main()
