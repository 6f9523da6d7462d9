#!/usr/bin/python3
"""What counts as a mutant, and how it is written into a file."""
import pathlib
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from mutants import Mutants  # noqa: E402


def function(body):
    return Mutants(f"static int f(int a, int b)\n{{\n{body}\n}}\n")


def afters(text):
    return [mutant.after for mutant in function(text).found]


class Search(unittest.TestCase):
    def test_comparisons_move_by_one(self):
        for sign, other in (("<", "<="), (">=", ">"), ("==", "!=")):
            self.assertEqual(afters(f"return a {sign} b;"), [f"return a {other} b;"])

    def test_constants_become_zero_and_more(self):
        self.assertEqual(afters("return 5;"), ["return 0;", "return 6;", "return 10;"])
        self.assertEqual(afters("return 1;"), ["return 0;", "return 2;"])
        self.assertEqual(afters("return 0;"), ["return 1;"])
        self.assertEqual(afters("return INT64_C(7);"),
                         ["return INT64_C(0);", "return INT64_C(8);", "return INT64_C(14);"])

    def test_each_condition_of_a_chain_is_dropped_once(self):
        self.assertEqual(afters("return a && b && f(a);"),
                         ["return b && f(a);", "return a && f(a);", "return a && b ;"])

    def test_conditions_are_negated_but_a_mere_comparison_only_once(self):
        self.assertEqual(afters("if (a)\n return b;"), ["if (!(a))"])
        self.assertEqual(afters("if (!a)\n return b;"), ["if (a)"])
        self.assertEqual(afters("if (a == b)\n return b;"), ["if (a != b)"])
        self.assertEqual(afters("return a ? b : a;"), ["return !(a) ? b : a;"])

    def test_sizes_and_zero_initializers_are_left_alone(self):
        self.assertEqual(afters("char text[32]; struct x y = {0};"), [])

    def test_macros_and_tables_are_mutated_too(self):
        found = Mutants("#define MOST 3\nstatic const int t[] = {MOST, 4};\n").found
        self.assertEqual({mutant.function for mutant in found}, {"MOST", "t"})
        self.assertTrue(all(mutant.frozen for mutant in found))

    def test_signs_in_texts_and_comments_are_none(self):
        self.assertEqual(afters('puts("a < 3"); /* b == 4 */ // 5'), [])


class Writing(unittest.TestCase):
    def test_wraps_are_well_nested(self):
        written = function("return a < b && b == a;").instrumented()
        self.assertIn("return WITHOUT_AND(LESS(a , b)) && WITHOUT_AND(SAME(b , a));",
                      re.sub(r"(?<=\()\d+, ", "", written))

    def test_lines_keep_their_numbers(self):
        mutants = function("if (!a &&\n    f(b, 3) > a)\n    return a ? b : 0;")
        self.assertEqual(mutants.instrumented().count("\n"), mutants.src.text.count("\n"))


if __name__ == "__main__":
    unittest.main()
