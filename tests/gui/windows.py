#!/usr/bin/python3
"""usage: windows.py CAPTURE FRAME

Runs inside the X and D-Bus session that start.py makes: starts Wireshark on the capture at that
frame with the Expert Information window, and prints as JSON what its windows show, read through
the accessibility interface (the text of the widgets themselves, not of pixels). Takes screenshots.
"""
import json
import subprocess
import sys
import time

import pyatspi

PATIENCE = 30  # seconds until a window must have appeared
EXPERT = "Wireshark · Expert Information"


def wait_for(what, find):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(f"no {what} after {PATIENCE} s")


def window(title):
    """A top-level window of any program by the beginning of its title."""
    desktop = pyatspi.Registry.getDesktop(0)
    desktop.clearCache()
    for program in desktop:
        if program:
            program.clearCache()  # it may have been asked before it knew its own windows
        for one in program or []:
            if one and one.name.startswith(title):
                return one
    return None


def descendant(node, role, name=None):
    if node.getRoleName() == role and name in (None, node.name):
        return node
    for child in node:
        found = descendant(child, role, name) if child else None
        if found:
            return found
    return None


def cells(tree):
    """The rows of a tree or list under its headers; Qt lists headers and cells in one row."""
    texts = [(child.getRoleName(), child.name) for child in tree]
    headers = [text for role, text in texts if role == "table column header"]
    values = [text for role, text in texts if role == "table cell"]
    width = len(headers) or 1
    return headers, [values[i:i + width] for i in range(0, len(values), width)]


def settled(tree):
    """The same content twice in a row: Wireshark has drawn it."""
    before = None
    while before != (now := cells(tree)):
        before = now
        time.sleep(0.5)
    return now


def press(*keys):
    subprocess.run(["xdotool", "key", *keys], check=True)
    time.sleep(0.3)


def activate(title):
    subprocess.run(["xdotool", "search", "--name", title, "windowactivate", "--sync"], check=True)


def on_screen(title):
    return subprocess.run(["xdotool", "search", "--onlyvisible", "--name", title], check=False,
                          capture_output=True).stdout


def shoot(name):
    subprocess.run(["import", "-window", "root", f"{name}.png"], check=True)


def read_expert():
    tree = descendant(window(EXPERT), "tree")
    wait_for("expert item", lambda: cells(tree)[1])
    activate("Expert Information")
    tree.queryComponent().grabFocus()
    press("Home", "asterisk")
    # A level opens below the current line; every group has been passed when nothing opens.
    for _ in range(len(settled(tree)[1]) * 4):
        press("Down", "asterisk")
    shown = settled(tree)
    shoot("expert")
    return shown


def read_main(main_window, title):
    subprocess.run(["xdotool", "search", "--name", f"^{title}$", "windowsize", "--sync", "1560",
                    "940", "windowmove", "10", "20", "windowactivate", "--sync"], check=True)
    details = descendant(main_window, "tree", "Packet details")
    packets = settled(descendant(main_window, "tree", "Packet list"))
    details.queryComponent().grabFocus()
    press("ctrl+Right")
    tree = [row[0] for row in settled(details)[1]]
    shoot("packets")
    return packets, tree


def main():
    capture, frame = sys.argv[1:]
    title = capture.rsplit("/", 1)[-1]
    list(pyatspi.Registry.getDesktop(0))  # starts the bus: Wireshark joins it only if it is there
    wireshark = subprocess.Popen(["wireshark", "-C", "Diagnosis", "-r", capture, "-g", frame,
                                  "-z", "expert"])
    try:
        wait_for(f"{EXPERT} on the screen", lambda: on_screen(EXPERT))
        wait_for(f"{EXPERT} to read", lambda: window(EXPERT))
        main_window = wait_for(f"{title} to read", lambda: window(title))
        (columns, packets), tree = read_main(main_window, title)
        profile = descendant(main_window, "label", "Profile: Diagnosis")
        _, expert = read_expert()  # walks through the packets: last
    finally:
        wireshark.terminate()
        wireshark.wait()
    print(json.dumps({"profile": profile is not None, "columns": columns, "packets": packets,
                      "tree": tree, "expert": expert}))


if __name__ == "__main__":
    main()
