"""Tokens of a C file, with partners of brackets: enough to find operands in code that clang-format
wrote, and no parser is needed."""
import re
from typing import NamedTuple

SPACE = re.compile(r"(?:\s|\\\n|/\*.*?\*/|//[^\n]*)+", re.S)
DIRECTIVE = re.compile(r"#(?:\\\n|/\*.*?\*/|[^\n])*", re.S)
DEFINE = re.compile(r"#\s*define\s+(\w+)(\([^)]*\))?")
TOKEN = re.compile(r"""
    (?P<text>L?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<number>U?INT\d+_C\(\w+\)|\d+\.\d+|\d+e-?\d+|0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<sign>\.\.\.|<<=|>>=|->|\+\+|--|&&|\|\||\#\#|[<>=!+\-*/%&|^]=|<<|>>|.)""", re.X)
OPENING = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    kind: str  # text, number, word, sign; define and end enclose the body of a macro
    text: str
    start: int
    end: int


def body_of_macro(text, start, end):
    define = DEFINE.match(text, start, end)
    if not define:
        return
    yield Token("define", define[1], start, start)
    yield from scan(text, define.end(), end)
    yield Token("end", ";", end, end)


def scan(text, at, end):
    while at < end:
        space = SPACE.match(text, at, end)
        if space:
            at = space.end()
            continue
        if text[at] == "#" and not text[text.rfind("\n", 0, at) + 1:at].strip():
            directive = DIRECTIVE.match(text, at, end)
            yield from body_of_macro(text, at, directive.end())
            at = directive.end()
            continue
        found = TOKEN.match(text, at, end)
        yield Token(found.lastgroup, found[0], at, found.end())
        at = found.end()


def tokens(text):
    return list(scan(text, 0, len(text)))


def partners(toks):
    """The index of the other bracket, for each bracket."""
    partner, opened = {}, []
    for i, tok in enumerate(toks):
        if tok.kind == "sign" and tok.text in OPENING:
            opened.append(i)
        elif tok.kind == "sign" and tok.text in OPENING.values():
            start = opened.pop()
            partner[start], partner[i] = i, start
    return partner
