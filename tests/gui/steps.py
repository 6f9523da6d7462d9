#!/usr/bin/python3
"""usage: steps.py CAPTURE OTHER

Runs inside the X and D-Bus session that start.py makes: opens CAPTURE in Wireshark and reads the
packet list again after a reload, a display filter, another profile (which changes preferences and
so dissects anew), another capture, and closing. Prints as JSON what the list showed at each step.
"""
import json
import subprocess
import sys
import time

import pyatspi

import windows

windows.PATIENCE = 90
PROFILES = "Wireshark · Configuration Profiles"
OPEN = "Wireshark · Open Capture File"
FILTER = "tcp.flags.reset == 1 || diag.severity >= 2"


def type_text(text):
    subprocess.run(["xdotool", "type", "--delay", "20", text], check=True)
    time.sleep(0.5)


def packet_list(title):
    main_window = windows.wait_for(f"{title} to read", lambda: windows.window(title))
    time.sleep(2)  # what was asked for has begun
    return windows.settled(windows.descendant(main_window, "tree", "Packet list"))


def focus(title):
    windows.wait_for(f"{title} on the screen", lambda: windows.on_screen(f"^{title}$"))
    windows.activate(f"^{title}$")
    time.sleep(0.5)


def reload_file(title):
    focus(title)
    windows.press("ctrl+r")


def apply_filter(title, text):
    focus(title)
    windows.press("ctrl+slash")
    windows.press("ctrl+a", "BackSpace")
    type_text(text)
    windows.press("Return")


def switch_profile(title, name):
    """The dialog lists Default first, then the others by name; typing selects."""
    focus(title)
    windows.press("ctrl+shift+a")
    dialog = windows.wait_for("profiles", lambda: windows.window(PROFILES))
    windows.wait_for("profiles on the screen", lambda: windows.on_screen(PROFILES))
    windows.activate(PROFILES)
    windows.descendant(dialog, "tree").queryComponent().grabFocus()
    windows.press("Home")
    type_text(name)
    windows.press("Return")
    windows.wait_for("the profile", lambda: not windows.on_screen(PROFILES))


def open_file(title, path):
    focus(title)
    windows.press("ctrl+o")
    windows.wait_for("the dialog", lambda: windows.on_screen(OPEN))
    windows.activate(OPEN)
    windows.press("alt+n")
    type_text(path)
    windows.press("Return")


def close_file(title):
    focus(title)
    windows.press("ctrl+w")
    windows.wait_for("the welcome page", lambda: windows.on_screen("^The Wireshark Network"))


def walk(capture, other):
    """(name of the step, what the packet list shows after it)."""
    one, two = (path.rsplit("/", 1)[-1] for path in (capture, other))
    focus(one)
    yield "open", packet_list(one)
    reload_file(one)
    yield "reload", packet_list(one)
    apply_filter(one, FILTER)
    yield "filter", packet_list(one)
    apply_filter(one, "")
    yield "no filter", packet_list(one)
    switch_profile(one, "Other")
    yield "profile", packet_list(one)
    switch_profile(one, "Diagnosis")
    yield "profile again", packet_list(one)
    open_file(one, other)
    yield "other", packet_list(two)
    close_file(two)
    open_file("The Wireshark Network Analyzer", capture)
    yield "closed and opened", packet_list(one)


def main():
    capture, other = sys.argv[1:]
    list(pyatspi.Registry.getDesktop(0))  # starts the bus: Wireshark joins it only if it is there
    wireshark = subprocess.Popen(["wireshark", "-C", "Diagnosis", "-r", capture])
    shown = {}
    try:
        for name, (columns, packets) in walk(capture, other):
            windows.shoot(f"step-{len(shown)}")
            shown[name] = {"columns": columns, "packets": packets}
            print(f"{name}: {len(packets)} rows", file=sys.stderr)
        alive = wireshark.poll() is None
    finally:
        windows.shoot("last")
        wireshark.terminate()
        wireshark.wait()
    print(json.dumps({"alive": alive, "steps": shown}))


if __name__ == "__main__":
    main()
