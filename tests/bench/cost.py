#!/usr/bin/python3
"""usage: cost.py PLUGIN [PACKETS]

What a report costs: CPU time of "tshark -q -z diag,conv" with the plugin against
"tshark -q -z conv,tcp" without it, over a generated capture of 500 000 packets. Prints the medians
of 7 interleaved pairs and their ratio, and fails above the limit. Needs a quiet machine: a
difference of 2 % means nothing (instructions.py counts exactly).
"""
import os
import statistics
import sys

from pair import pair, report

PAIRS = 7
LIMIT = 1.10


def cpu_seconds(tshark, which, capture):
    before = os.times()
    tshark.run(*report(which, capture))
    after = os.times()
    return (after.children_user - before.children_user +
            after.children_system - before.children_system)


def measure(tsharks, capture):
    """Seconds by which; the first, uncounted round fills the system's caches."""
    times = {which: [] for which in tsharks}
    for turn in range(PAIRS + 1):
        for which, tshark in tsharks.items():
            seconds = cpu_seconds(tshark, which, capture)
            if turn:
                times[which].append(seconds)
    return times


def main():
    packets = int(sys.argv[2]) if len(sys.argv) > 2 else 500_000
    with pair(sys.argv[1], packets) as (tsharks, capture):
        times = measure(tsharks, capture)
    medians = {which: statistics.median(seconds) for which, seconds in times.items()}
    for which, seconds in times.items():
        print(f"{which:8}{medians[which]:.2f} s, median of",
              " ".join(f"{second:.2f}" for second in sorted(seconds)))
    ratio = medians["with"] / medians["without"]
    print(f"{packets} packets: {ratio:.3f} times the CPU (limit {LIMIT})")
    return ratio > LIMIT


if __name__ == "__main__":
    sys.exit(main())
