"""Compiles one file of the core with one mutant in it for good."""
import json
import pathlib
import shlex
import subprocess


class Compiler:
    def __init__(self, tree):
        self.tree = pathlib.Path(tree).resolve()
        self.scratch = self.tree / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self.original = {}
        list_of_commands = self.tree.parent.parent / "compile_commands.json"
        commands = json.loads(list_of_commands.read_text("utf-8"))
        self.command = {pathlib.Path(one["file"]).name: shlex.split(one["command"])
                        for one in commands}

    def compile(self, file, number, output, *options):
        """False if the compiler refuses."""
        command = list(self.command["mutated_" + file.replace("/", "_")])
        command[command.index("-o") + 1] = str(output)
        done = subprocess.run([*command, f"-DMUTANT_ONLY={number}", *options], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def object_code(self, file, number):
        """As users run it, or None."""
        output = self.scratch / "one.o"
        if not self.compile(file, number, output, "-O2", "-fno-sanitize=undefined"):
            return None
        return output.read_bytes()

    def is_same(self, file, number):
        """No mutant at all: the compiler refuses it, or makes the same of it."""
        if file not in self.original:
            self.original[file] = self.object_code(file, -1)
        return self.object_code(file, number) in (None, self.original[file])

    def library(self, file, number):
        """To be loaded before the core, in whose place it defines what the file defines."""
        if self.is_same(file, number):
            return None
        compiled, output = self.scratch / "frozen.o", self.scratch / "frozen.so"
        self.compile(file, number, compiled)
        subprocess.run(["cc", "-shared", "-o", output, compiled], check=True)
        return output
