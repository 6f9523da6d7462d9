#!/usr/bin/python3
"""usage: with_keys.py PLUGIN CATALOGUE DIRECTORY

Every DIRECTORY/*.pcapng holds TLS sessions and their keys. With the keys taken out, diag must come
to the same outcome, and blame the same; its verdict must be the same, or one that the verdict with
keys explains (CATALOGUE markdown lists that). Prints one line for each connection.
"""
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from plugged import Plugged  # noqa: E402

SECRETS = 0x0000000A  # pcapng's Decryption Secrets Block
KNOWN_BY_KEYS = set("oxyft")  # letters that only the keys add to the history of TLS 1.3


def blocks(data):
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 4:at + 8], "little")
        yield int.from_bytes(data[at:at + 4], "little"), data[at:at + length]
        at += length


def without_keys(data):
    kept = [block for kind, block in blocks(data) if kind != SECRETS]
    if b"".join(kept) == data:
        sys.exit("there are no keys to take out")
    return b"".join(kept)


def explanations(catalogue):
    """id -> ids that it explains, directly or not."""
    text = subprocess.run([catalogue, "markdown"], check=True, text=True,
                          capture_output=True).stdout
    explains = {}
    for line in text.splitlines():
        if line.startswith("### "):
            name = line.split()[1]
        elif line.startswith("**Explains"):
            explains[name] = set(re.findall(r"\(#(\w+)\)", line))
    changed = bool(explains)
    while changed:
        changed = False
        for found in explains.values():
            more = set().union(*(explains.get(one, set()) for one in found)) - found
            found |= more
            changed |= bool(more)
    return explains


def connections(plugged, capture):
    text = plugged.run("tshark", "-n", "-q", "-r", capture, "-z", "diag,json").stdout
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if line["type"] == "connection"]


def verdict(connection):
    for finding in connection["findings"]:
        if finding["id"] == connection["verdict"]:
            return finding
    return {"id": None, "blame": None}


def complaints(keyless, keyed, explains):
    if keyless["outcome"] != keyed["outcome"]:
        yield f"outcome {keyless['outcome']} becomes {keyed['outcome']}"
    guess, known = verdict(keyless), verdict(keyed)
    if guess["blame"] != known["blame"]:
        yield f"blame {guess['blame']} becomes {known['blame']}"
    if guess["id"] != known["id"] and guess["id"] not in explains.get(known["id"], ()):
        yield f"{known['id']} does not explain {guess['id']}"
    if keyed["tls"]["version"] == 0x0304 and not KNOWN_BY_KEYS & set(keyed["tls"]["history"]):
        yield f"nothing was decrypted: {keyed['tls']['history']}"
    if not keyed["tls"]["certificate"]:
        yield "the certificate was not read"


def main():
    plugin, catalogue, directory = sys.argv[1:]
    explains = explanations(catalogue)
    failed = told = 0
    with Plugged(plugin) as plugged:
        for file in sorted(pathlib.Path(directory).glob("*.pcapng")):
            keyed = plugged.lend(file)
            keyless = plugged.home / f"no-keys-{file.name}"
            keyless.write_bytes(without_keys(file.read_bytes()))
            keyless.chmod(0o644)
            for pair in zip(connections(plugged, keyless), connections(plugged, keyed)):
                found = list(complaints(*pair, explains))
                failed += bool(found)
                told += 1
                print(f"{file.name}: {pair[1]['outcome']}, {pair[0]['verdict']} -> "
                      f"{pair[1]['verdict']}", *found, sep="\n  ")
    return 1 if failed or not told else 0


if __name__ == "__main__":
    sys.exit(main())
