#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes seeds for the fuzzers: usage: seeds.py FOLDER SCENARIO-RUNNER [TSHARK]

For fuzz_tls the TCP payloads of the recorded handshakes and of the captures, as they are, and in
disorder, repeated, cut and with holes; with tshark also what their keys decrypt. For fuzz_core and
fuzz_dns the facts of every scenario, as the scenario runner prints them; for fuzz_certificate the
certificates of the scenarios; for fuzz_argument what people ask for. For fuzz_plugin the frames of
the captures, when editcap is there, and of the scenarios, when scapy is.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import zlib

import seed_core
import seed_plugin
import seed_tls

ARGUMENTS = ('diag', 'diag,conv', 'diag,overview,tcp', 'diag,explain,3', 'diag,explain,tls',
             'diag,json,tcp.stream in {1,2}', 'diag,explain,3,ip.addr == 192.0.2.1', 'diagx',
             'diag,,')
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/scenarios'))
try:
    import pcap
except ImportError:
    pcap = None


def captures():
    recorded = ROOT / 'tests/stack/handshake/recorded'
    yield from sorted(recorded.glob('*/client.pcap'))
    yield from sorted((ROOT / 'captures').glob('*/*.pcapng'))


def write(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name.replace(' ', '-')).write_bytes(content)


def frames_of(facts):
    """A scenario as a seed of fuzz_plugin."""
    facts = [fact for fact in map(json.loads, facts.splitlines()) if fact['kind'] != 'settings']
    with tempfile.TemporaryDirectory() as folder:
        capture = pathlib.Path(folder) / 'capture.pcapng'
        pcap.write(facts[:seed_plugin.MOST_FRAMES], capture)
        return seed_plugin.seed(capture)


def main():
    folder, runner = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    tshark = sys.argv[3] if len(sys.argv) > 3 else None
    dice = random.Random(1)
    for file in captures():
        if tshark:
            write(folder / 'plugin', file.parent.name, seed_plugin.seed(file))
        for name, seed in seed_tls.seeds(file, tshark, dice):
            write(folder / 'tls', f'{file.parent.name}-{name}', seed)
    write(folder / 'tls', 'ssl2-hello', seed_tls.ssl2_hello())
    for file in sorted((ROOT / 'tests/scenarios/certificates').glob('*.der')):
        der = file.read_bytes()
        write(folder / 'certificate', file.stem, b'\0' + der)
        write(folder / 'certificate', f'{file.stem}-zlib',
              b'\1' + len(der).to_bytes(2, 'big') + zlib.compress(der))
    for number, text in enumerate(ARGUMENTS):
        write(folder / 'argument', str(number), text.encode())
    for file in sorted((ROOT / 'tests/scenarios').glob('*/*.scn')):
        facts = subprocess.run([runner, '--facts', file], capture_output=True, check=True,
                               cwd=file.parent).stdout.decode()
        core, dns = seed_core.seeds(facts, dice)
        for name, seed in core:
            write(folder / 'core', file.stem + name, seed)
        if pcap and tshark:
            write(folder / 'plugin', file.stem, frames_of(facts))
        if dns:
            write(folder / 'dns', file.stem, dns)


if __name__ == '__main__':
    main()
