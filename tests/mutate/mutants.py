#!/usr/bin/python3
"""usage: mutants.py CORE OUTPUT

Writes copies of the C files of the core that are all their mutants at once: each place that can
be wrong asks at run time whether it is (mutant.h). So one build has every mutant, and it is known
which of them a story reaches.
"""
import pathlib
import re
import sys
from typing import NamedTuple

from source import Source

OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
MACRO = {"<": "LESS", "<=": "AT_MOST", ">": "MORE", ">=": "AT_LEAST", "==": "SAME",
         "!=": "DIFFERENT"}
LOOSER = {"&&", "||", "&", "|", "^"}  # bind less than a comparison
NUMBER = re.compile(r"(U?INT\d+_C\()?(0[xX][0-9a-fA-F]+|\d+\.\d+|\d+e-?\d+|\d+)(.*)")


class Mutant(NamedTuple):
    function: str
    line: int
    before: str
    after: str
    nth: int  # of those that read the same
    frozen: bool  # needs a compilation of its own

    def key(self, file):
        return file, self.function, self.before, self.after, self.nth


class Mutants:
    def __init__(self, text):
        self.src = Source(text)
        self.found, self.wraps, self.seen = [], [], {}
        for i, tok in enumerate(self.src.toks):
            if self.src.function[i] is None:
                continue
            if tok.kind == "number":
                self.constants(i)
            elif not self.src.frozen[i] and tok.kind in ("sign", "word"):
                self.signs(i, tok.text)

    def signs(self, i, text):
        if text in OTHER:
            self.comparison(i, text)
        elif text in ("&&", "||"):
            self.conditions(i, text)
        elif text == "!":
            self.negated_operand(i)
        elif text == "if":
            self.negation(i, i + 2, self.src.partner[i + 1] - 1)
        elif text == "?":
            self.negation(i, self.src.edge(i, -1, set()), i - 1)

    # ---- the kinds

    def comparison(self, i, sign):
        also = LOOSER | set(OTHER)
        first, last = self.src.edge(i, -1, also), self.src.edge(i, 1, also)
        tok = self.src.toks[i]
        number = self.add(i, [(tok.start, tok.end, OTHER[sign])])
        self.wrap(first, last, f"{MACRO[sign]}({number}, ", ")", (tok.start, tok.end, ","))

    def constants(self, i):
        tok = self.src.toks[i]
        if self.src.sizes_array(i) or self.is_zero_initializer(i):
            return
        opened, digits, suffix = NUMBER.fullmatch(tok.text).groups()
        if re.search(r"\.|^\d+e", digits):
            others = {float(digits) * 2, 0}
        else:
            value = int(digits, 0)
            others = {value + 1, value * 2, 0} - {value}
        text = tok.text
        for other in sorted(others):
            mutant = f"{opened or ''}{other}{suffix}"
            number = self.add(i, [(tok.start, tok.end, mutant)])
            macro = "FROZEN" if self.src.frozen[i] else "MUTANT"
            text = f"({macro}({number}) ? {mutant} : {text})"
        self.wraps.append((tok.start, tok.end, "", "", (tok.start, tok.end, text)))

    def is_zero_initializer(self, i):
        around = [tok.text for tok in self.src.toks[i - 1:i + 2]]
        return around == ["{", "0", "}"]

    def negation(self, i, first, last):
        """Of a whole condition; one that is a mere == or != is negated there."""
        inside = {tok.text for tok in self.src.toks[first:last]}
        if inside & {"==", "!="} and not inside & {"&&", "||"}:
            return
        start, end = self.span(first, last)
        text = self.src.text[start:end]
        alone = text[0] == "!" and last == self.src.after_unary(first)
        number = self.add(i, [(start, end, text[1:] if alone else f"!({text})")])
        self.wrap(first, last, f"NEGATED({number}, ", ")")

    def negated_operand(self, i):
        """!x in the middle of something: alone in an if, it is negated there."""
        last = self.src.after_unary(i + 1)
        before, after = self.src.toks[i - 1], self.src.toks[last + 1]
        alone = (before.text, after.text) == ("(", ")") and self.src.toks[i - 2].text == "if"
        if before.text == "!" or alone or after.text == "?":
            return
        tok = self.src.toks[i]
        self.wrap(i, last, f"NEGATED({self.add(i, [(tok.start, tok.end, '')])}, ", ")")

    def conditions(self, i, sign):
        """a && b becomes b, and a. The left of a && b && c is dropped at the first &&."""
        also = {"&&", "||"}
        first, last = self.src.edge(i, -1, also), self.src.edge(i, 1, also)
        macro = "WITHOUT_AND" if sign == "&&" else "WITHOUT_OR"
        if self.src.toks[first - 1].text != sign:
            self.drop(macro, i, first, i - 1, (first, i))
        self.drop(macro, i, i + 1, last, (i, last))

    def drop(self, macro, i, first, last, gone):
        start, end = self.span(*gone)
        number = self.add(i, [(start, end, "")])
        self.wrap(first, last, f"{macro}({number}, ", ")")

    # ---- writing

    def span(self, first, last):
        return self.src.toks[first].start, self.src.toks[last].end

    def wrap(self, first, last, before, after, inside=None):
        self.wraps.append((*self.span(first, last), before, after, inside))

    def add(self, i, edits):
        start = min(edit[0] for edit in edits)
        end = max(edit[1] for edit in edits)
        text = self.src.text
        first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        before = mutated = text[first:last]
        for begin, stop, new in sorted(edits, reverse=True):
            mutated = mutated[:begin - first] + new + mutated[stop - first:]
        function = self.src.function[i]
        read = function, plain(before), plain(mutated)
        nth = self.seen[read] = self.seen.get(read, 0) + 1
        line = text.count("\n", 0, start) + 1
        self.found.append(Mutant(*read[:1], line, *read[1:], nth, self.src.frozen[i]))
        return len(self.found) - 1

    def instrumented(self):
        """Wraps are well nested. Of two that begin or end together the wider is outside; of two
        around the same, the one that does not take its operands apart."""
        edits = []
        wraps = sorted(self.wraps, key=lambda wrap: wrap[4] is not None)
        for order, (start, end, before, after, inside) in enumerate(wraps):
            edits.append((start, 1, -end, order, start, before))
            edits.append((end, 0, -start, -order, end, after))
            if inside:
                edits.append((inside[0], 2, 0, 0, inside[1], inside[2]))
        out, at = [], 0
        for where, *_, upto, new in sorted(edits):
            out += [self.src.text[at:where], new]
            at = max(at, upto)
        return "".join(out) + self.src.text[at:]


def plain(text):
    return " ".join(text.split())


def write_copy(source, name, output):
    mutants = Mutants(source.read_text(encoding="utf-8"))
    text = (f'#define MUTATED_FILE "{name}"\n#define MUTANTS {max(1, len(mutants.found))}\n'
            f'#include "mutant.h"\n#line 1 "{source}"\n{mutants.instrumented()}')
    # What is as it was is not compiled again.
    if not output.exists() or output.read_text(encoding="utf-8") != text:
        output.write_text(text, encoding="utf-8")


def main():
    core, output = map(pathlib.Path, sys.argv[1:])
    for source in core.rglob("*.c"):
        name = str(source.relative_to(core))
        write_copy(source, name, output / f"mutated_{name.replace('/', '_')}")


if __name__ == "__main__":
    main()
