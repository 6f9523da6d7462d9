# SPDX-License-Identifier: GPL-2.0-or-later
"""glibc's own resolver in a namespace of the bed, told which name server to ask and how often."""
import os
import subprocess
import tempfile

# The resolver's files are bound over the real ones in a mount namespace of its own.
RESOLVE = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && ' \
          'getent hosts "$3"'


def look_up(namespace, dns, address, queries, timeout):
    """Asks `dns` for the name of the address, and gives up after the last query's timeout."""
    with tempfile.TemporaryDirectory() as directory:
        resolv = write(directory, 'resolv.conf',
                       f'nameserver {dns}\noptions timeout:{timeout} attempts:{queries}\n')
        switch = write(directory, 'nsswitch.conf', 'hosts: dns\n')
        namespace.start('unshare', '-m', 'sh', '-c', RESOLVE, 'sh', resolv, switch, address,
                        stdout=subprocess.DEVNULL).wait()


def write(directory, name, content):
    path = os.path.join(directory, name)
    with open(path, 'w', encoding='ascii') as file:
        file.write(content)
    return path
