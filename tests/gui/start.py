#!/usr/bin/python3
"""usage: start.py PLUGIN PROFILE DIRECTORY PICTURES

Opens DIRECTORY/capture.pcapng in Wireshark's window under Xvfb with the profile Diagnosis, and
compares the Diagnosis column, the tree and Expert Information with what tshark says. Screenshots
are left in PICTURES. Exits with 77 when a program that this takes is missing.
"""
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from plugged import Plugged, words  # noqa: E402

PROGRAMS = ["wireshark", "Xvfb", "openbox", "xdotool", "import", "dbus-run-session"]
SERVICE = pathlib.Path("/usr/share/dbus-1/services/org.a11y.Bus.service")
SKIPPED = 77


def missing():
    yield from (program for program in PROGRAMS if not shutil.which(program))
    if not SERVICE.exists():
        yield "at-spi2-core"
    if not importlib.util.find_spec("pyatspi"):
        yield "python3-pyatspi"


def furnish(plugged, profile):
    """The profile where wsdiag puts it, and a Wireshark that asks nothing."""
    config = plugged.home / "config"
    shutil.copytree(profile, config / "profiles" / "Diagnosis")
    (config / "preferences").write_text("gui.update.enabled: FALSE\ngui.ask_unsaved: FALSE\n"
                                        "gui.geometry.save.size: FALSE\n")
    for path in [config, *config.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        if plugged.options:
            shutil.chown(path, "nobody", "nogroup")


def look(plugged, script, *arguments):
    """What the windows show: a script in an X session of its own."""
    for name in ("windows.py", "steps.py"):
        plugged.lend(pathlib.Path(__file__).with_name(name))
    server = plugged.start("Xvfb", "-displayfd", "1", "-ac", "-nolisten", "tcp", "-screen", "0",
                           "1600x1000x24", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    plugged.environment.update(DISPLAY=":" + server.stdout.readline().strip(),
                               QT_QPA_PLATFORM="xcb", QT_LINUX_ACCESSIBILITY_ALWAYS_ON="1",
                               XDG_RUNTIME_DIR=str(plugged.home))
    manager = plugged.start("openbox", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        shown = plugged.run("dbus-run-session", "--", "/usr/bin/python3", plugged.home / script,
                            *arguments, check=False, timeout=500)
    finally:
        manager.terminate()
        server.terminate()
    if shown.returncode != 0:
        sys.exit(f"{script}: status {shown.returncode}\n{shown.stderr}")
    return json.loads(shown.stdout.splitlines()[-1])


def column_complaints(shown, wanted):
    if "Diagnosis" not in shown["columns"]:
        yield f"no column Diagnosis among {shown['columns']}"
        return
    at = shown["columns"].index("Diagnosis")
    found = [row[at] for row in shown["packets"]]
    if len(found) != len(wanted):
        yield f"{len(found)} packets in the list, {len(wanted)} in tshark"
    for frame, (text, summaries) in enumerate(zip(found, wanted), 1):
        if text != summaries:
            yield f"frame {frame}: the column shows {text!r}, tshark -2 {summaries!r}"


def tree_complaints(shown, finding):
    for key in ("summary", "explanation", "next_step", "reference"):
        if finding[key] not in words(shown["tree"]):
            yield f"the tree lacks the {key} of {finding['id']}"
    for evidence in finding["evidence"]:
        label = rf"Evidence: {evidence['frame']} \({evidence['role']}(, from the (client|server))?\)"
        if not re.search(label, words(shown["tree"])):
            yield f"the tree lacks the evidence {evidence}"


def expert_complaints(shown, finding, title):
    groups = [row for row in shown["expert"] if title in row]
    if not groups:
        yield f"Expert Information lacks {title!r}"
    elif not any(row[0] == str(finding["frame"]) for row in shown["expert"]):
        yield f"Expert Information lacks frame {finding['frame']}"


def title_of(plugged, finding):
    """The registered name of the expert item: what the grouped window shows."""
    fields = plugged.run("tshark", "-G", "fields").stdout
    for line in fields.splitlines():
        columns = line.split("\t")
        if columns[0] == "F" and columns[2] == f"diag.{finding['id']}":
            return columns[1]
    sys.exit(f"tshark knows no field diag.{finding['id']}")


def complaints(plugged, capture, pictures):
    report = plugged.run("tshark", "-n", "-q", "-r", capture, "-z", "diag,json").stdout
    connections = [entry for entry in map(json.loads, report.splitlines())
                   if entry["type"] == "connection" and entry["verdict"]]
    finding = min((one for one in connections[0]["findings"]
                   if one["id"] == connections[0]["verdict"]),
                  key=lambda one: one["explained_by"] is not None)
    column = plugged.run("tshark", "-n", "-2", "-r", capture, "-T", "fields", "-e",
                         "diag.summary").stdout.splitlines()
    shown = look(plugged, "windows.py", capture, finding["frame"])
    for picture in plugged.home.glob("*.png"):
        shutil.copy(picture, pictures)
    if not shown["profile"]:
        yield "the profile Diagnosis is not in use"
    yield from column_complaints(shown, column)
    yield from tree_complaints(shown, finding)
    yield from expert_complaints(shown, finding, title_of(plugged, finding))


def main():
    plugin, profile, directory, pictures = sys.argv[1:]
    if lacking := list(missing()):
        print(f"not installed: {', '.join(lacking)}")
        return SKIPPED
    pathlib.Path(pictures).mkdir(parents=True, exist_ok=True)
    with Plugged(plugin) as plugged:
        furnish(plugged, profile)
        capture = plugged.lend(pathlib.Path(directory) / "capture.pcapng")
        found = list(complaints(plugged, capture, pictures))
    print("\n".join(found) or f"column, tree and Expert Information are there ({pictures})")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
