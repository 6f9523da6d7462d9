#!/usr/bin/python3
"""usage: plugged.py PLUGIN COMMAND [ARGUMENT...]

Runs tshark, sharkd or another program of Wireshark with the built plugin and a private home, and
passes its exit status on; an argument that is an existing file is lent to the program. As root,
Wireshark loads no personal plugins: the program then runs as user nobody. Tests import Plugged.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def sanitizer_environment(plugin):
    """What a plugin with AddressSanitizer needs in a program without."""
    if plugin is None or b"libasan" not in pathlib.Path(plugin).read_bytes():
        return {}
    library = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, text=True,
                             capture_output=True).stdout.strip()
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0",
            "WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple"}


def words(labels):
    """The labels of a tree as one text: a long text in it is several lines, each in brackets."""
    text = " ".join(label.removeprefix("[").removesuffix("]") for label in labels)
    return " ".join(text.split())


class Plugged:
    """A private home with the plugin in it, removed at the end of the with block. Without a plugin
    (None) the programs are Wireshark as it comes."""

    def __init__(self, plugin):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="diag-test-"))
        self.options = {}
        if os.getuid() == 0:
            self.options = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.home, "nobody", "nogroup")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "WIRESHARK_CONFIG_DIR": str(self.home / "config"),
            "WIRESHARK_PLUGIN_DIR": str(self.home / "plugins"),
            "WIRESHARK_EXTCAP_DIR": str(self.home / "none"),  # capture tools only cost time here
            **sanitizer_environment(plugin)}
        try:
            self.install(plugin)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home, ignore_errors=True)

    def install(self, plugin):
        """Wireshark's own plugins, ours in place of an installed one."""
        folders = subprocess.run(["tshark", "-G", "folders"], check=True, text=True,
                                 capture_output=True).stdout
        system = pathlib.Path(re.search(r"Global Plugins:\s*(.*)", folders).group(1))
        self.version = system.name  # "4.4"
        version = self.home / "plugins" / system.name
        shutil.copytree(system, version, ignore=lambda *_: ["diag.so"], copy_function=os.symlink)
        (version / "epan").mkdir(exist_ok=True)
        if plugin:
            shutil.copy(plugin, version / "epan" / "diag.so")
        (self.home / "config").mkdir()
        for directory in [self.home / "config", *self.home.glob("plugins/**/")]:
            directory.chmod(0o755)
        listed = self.run("tshark", "-G", "plugins")
        if ("diag.so" in listed.stdout) != bool(plugin):
            sys.exit(f"{listed.stderr}tshark loads diag.so: {'diag.so' in listed.stdout}, wanted: "
                     f"{bool(plugin)}. Nothing is tested this way")

    def lend(self, file, name=None):
        """A copy of a file that the program's user can read."""
        copy = self.home / (name or pathlib.Path(file).name)
        shutil.copyfile(file, copy)
        copy.chmod(0o644)
        return copy

    def run(self, *command, check=True, timeout=300, **options):
        """A finished process with text in stdout and stderr."""
        done = subprocess.run([str(word) for word in command], env=self.environment, text=True,
                              capture_output=True, cwd=self.home, timeout=timeout,
                              errors="replace", **self.options, **options)
        if check and done.returncode != 0:
            sys.exit(f"{' '.join(done.args)}: status {done.returncode}\n{done.stderr}")
        return done

    def start(self, *command, **options):
        """A running process; the caller ends it."""
        return subprocess.Popen([str(word) for word in command], env=self.environment, text=True,
                                cwd=self.home, **self.options, **options)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with Plugged(sys.argv[1]) as plugged:
        command = [plugged.lend(word) if os.path.isfile(word) and i else word
                   for i, word in enumerate(sys.argv[2:])]
        done = plugged.run(*command, check=False)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
