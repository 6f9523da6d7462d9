"""A C file as the search for mutants sees it: which function a token belongs to, whether it must
stay constant, and where the operands of a sign begin and end."""
from ctokens import partners, tokens

ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
ENDS = ASSIGNMENTS | {";", ",", "?", ":"}
STOPS = {"return", "case", "else", "do", "goto"}
BRACKETS = {"(", ")", "[", "]", "{", "}"}


class Source:
    def __init__(self, text):
        self.text = text
        self.toks = tokens(text)
        self.partner = partners(self.toks)
        self.function = [None] * len(self.toks)  # or variable, or macro; None: not to be touched
        self.frozen = [False] * len(self.toks)   # in a constant expression
        self.macro = [None] * len(self.toks)
        i = 0
        while i < len(self.toks):
            i = self.place(i)
        self.freeze_macros()

    def is_sign(self, i, text):
        return self.toks[i].kind == "sign" and self.toks[i].text == text

    # ---- where a token stands

    def place(self, i):
        """Places what begins here, outside of functions; returns where it ends."""
        if self.toks[i].kind == "define":
            end = next(j for j in range(i, len(self.toks)) if self.toks[j].kind == "end")
            self.macro[i + 1:end] = [self.toks[i].text] * (end - i - 1)
            self.mark(i + 1, end, self.toks[i].text, False)
            return end
        if not self.is_sign(i, "{"):
            return i + 1
        end = self.partner[i]
        if self.is_sign(i - 1, ")"):
            self.place_function(i, end)
        elif self.is_sign(i - 1, "="):
            self.mark(i, end, self.name_before(i - 1), True)
        return end

    def mark(self, start, end, function, frozen):
        for i in range(start, end):
            self.function[i], self.frozen[i] = function, frozen

    def name_before(self, i):
        """Of the function whose parameters, or the variable whose sizes, end before i."""
        while self.toks[i - 1].text in (")", "]"):
            i = self.partner[i - 1]
        return self.toks[i - 1].text

    def place_function(self, start, end):
        name = self.name_before(start)
        self.mark(start, end, name, False)
        for i in range(start, end):
            word = self.toks[i].text
            if word == "static":
                self.mark(i, self.until(i, ";"), name, True)
            elif word == "case":
                self.mark(i, self.until(i, ":"), name, True)
            elif word == "sizeof" and self.is_sign(i + 1, "("):
                self.mark(i, self.partner[i + 1], None, False)

    def until(self, i, text):
        while not self.is_sign(i, text):
            i = max(i, self.partner.get(i, i)) + 1
        return i

    def freeze_macros(self):
        """A macro that stands in a constant expression is one, with all that it stands for."""
        todo = {self.toks[i].text for i in range(len(self.toks)) if self.wants_constant(i)}
        done = set()
        while todo:
            name = todo.pop()
            done.add(name)
            for i, macro in enumerate(self.macro):
                if macro == name:
                    self.frozen[i] = True
                    todo |= {self.toks[i].text} - done

    def wants_constant(self, i):
        if self.toks[i].kind != "word" or self.macro[i]:
            return False
        return self.function[i] is None or self.frozen[i] or self.sizes_array(i)

    def sizes_array(self, i):
        """name[SIZE] of a declaration: a type stands before the name."""
        while i and self.toks[i].text not in ENDS | BRACKETS:
            i -= 1
        if not self.is_sign(i, "["):
            return False
        while self.is_sign(i - 1, "]"):
            i = self.partner[i - 1]
        before = self.toks[i - 2]
        return before.text == "*" or (before.kind == "word" and before.text not in STOPS)

    # ---- operands

    def is_binary(self, i):
        before = self.toks[i - 1]
        return before.kind in ("word", "number", "text") or before.text in (")", "]")

    def is_end(self, i, also):
        tok = self.toks[i]
        if tok.kind in ("define", "end") or tok.text in STOPS:
            return True
        if tok.kind != "sign":
            return False
        return tok.text in ENDS | BRACKETS or (tok.text in also and self.is_binary(i))

    def edge(self, i, step, also):
        """Where the expression beside i ends: at a bracket around it, or a sign that binds less."""
        i += step
        while True:
            other = self.partner.get(i, i)
            if (other - i) * step > 0:
                i = other
            elif self.is_end(i, also):
                return i - step
            i += step

    def after_unary(self, i):
        """The last token of the operand that begins at i."""
        while self.toks[i].text in ("!", "*", "&", "-", "~"):
            i += 1
        i = self.partner.get(i, i)
        while self.toks[i + 1].text in ("(", "[", "->", "."):
            i = self.partner.get(i + 1, i + 2)
        return i + 1 if self.toks[i + 1].text in ("++", "--") else i
