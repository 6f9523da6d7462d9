# SPDX-License-Identifier: GPL-2.0-or-later
"""Stacks beside Linux. lwIP and gVisor's netstack are programs of ours, which own the server's link
and say what they do with each connection. passt and slirp4netns stand between a client in a network
namespace of its own and its host, as they do for containers: what they do, a server behind them
told them to."""
import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field, replace

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'peers')
GO_SOURCES = '/usr/share/gocode'
NETSTACK = f'{GO_SOURCES}/src/gvisor.dev/gvisor/pkg/tcpip'
SLIRP_CLIENT = '10.0.2.100'
PATIENCE = 5  # seconds until a program is ready

# stack -> what must be there: commands, files; and the packages that hold them
NEEDS = {
    'lwip': (('cc', 'pkg-config'), ('/usr/include/lwip/lwip/tcp.h',), 'liblwip-dev'),
    'gvisor': (('go',), (NETSTACK,), 'golang-go, golang-gvisor-gvisor-dev'),
    'passt': (('pasta',), (), 'passt'),
    'slirp4netns': (('slirp4netns',), (), 'slirp4netns'),
}
PROGRAMS = 'lwip', 'gvisor'


def why_not(stack):
    """Why this stack cannot be had here; None when it can."""
    commands, files, package = NEEDS[stack]
    missing = [command for command in commands if not shutil.which(command)]
    missing += [file for file in files if not os.path.exists(file)]
    return f'no {", ".join(missing)} (package {package})' if missing else None


def flags_of_lwip(what):
    done = subprocess.run(['pkg-config', what, 'lwip'], stdout=subprocess.PIPE, text=True,
                          check=True)
    return done.stdout.split()


def build(stack, directory):
    """The program of a stack, built in this directory if it is older than its source."""
    program = os.path.join(directory, stack)
    source = os.path.join(SOURCES, 'lwip.c' if stack == 'lwip' else 'gvisor/main.go')
    if os.path.exists(program) and os.path.getmtime(program) > os.path.getmtime(source):
        return program
    environment = dict(os.environ)
    if stack == 'lwip':
        command = ['cc', '-std=gnu11', '-O1', *flags_of_lwip('--cflags'), '-o', program, source,
                   *flags_of_lwip('--libs')]
    else:
        command = ['go', 'build', '-o', program, source]
        environment.update(GO111MODULE='off', GOPATH=GO_SOURCES,
                           GOCACHE=os.path.join(directory, 'go'), HOME=directory)
    os.makedirs(directory, exist_ok=True)
    subprocess.run(command, env=environment, check=True)
    return program


@dataclass
class Peer:
    """One stack in one bed. `acts` is what it did, by the (address, port) it did it to."""
    stack: str
    behind: str  # what the server behind it does; a program says for itself what it does
    acts: dict = field(default_factory=dict)

    def act(self, other):
        return self.acts.get(other, 'none' if self.stack in PROGRAMS else self.behind)

    # ---- a program instead of the server

    def serve(self, bed, program, port, act):
        """The program has the server's link from now on."""
        site = bed.site
        bed.server.run('ip', 'addr', 'flush', 'dev', 'server0')
        bed.server.sysctl('net.ipv6.conf.server0.disable_ipv6', 1)
        process = bed.server.start(program, 'server0', site.server, site.server_gateway, str(port),
                                   act, stdout=subprocess.PIPE, text=True)
        bed.closing.callback(stop, process)
        if 'ready' not in process.stdout.readline():
            raise RuntimeError(f'{self.stack} did not start')
        bed.thread(self._listen, process.stdout)

    def _listen(self, said):
        for line in said:
            act, _, other = line.strip().partition(' ')
            address, _, port = other.rpartition(':')
            self.acts[address, int(port)] = act

    # ---- a stack between the client and its host

    def stand_between(self, bed):
        """The client lives in a namespace of its own from now on, whose link client0 this stack
        serves from the host."""
        host, bed.client = bed.client, bed.namespace()
        process = self._start_passt(host, bed) if self.stack == 'passt' else \
            self._start_slirp(host, bed)
        bed.closing.callback(stop, process)
        self._await_link(bed, process)

    @staticmethod
    def _start_passt(host, bed):
        # As the user that it is: a change of the user would keep it alive when we are killed.
        return host.start('pasta', '-f', '-q', '--runas', '0', '--netns-only', '--config-net', '-I',
                          'client0', '-m', '1500', *'-t none -u none -T none -U none'.split(),
                          '--netns', f'/proc/self/fd/{bed.client.fd}', pass_fds=[bed.client.fd],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def _start_slirp(host, bed):
        bed.site = replace(bed.site, client=SLIRP_CLIENT)
        return host.start('slirp4netns', '--configure', '--mtu=1500', '--netns-type=path',
                          bed.client.path, 'client0', stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)

    def _await_link(self, bed, process):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(RuntimeError):
                bed.client.run('ip', 'route', 'get', bed.site.server)
                return
            time.sleep(0.05)
        raise RuntimeError(f'{self.stack} made no link')


def stop(process):
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
