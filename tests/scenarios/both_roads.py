#!/usr/bin/python3
"""usage: both_roads.py SCENARIO PLUGIN FILE.scn...

Tells every scenario twice: to the core (scenario --findings), and as a capture to tshark with the
plugin (-z diag,json, in one pass and with -2). What the core found must be what tshark prints. The
stories number their streams as Wireshark 4.0 does; of later versions, only the order is compared.
"""
import concurrent.futures
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import pcap  # noqa: E402
from plugged import Plugged  # noqa: E402


def scenario(binary, option, file):
    text = subprocess.run([binary, option, file], check=True, text=True,
                          capture_output=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def by_identity(objects):
    """Connections by stream, hosts by what they say, the capture."""
    found = {}
    for entry in objects:
        key = (entry["type"], entry.get("stream"), entry.get("id"), str(entry.get("streams")))
        found.setdefault(key, []).append(entry)
    return found


def differences(core, tshark, where=""):
    """Everything that the core says and tshark does not say alike; it may say more."""
    if isinstance(core, dict) and isinstance(tshark, dict):
        for key, value in core.items():
            if key not in tshark:
                yield f"{where}{key}: tshark has no such key"
            else:
                yield from differences(value, tshark[key], f"{where}{key}.")
    elif isinstance(core, list) and isinstance(tshark, list):
        if len(core) != len(tshark):
            yield f"{where}: {len(core)} in the core, {len(tshark)} in tshark"
        for index, (one, other) in enumerate(zip(core, tshark)):
            yield from differences(one, other, f"{where}{one_name(one, index)}.")
    elif core != tshark:
        yield f"{where.rstrip('.')}: core {core!r}, tshark {tshark!r}"


def one_name(entry, index):
    return f"{entry['id']}[{index}]" if isinstance(entry, dict) and "id" in entry else str(index)


def in_order(objects):
    """The same objects, with their streams numbered as they come."""
    streams = sorted({entry["stream"] for entry in objects if entry.get("stream") is not None})
    number = {stream: at for at, stream in enumerate(streams)}
    return [{**entry,
             **({"stream": number.get(entry["stream"])} if "stream" in entry else {}),
             **({"streams": [number[one] for one in entry["streams"]]} if "streams" in entry
                else {})} for entry in objects]


def compare(core, tshark):
    ours, theirs = by_identity(core), by_identity(tshark)
    for key in ours.keys() | theirs.keys():
        name = " ".join(str(part) for part in key if part not in (None, "None")) + ": "
        if key not in theirs or key not in ours:
            yield f"{name}only in {'the core' if key in ours else 'tshark'}"
        else:
            yield from differences(ours[key], theirs[key], name)


def tell(binary, plugged, file):
    """What differs between the roads for one scenario."""
    facts = scenario(binary, "--facts", file)
    if any(fact.get("decrypted") for fact in facts):
        return []  # tshark has no keys for bytes that were never encrypted
    core = scenario(binary, "--findings", file)
    capture = plugged.home / (pathlib.Path(file).stem + ".pcapng")
    pcap.write(facts[1:], capture)
    capture.chmod(0o644)
    preferences = [word for name, value in facts[0].items() if name != "kind"
                   for word in ("-o", f"diag.{name}:{value}")]
    command = ["tshark", "-n", "-q", "-r", capture, "-z", "diag,json", *preferences]
    once, twice = (plugged.run(*command, *passes).stdout for passes in ([], ["-2"]))
    printed = [json.loads(line) for line in once.splitlines()]
    if plugged.version != "4.0":
        core, printed = in_order(core), in_order(printed)
    found = list(compare(core, printed))
    if once != twice:
        found.append("tshark says something else with -2")
    return found


def main():
    binary, plugin, *files = sys.argv[1:]
    failed = 0
    with Plugged(plugin) as plugged, concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda file: tell(binary, plugged, file), files)
        for file, found in zip(files, results):
            failed += bool(found)
            for difference in found:
                print(f"{file}: {difference}")
    print(f"{len(files)} scenarios told by both roads, {failed} with differences")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
