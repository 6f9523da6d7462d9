#!/usr/bin/python3
"""usage: instructions.py PLUGIN STEADY [PACKETS]

Instructions that tshark executes for a report, counted by callgrind: dissection, taps and the
final drawing, without start-up. Fails if the plugin's report takes more than LIMIT times those of
"-z conv,tcp" without it. STEADY is the library that makes the count the same every time.
"""
import concurrent.futures
import re
import shutil
import sys

from pair import pair, report

LIMIT = 1.08
SKIPPED = 77
COUNTED = ("epan_dissect_run_with_taps", "draw_tap_listeners")
CALLGRIND = ["setarch", "-R", "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             *(f"--toggle-collect={function}" for function in COUNTED)]


def count(tshark, which, capture, steady):
    tshark.environment["LD_PRELOAD"] = str(tshark.lend(steady))
    done = tshark.run(*CALLGRIND, *report(which, capture))
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def main():
    packets = int(sys.argv[3]) if len(sys.argv) > 3 else 25_000
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        return SKIPPED
    with pair(sys.argv[1], packets) as (tsharks, capture), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        counts = dict(zip(tsharks, pool.map(
            lambda which: count(tsharks[which], which, capture, sys.argv[2]), tsharks)))
    ratio = counts["with"] / counts["without"]
    print(f"{packets} packets: {counts['without']} instructions without, "
          f"{counts['with']} with the plugin: {ratio:.4f} times (limit {LIMIT})")
    return ratio > LIMIT


if __name__ == "__main__":
    sys.exit(main())
