# SPDX-License-Identifier: GPL-2.0-or-later
"""Client, path and server: real Linux stacks in network namespaces of their own.

The namespaces have no names, so the kernel removes them with the process that made them: nothing
stays behind, even when a recording is killed."""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
import traceback
from dataclasses import dataclass, field

from nfqueue import QUEUE, Path

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
# The network between the hop and the router: their addresses.
HOP = {socket.AF_INET: ('192.0.2.1', '192.0.2.2'), socket.AF_INET6: ('fd00::1', 'fd00::2')}

# Packets must look as on a wire: no super-segments, checksums complete.
OFFLOADS = 'tx off rx off sg off tso off gso off gro off'.split()
TOOLS = ('ip', 'iptables', 'ip6tables', 'ethtool', 'tcpdump', 'openssl', 'getent', 'setpriv',
         'unshare')


@dataclass
class Site:
    """The addresses of a bed. `inner` is a host behind the server, which then is its router."""
    client: str
    servers: list
    client_gateway: str
    server_gateway: str
    prefix: int
    inner: str = None
    inner_gateway: str = None

    @property
    def server(self):
        return self.servers[0]

    @property
    def family(self):
        return socket.AF_INET6 if ':' in self.client else socket.AF_INET


def checked(call):
    if call:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def syn_time(attempts, linear):
    """Seconds from the first SYN to the last: after the first retry Linux sends `linear` more of
    them 1 s apart, then it doubles."""
    return sum(1 if retry <= linear + 1 else 2 ** (retry - linear - 1)
               for retry in range(1, attempts))


class Namespace:
    """A network namespace, held by a file descriptor."""

    def __init__(self):
        self.fd = self.error = None
        # unshare() moves the calling thread, so a thread that ends does it.
        maker = threading.Thread(target=self._make)
        maker.start()
        maker.join()
        if self.error:
            raise self.error
        self.run('ip', 'link', 'set', 'lo', 'up')

    def _make(self):
        try:
            checked(LIBC.unshare(CLONE_NEWNET))
            self.fd = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        except OSError as error:
            self.error = error

    def close(self):
        os.close(self.fd)

    @property
    def path(self):
        return f'/proc/{os.getpid()}/fd/{self.fd}'

    @contextlib.contextmanager
    def inside(self):
        """This thread, and what it starts, is in the namespace."""
        outside = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        try:
            checked(LIBC.setns(self.fd, CLONE_NEWNET))
            yield
        finally:
            checked(LIBC.setns(outside, CLONE_NEWNET))
            os.close(outside)

    def run(self, *command):
        with self.inside():
            done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise RuntimeError(f'{" ".join(command)}: {done.stdout}')

    def start(self, *command, **options):
        """A running process, which also ends when this thread does."""
        with self.inside():
            return subprocess.Popen(('setpriv', '--pdeathsig', 'KILL') + command,
                                    stdin=subprocess.DEVNULL, **options)

    def sysctl(self, name, value):
        """False when this kernel has no such setting."""
        path = '/proc/sys/' + name.replace('.', '/')
        with self.inside():
            if not os.path.exists(path):
                return False
            with open(path, 'w', encoding='ascii') as setting:
                setting.write(str(value))
        return True


