#!/usr/bin/python3
"""usage: names.py PLUGIN VERSION [--add]

Holds the names that others build upon: fields and their types, preferences, reports of -z, keys and
words of the JSON. Each name in docs/names.txt must still be there; --add writes new ones into it.
The version must be the plugin's own, and the newest that CHANGELOG.md tells of.
"""
import json
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from plugged import Plugged  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIST = ROOT / "docs" / "names.txt"
SENTENCES = {"ruled_out"}  # no words, and nobody compares with them


def fields(tshark):
    for line in tshark.run("tshark", "-G", "fields").stdout.splitlines():
        kind, _, name, *rest = line.split("\t")
        if kind == "F" and re.match(r"diag(\.|$)", name):
            yield f"field {name} {rest[0]}"


def preferences(tshark):
    text = tshark.run("tshark", "-G", "defaultprefs").stdout
    for name in re.findall(r"^#?(diag\.\w+):", text, re.MULTILINE):
        yield f"preference {name}"


def reports(tshark):
    listed = tshark.run("tshark", "-z", "help")
    for name in re.findall(r"^ *(diag\S*)$", listed.stdout + listed.stderr, re.MULTILINE):
        yield f"report {name}"
    capture = tshark.lend(ROOT / "captures" / "port-refused" / "capture.pcapng")
    refused = tshark.run("tshark", "-q", "-r", capture, "-z", "diag,nonsense", check=False).stderr
    for name in re.search(r"neither a report \((.*?)\)", refused).group(1).split(", "):
        yield f"report diag,{name}"


def keys():
    schema = json.loads((ROOT / "docs" / "json-schema.json").read_text(encoding="utf-8"))
    for name, what in schema["$defs"].items():
        for word in what.get("enum", []) if name not in SENTENCES else []:
            yield f"word {name} {word}"
        for key in what.get("properties", {}):
            yield f"key {name}.{key}"


def version_complaints(tshark, version):
    listed = tshark.run("tshark", "-G", "plugins").stdout
    loaded = re.search(r"^diag\.so\s+(\S+)", listed, re.MULTILINE).group(1)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", changes, re.MULTILINE).group(1)
    for place, found in (("the plugin", loaded), ("CHANGELOG.md", newest)):
        if found != version:
            yield f"{place} says version {found}, CMakeLists.txt {version}"


def main():
    plugin, version, *add = sys.argv[1:]
    with Plugged(plugin) as tshark:
        present = {*fields(tshark), *preferences(tshark), *reports(tshark), *keys()}
        wrong = list(version_complaints(tshark, version))
    frozen = set(LIST.read_text(encoding="utf-8").splitlines()) if LIST.exists() else set()
    new, gone = sorted(present - frozen), sorted(frozen - present)
    if add:
        LIST.write_text("".join(f"{name}\n" for name in sorted(present | frozen)), encoding="utf-8")
    wrong += [f"gone or renamed: {name}" for name in gone]
    print("\n".join(wrong) or f"{len(frozen)} names are still there")
    if new and not add:
        print(f"{len(new)} names are new; names.py --add freezes them:", *new[:10], sep="\n  ")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
