#!/usr/bin/python3
"""usage: linear.py HOSTILE [STORY[=PACKETS]...]

Feeds the core every story of made-up traffic twice: some packets, and four times as many. Fails
where that takes more than 2.5 times as long for each doubling, or where one connection needs more
memory for more packets. A busy machine makes a process slower, never faster: the shortest of some
runs counts, and only what still looks too slow is run again.
"""
import os
import subprocess
import sys

PACKETS = 8_000
TIMES = 4
SLOWER = 2.5 ** 2
RUNS = 7
# CPU time that start-up and the clock's own grain cannot be told from.
SETTLED = 0.02
# What one connection may keep of packets that come later: the lists that are bounded fill up.
KEPT_KILOBYTES = 2048
# Stories of few connections, whatever their length.
OF_ONE = """one_byte unacknowledged leaps ack_storm sack_storm reversed holes again resets probes
slow_answers stalls clock copies long_message small_records many_messages
many_alerts""".split()
# Hundreds of records or messages in a packet; of the rest it takes more packets to be measured.
DEAR = "small_records", "many_messages"


def run(program, story, packets):
    """(CPU seconds, kilobytes)"""
    child = subprocess.Popen([program, story, str(packets)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{story}: status {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss


class Story:
    def __init__(self, program, name, packets):
        self.program, self.name = program, name
        self.packets = [packets, packets * TIMES]
        self.seconds = [float("inf")] * 2
        self.kilobytes = [0, 0]

    def measure(self):
        for i, packets in enumerate(self.packets):
            seconds, self.kilobytes[i] = run(self.program, self.name, packets)
            self.seconds[i] = min(self.seconds[i], seconds)

    def ratio(self):
        return self.seconds[1] / max(self.seconds[0], SETTLED)

    def is_linear(self):
        """Too short to tell, or short enough."""
        return self.seconds[1] < SETTLED * 2 or self.ratio() <= SLOWER

    def complaints(self):
        if not self.is_linear():
            yield f"{self.name}: {self.ratio():.1f} times as long for {TIMES} times the packets"
        kept = self.kilobytes[1] - self.kilobytes[0]
        if self.name in OF_ONE and kept > KEPT_KILOBYTES:
            yield f"{self.name}: {kept} kB more for {self.packets[1] - self.packets[0]} packets"

    def __str__(self):
        per_packet = 1e6 * self.seconds[1] / self.packets[1]
        return (f"{self.name:18} {self.packets[1]:8} packets {self.seconds[1]:7.2f} s "
                f"{per_packet:6.1f} us each, {self.ratio():5.1f} times as long, "
                f"{self.kilobytes[1] // 1024:5} MB")


def stories(program, wanted):
    if not wanted:
        listed = subprocess.run([program], check=True, text=True, capture_output=True).stdout
        wanted = [line.split()[0] for line in listed.splitlines()]
    for word in wanted:
        name, _, packets = word.partition("=")
        usual = PACKETS * 8 if name in OF_ONE and name not in DEAR else PACKETS
        yield Story(program, name, int(packets or usual))


def main():
    found = []
    for story in stories(sys.argv[1], sys.argv[2:]):
        for _ in range(RUNS):
            story.measure()
            if story.is_linear():
                break
        print(story, flush=True)
        found += story.complaints()
    print("\n".join(found) or "Four times the packets take at most "
          f"{SLOWER:.2f} times as long, and one connection no more memory.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
