# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says about the resets that it sends: the tracepoint tcp:tcp_send_reset, read from
a trace instance of our own. Events are of the whole machine, so addresses tell them apart."""
import contextlib
import ctypes
import ipaddress
import os
import re
import subprocess
import time
from dataclasses import dataclass

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
TRACING = '/sys/kernel/tracing'
INSTANCES = os.path.join(TRACING, 'instances')
NAME = 'diag_truth_'
BUFFER_KB = 1024  # per processor: thousands of resets

EVENT = re.compile(r'([\d.]+): tcp_send_reset: .*src=(\S+) dest=(\S+) state=(\S+) reason=(\S+)')


@dataclass
class Reset:
    """One reset as its kernel gives the reason. A listener does not name its peer."""
    time: float  # since the epoch
    source: tuple
    target: tuple
    state: str
    reason: str
    taken: bool = False


def endpoint(text):
    """(address, port) of 192.0.2.1:80 or [2001:db8::1]:80; IPv4 also where IPv6 stands for it."""
    host, port = text.rsplit(':', 1)
    address = ipaddress.ip_address(host.strip('[]'))
    return str(getattr(address, 'ipv4_mapped', None) or address), int(port)


def parse(line, offset):
    """The reset of one line of a trace, None if it is something else."""
    found = EVENT.search(line)
    if not found:
        return None
    when, source, target, state, reason = found.groups()
    return Reset(float(when) + offset, endpoint(source), endpoint(target),
                 state.removeprefix('TCP_'), reason)


def mount_privately():
    """A tracefs that nobody else sees and that ends with this process. To be called before any
    thread starts: threads have the mounts of the one that made them."""
    if os.path.isdir(INSTANCES):
        return
    if LIBC.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), 'unshare')
    for command in (['mount', '--make-rprivate', '/'],
                    ['mount', '-t', 'tracefs', 'nodev', TRACING]):
        subprocess.run(command, check=True, capture_output=True)


def why_not():
    """Why this kernel cannot be asked; None when it can."""
    try:
        mount_privately()
    except (OSError, subprocess.CalledProcessError) as error:
        return f'the kernel\'s reasons need tracefs: {error}'
    if not os.path.exists(f'{TRACING}/events/tcp/tcp_send_reset/format'):
        return 'this kernel has no tracepoint tcp:tcp_send_reset'
    with open(f'{TRACING}/events/tcp/tcp_send_reset/format', encoding='ascii') as layout:
        return None if 'reason' in layout.read() else 'this kernel gives no reason for a reset'


def sweep():
    """Removes what a killed run of the past may have left."""
    for name in os.listdir(INSTANCES):
        owner = name.removeprefix(NAME)
        if name.startswith(NAME) and not os.path.exists(f'/proc/{owner}'):
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(INSTANCES, name))


class Trace:
    """Records resets while it is open. A keeper outlives this process and removes the instance."""

    def __enter__(self):
        sweep()
        self.directory = os.path.join(INSTANCES, f'{NAME}{os.getpid()}')
        self.keeper = subprocess.Popen(['sh', '-c', 'read wait; rmdir "$0"', self.directory],
                                       stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       start_new_session=True)
        os.mkdir(self.directory)
        self._set('trace_clock', 'mono')
        self._set('buffer_size_kb', BUFFER_KB)
        self.offset = time.clock_gettime(time.CLOCK_REALTIME) - time.monotonic()
        self._set('events/tcp/tcp_send_reset/enable', 1)
        self._set('tracing_on', 1)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._set('events/tcp/tcp_send_reset/enable', 0)
        self.keeper.stdin.close()
        self.keeper.wait()

    def _set(self, name, value):
        with open(os.path.join(self.directory, name), 'w', encoding='ascii') as file:
            file.write(str(value))

    def read(self):
        with open(os.path.join(self.directory, 'trace'), encoding='ascii') as trace:
            found = (parse(line, self.offset) for line in trace)
            return [reset for reset in found if reset]
