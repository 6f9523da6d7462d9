# SPDX-License-Identifier: GPL-2.0-or-later
"""How a handshake is played: server and client as processes on the bed, the bytes on the path in
the script's hands, and the truth taken from what both ends said."""
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

from bed import Bed, Site

from . import said
from .pki import NAME
from .stacks import REQUEST, Peer

CASES = []
PATIENCE = 20        # seconds until a client that does not end is an error
SETTLE = 0.25        # in which the server has written its last line
LISTENING = '0A'     # in /proc/net/tcp
DELAY = 0.005        # one way


@dataclass
class Case:
    """One directory of recordings. `needs` are the stacks that play in it."""
    name: str
    family: str
    story: str
    play: object
    needs: tuple
    fault: str          # the row of the table
    client: str = None  # the stacks that the table names
    server: str = None


@dataclass
class Told:
    """An end's own account."""
    stack: str
    status: int
    said: said.Said
    log: str = ''


@dataclass
class Visit:
    """One connection: what both ends told, and what is true of it."""
    truth: said.Truth
    client: Told = None
    server: Told = None


@dataclass
class End:
    """Where a peer plays: its address, its files."""
    host: str
    port: int
    pki: object
    scratch: str
    directory: str
    keys: str
    visits: int = 1

    def file(self, name):
        return self.pki.file(name)

    def own(self, name):
        return os.path.join(self.directory, name)


@dataclass
class Running:
    peer: object
    end: End
    process: object
    log: object

    def told(self, role):
        self.log.seek(0)
        log = self.log.read()
        status = self.process.returncode
        stack = self.peer.stack
        return Told(stack.name, status, said.read(log, stack.finished(role, status, log)), log)


def site(number):
    """Addresses as of the other beds of a run, but never the same."""
    near, far = f'10.{150 + number // 100}.{2 * (number % 100)}', \
        f'10.{150 + number // 100}.{2 * (number % 100) + 1}'
    return Site(f'{near}.2', [f'{far}.2'], f'{near}.1', f'{far}.1', 24)


@dataclass
class Shake:
    """The bed with one server port, and the visits that were made to it."""
    bed: Bed
    stacks: dict
    pki: object
    scratch: str    # what is built once
    directory: str  # of this case
    keys: str
    port: int = 443
    visits: list = field(default_factory=list)

    # ---- real stacks at both ends

    def end(self, visits=1):
        directory = tempfile.mkdtemp(dir=self.directory)
        return End(self.bed.site.server, self.port, self.pki, self.scratch, directory, self.keys,
                   visits)

    def start(self, role, peer, end=None, request=REQUEST):
        end = end or self.end()
        words = getattr(peer.stack, role)(peer, end)
        # Appended to, for a server may open it once more as /dev/stdout.
        log = open(end.own('log'), 'a+', encoding='utf-8', errors='replace')
        with open(end.own('request'), 'wb') as file:
            file.write(request)
        namespace = self.bed.client if role == 'client' else self.bed.server
        with namespace.inside(), open(end.own('request'), 'rb') as request:
            process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'KILL', *words], stdin=request, stdout=log,
                stderr=subprocess.STDOUT, env=dict(os.environ, **peer.stack.environment(end)))
        return Running(peer, end, process, log)

    def serve(self, peer, visits=1):
        server = self.start('server', peer, self.end(visits))
        self.await_listening(server)
        return server

    def await_listening(self, server=None):
        wanted = f':{self.port:04X}'
        for _ in range(400):
            if server and server.process.poll() is not None:
                raise RuntimeError(f'the server ended: {server.told("server")}')
            if self._is_listening(wanted):
                return
            time.sleep(0.025)
        raise RuntimeError('the server does not listen')

    def _is_listening(self, port):
        with self.bed.server.inside():
            for file in ('tcp', 'tcp6'):
                with open(f'/proc/thread-self/net/{file}', encoding='ascii') as table:
                    rows = [line.split() for line in table]
                if any(row[1].endswith(port) and row[3] == LISTENING for row in rows[1:]):
                    return True
        return False

    def visit(self, peer, request=REQUEST):
        """A client from its start to its end."""
        client = self.start('client', peer, request=request)
        client.process.wait(PATIENCE)
        return client.told('client')

    def dismiss(self, server):
        """Waits for a server that ends by itself, and ends the others."""
        try:
            server.process.wait(3 if server.peer.stack.ends else SETTLE)
        except subprocess.TimeoutExpired:
            server.process.terminate()
            server.process.wait(5)
        return server.told('server')

    def meet(self, client, server):
        """One client, one server: the ordinary case."""
        running = self.serve(server)
        told = self.visit(client)
        self.add(told, self.dismiss(running))

    def add(self, client, server, truth=None):
        truth = truth or said.truth_of(client.said, server.said)
        if not truth:
            raise RuntimeError('the ends do not say what happened:\n--- client '
                               f'({client.status}):\n{client.log}\n--- server '
                               f'({server.status}):\n{server.log}')
        self.visits.append(Visit(truth, client, server))

    # ---- one end, or the path, as the script wants it

    def declare(self, outcome, by=None, reason=None, client=None, server=None):
        """The truth that the script made itself: it was this end, or the path."""
        self.visits.append(Visit(said.Truth(outcome, by, reason), client, server))

    def scripted(self, role):
        """The account of an end that was the script itself."""
        return Told('script', 0, said.Said(said.OK), role)

    def answer(self, converse, *arguments):
        """A server of the script: converse(socket, ...) for each connection, in its own thread."""
        listener = self.bed.listen(self.port)

        def accept():
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return  # the bed is being closed
                self.bed.thread(converse, sock, *arguments)

        self.bed.thread(accept)

    def call(self, local_port=40000):
        """A client's socket of the script."""
        sock = self.bed.connect(local_port + len(self.visits), self.port)
        sock.settimeout(PATIENCE)
        return sock

    def client(self, name, **told):
        return self._peer(name, told)

    def server(self, name, **told):
        return self._peer(name, dict({'cert': 'good'}, **told))

    def _peer(self, name, told):
        return Peer(self.stacks[name], **dict({'name': NAME}, **told))


def case(family, story, *needs, fault=None, name=None, **table):
    """Makes a case of a function of a Shake. Its name is the case's."""
    def register(play):
        title = name or play.__name__.replace('_', '-')
        CASES.append(Case(title, family, story, play, needs, fault or title, **table))
        return play
    return register


def pair(name, family, story, client, server, fault=None):
    """A case in which one stack meets another: (stack, what it is told)."""
    def play(shake):
        shake.meet(shake.client(client[0], **client[1]), shake.server(server[0], **server[1]))
    case(family, story, client[0], server[0], name=name, fault=fault, client=client[0],
         server=server[0])(play)