@dataclass
class Bed:
    """client --- router (the path) --- server [--- inner]. Use it in a `with` statement."""
    site: Site
    delay: float  # one way, seconds
    hop: bool = False  # one more router on the client's side: a view from the middle
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    errors: list = field(default_factory=list)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.closing = stack
            self._build()
            self.closing = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.closing.close()

    # ---- the wires ----------------------------------------------------------------------------

    def _build(self):
        self.client, self.router, self.server = (self.namespace() for _ in range(3))
        site = self.site
        self.near = self._build_hop() if self.hop else (self.router, 'outside')
        self._wire(self.client, 'client0', *self.near)
        self._wire(self.server, 'server0', self.router, 'inside')
        self._address(self.client, 'client0', [site.client], site.client_gateway)
        self._address(self.server, 'server0', site.servers, site.server_gateway)
        self._address(self.near[0], self.near[1], [site.client_gateway])
        self._address(self.router, 'inside', [site.server_gateway])
        self._forwards(self.router)
        if self.hop:
            self._route_over_hop()
        self.firewall(self.router, '-A', 'FORWARD', '-j', 'NFQUEUE', '--queue-num', str(QUEUE))
        self.path = Path(self.router, self.delay)
        self.closing.callback(self.path.close)
        if site.inner:
            self._build_inner()

    def _build_hop(self):
        """Returns the link that the client is to be wired to."""
        self.middle = self.namespace()
        self._wire(self.middle, 'far', self.router, 'outside')
        return self.middle, 'near'

    def _route_over_hop(self):
        family = '-6' if self.site.family == socket.AF_INET6 else '-4'
        ours, routers = HOP[self.site.family]
        self._address(self.router, 'outside', [routers])
        self._address(self.middle, 'far', [ours], routers)
        self._forwards(self.middle)
        self.router.run('ip', family, 'route', 'add', self.site.client, 'via', ours)

    def _build_inner(self):
        self.inner = self.namespace()
        self._wire(self.inner, 'inner0', self.server, 'server1')
        self._address(self.inner, 'inner0', [self.site.inner], self.site.inner_gateway)
        self._address(self.server, 'server1', [self.site.inner_gateway])
        self._forwards(self.server)

    def namespace(self):
        namespace = Namespace()
        self.closing.callback(namespace.close)
        self._tame(namespace)
        return namespace

    @staticmethod
    def _tame(namespace):
        """The same stack on every machine, whatever its defaults are."""
        namespace.sysctl('net.ipv4.tcp_congestion_control', 'reno')
        namespace.sysctl('net.ipv4.tcp_ecn', 2)
        namespace.sysctl('net.ipv6.conf.default.accept_dad', 0)
        namespace.sysctl('net.ipv6.conf.default.accept_ra', 0)

    @staticmethod
    def _wire(one, name, other, peer):
        one.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', peer,
                'netns', other.path)
        for namespace, link in ((one, name), (other, peer)):
            namespace.run('ethtool', '-K', link, *OFFLOADS)
            namespace.run('ip', 'link', 'set', link, 'up')

    def _address(self, namespace, link, addresses, gateway=None):
        family = '-6' if self.site.family == socket.AF_INET6 else '-4'
        nodad = ['nodad'] if family == '-6' else []
        for address in addresses:
            namespace.run('ip', family, 'addr', 'add', f'{address}/{self.site.prefix}',
                          'dev', link, *nodad)
        if gateway:
            namespace.run('ip', family, 'route', 'add', 'default', 'via', gateway)

    @staticmethod
    def _forwards(namespace):
        namespace.sysctl('net.ipv4.ip_forward', 1)
        namespace.sysctl('net.ipv6.conf.all.forwarding', 1)

    def firewall(self, namespace, *rule):
        tool = 'ip6tables' if self.site.family == socket.AF_INET6 else 'iptables'
        namespace.run(tool, '-w', *rule)

    # ---- what the stories use ----------------------------------------------------------------

    def listen(self, port, address=None, namespace=None):
        with (namespace or self.server).inside():
            listener = socket.socket(self.site.family)
        self.closing.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address or self.site.server, port))
        listener.listen(16)
        return listener

    def close_ahead_of_repeats(self):
        """The server's FIN goes out although earlier data are unacknowledged. Linux holds it back
        while it repeats those; other stacks do not, nor does Linux before its first timeout."""
        family = '-6' if self.site.family == socket.AF_INET6 else '-4'
        self.server.run('ip', family, 'route', 'change', 'default', 'via',
                        self.site.server_gateway, 'rto_min', '60s')

    def socket(self, port):
        """A client's TCP socket, bound to its port but not connected."""
        with self.client.inside():
            client = socket.socket(self.site.family)
        self.closing.callback(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind((self.site.client, port))
        return client

    def connect(self, local_port, port, address=None):
        client = self.socket(local_port)
        client.connect((address or self.site.server, port))
        return client

    def try_to_connect(self, local_port, port, attempts, linear):
        """Connects until this many SYNs are sent, then gives up. Returns the time they took."""
        if not self.client.sysctl('net.ipv4.tcp_syn_linear_timeouts', linear):
            linear = 0  # before Linux 6.5
        lasts = syn_time(attempts, linear)
        with self.socket(local_port) as client:
            client.setblocking(False)
            client.connect_ex((self.site.server, port))
            time.sleep(1.03 * lasts + 0.4)  # the kernel's timers are late, by up to 2 %
        return lasts

    def thread(self, function, *arguments):
        """Runs beside the story. An exception in it fails the recording."""
        def guarded():
            try:
                function(*arguments)
            except Exception:
                self.errors.append(traceback.format_exc())

        runner = threading.Thread(target=guarded, daemon=True)
        runner.start()
        return runner

    def check(self):
        self.path.check()
        if self.errors:
            raise RuntimeError('beside the story:\n' + '\n'.join(self.errors))

    @contextlib.contextmanager
    def capture(self, file, link, wanted='tcp or udp or icmp'):
        """Records at the client's interface (client0), at the server's (server0), at one of the
        router's (outside, inside), or of the hop's (near, far)."""
        ends = {'server0': self.server, 'outside': self.router, 'inside': self.router}
        namespace = self.middle if link in ('near', 'far') else ends.get(link, self.client)
        recorder = namespace.start(
            'tcpdump', '-i', link, '-n', '-U', '--immediate-mode', '-Z', 'root',
            '--time-stamp-precision=nano', '-w', file, wanted,
            stderr=subprocess.PIPE, text=True)
        try:
            self._await_listening(recorder)
            yield
            time.sleep(0.1)  # what is still on its way belongs to the story
        finally:
            recorder.send_signal(signal.SIGINT)
            recorder.communicate(timeout=10)

    @staticmethod
    def _await_listening(recorder):
        said = []
        for line in recorder.stderr:
            said.append(line)
            if 'listening on' in line:
                return
        raise RuntimeError('tcpdump: ' + ''.join(said))
