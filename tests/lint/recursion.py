#!/usr/bin/python3
"""usage: recursion.py BUILD_DIRECTORY

No function of core and plugin calls itself, directly or by way of others: input that nests cannot
exhaust the stack. gcc tells who calls whom; calls through pointers are not followed.
"""
import concurrent.futures
import graphlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

TOOL = "gcc"
SKIPPED = 77
PRODUCT = ("heuristics", "plugin")
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')


def commands(tree, room):
    root = pathlib.Path.cwd()
    for entry in json.loads((tree / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(root) or path.relative_to(root).parts[0] not in PRODUCT:
            continue
        words = shlex.split(entry["command"])
        kept = [word for i, word in enumerate(words)
                if word.startswith(("-D", "-I", "-isystem", "-std")) or words[i - 1] == "-isystem"]
        name = "_".join(path.relative_to(root).parts)
        yield [TOOL, *kept, "-w", "-O0", "-fcallgraph-info", "-c", str(path),
               "-o", str(room / f"{name}.o")]


def calls(room):
    """{function: those that it calls}; the name of a static one has its file's in front."""
    graph = {}
    for file in room.glob("*.ci"):
        for caller, callee in EDGE.findall(file.read_text()):
            graph.setdefault(caller, set()).add(callee)
    return graph


def main():
    if not shutil.which(TOOL):
        print(f"{TOOL} is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        room = pathlib.Path(directory)
        todo = list(commands(pathlib.Path(sys.argv[1]), room))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(lambda words: subprocess.run(words, check=True), todo):
                pass
        graph = calls(room)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        print("calls itself: " + " calls ".join(reversed(error.args[1])))
        return 1
    print(f"{len(graph)} functions: none calls itself")
    return not graph


if __name__ == "__main__":
    sys.exit(main())
