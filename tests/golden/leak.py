#!/usr/bin/python3
"""usage: leak.py PLUGIN HEAP [CYCLES] [CAPTURE...]

One sharkd loads captures and looks into them, in cycles; HEAP is preloaded and tells the bytes it
holds after each. With diag they must not grow more than without: nothing of a closed capture stays.
The first cycles fill caches and do not count. sharkd itself loses 12 MB a load, give or take a few
KB: what is smaller than that is for valgrind (docs/reliability.md).
"""
import pathlib
import signal
import sys
import time

import conversation
import pairs
from plugged import Plugged

WARM_UP = 3
CYCLES = 10
SLACK = 4096  # bytes a cycle
PATIENCE = 60
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOOKS = [("frames", {"column0": "diag.summary:0", "column1": "_ws.col.Info:0"}),
         ("tap", {"tap0": "expert", "tap1": "nstat:diag,table", "tap2": "stat:diag_tree"}),
         ("frames", {"filter": "diag.conn.outcome == \"failed\" || tcp.flags.reset == 1"})]
FRAMES = range(1, 60, 3)


class Sharkd(conversation.Conversation):
    """Also tells how much memory it holds."""

    def __init__(self, plugged, heap):
        self.noted = plugged.home / "heap"
        self.noted.touch()
        self.noted.chmod(0o666)
        plugged.environment.update(DIAG_HEAP=str(self.noted), LD_PRELOAD=str(heap))
        super().__init__(pairs.Command(["sharkd"], plugged))

    def heap(self):
        before = len(self.noted.read_text())
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + PATIENCE
        while len(text := self.noted.read_text()) == before or not text.endswith("\n"):
            if time.monotonic() > deadline:
                sys.exit("sharkd does not tell its heap")
            time.sleep(0.01)
        return int(text.split()[-1])


def cycle(sharkd, captures):
    for capture in captures:
        if not sharkd.load(capture):
            sys.exit(f"sharkd reads nothing in {capture}")
        for method, params in LOOKS:
            sharkd.ask(method, params)
        for frame in FRAMES:
            sharkd.ask("frame", {"frame": frame, "proto": True})


def growth(plugin, heap, captures, cycles):
    """Bytes a cycle."""
    with Plugged(plugin) as plugged:
        sizes = []
        with Sharkd(plugged, plugged.lend(heap)) as sharkd:
            for _ in range(WARM_UP + cycles):
                cycle(sharkd, captures)
                sizes.append(sharkd.heap())
    return (sizes[-1] - sizes[WARM_UP - 1]) / cycles


def main():
    plugin, heap, cycles, *paths = [*sys.argv[1:], *[CYCLES][len(sys.argv) - 3:]]
    paths = paths or [ROOT / "captures", ROOT / "tests" / "golden" / "keys" / "tls13-healthy.pcapng"]
    with pairs.room() as directory:
        _, captures = pairs.prepare(paths, directory, 250000)
        stock, ours = (growth(one, heap, captures, int(cycles)) for one in (None, plugin))
    print(f"{len(captures)} files, {cycles} cycles: the heap grows by {stock:.0f} bytes a cycle "
          f"without diag, by {ours:.0f} with it")
    return ours - stock > SLACK


if __name__ == "__main__":
    sys.exit(main())
