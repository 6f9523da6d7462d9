"""A tshark with the plugin and one without it, everything else being equal, and a capture."""
import contextlib
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from plugged import Plugged  # pylint: disable=wrong-import-position

# The stock report that costs least, and ours with the same number of rows.
REPORTS = {"with": "diag,conv", "without": "conv,tcp"}


def unplug(tshark):
    for plugin in tshark.home.glob("plugins/*/epan/diag.so"):
        plugin.unlink()
    if "diag.so" in tshark.run("tshark", "-G", "plugins").stdout:
        sys.exit("tshark loads another diag.so: there is nothing to compare with")


@contextlib.contextmanager
def pair(plugin, packets):
    """Yields {"with": Plugged, "without": Plugged} and the path of a generated capture."""
    generator = pathlib.Path(__file__).with_name("generate.py")
    with Plugged(plugin) as plugged, Plugged(plugin) as bare:
        unplug(bare)
        capture = plugged.home / "capture.pcap"
        subprocess.run([sys.executable, generator, str(packets), capture], check=True)
        for path in (plugged.home, capture):
            path.chmod(0o755)
        yield {"with": plugged, "without": bare}, capture


def report(which, capture):
    """The command that the costs are about."""
    return ["tshark", "-q", "-r", str(capture), "-z", REPORTS[which]]
