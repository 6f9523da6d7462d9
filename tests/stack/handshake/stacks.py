# SPDX-License-Identifier: GPL-2.0-or-later
"""The TLS implementations of the bed: how each is started as client or server, and how it shows
that a handshake went well. The programs of peers/ are built when their compilers are here."""
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(os.path.dirname(HERE), 'peers')
VERSIONS = ('1.0', '1.1', '1.2', '1.3')
REQUEST = b'GET / HTTP/1.0\r\nHost: peer\r\n\r\n'
# A second OpenSSL, for instance of a newer Debian unpacked beside this one.
NEWER = 'DIAG_NEWER_OPENSSL'


class Peer:
    """One end of a handshake: a stack and what it is told. Certificates are named as in pki.py."""

    def __init__(self, stack, cert=None, key='leaf', ca='root', name=None, low=None, high=None,
                 verify=True, ask=False, alpn=None, extra=(), starttls=None):
        self.stack, self.cert, self.key, self.ca, self.name = stack, cert, key, ca, name
        self.low, self.high, self.verify, self.ask = low, high, verify, ask
        self.alpn, self.extra, self.starttls = alpn, list(extra), starttls


class Stack:
    """`ends` says whether its server ends by itself after one connection."""
    ends = False
    needs = ()     # programs
    server_ok = client_ok = None  # a pattern, when the exit status does not tell

    def __init__(self, name):
        self.name = name

    def missing(self):
        """What it cannot run without here; None when nothing is missing."""
        absent = [program for program in self.needs if not shutil.which(program)]
        return ', '.join(absent) or None

    def prepare(self, scratch):
        """Builds what is built once."""

    def environment(self, end):
        return {'SSLKEYLOGFILE': end.keys}

    def finished(self, role, status, log):
        pattern = self.client_ok if role == 'client' else self.server_ok
        if pattern is None:
            return status == 0
        return re.search(pattern, log) is not None


class OpenSsl(Stack):
    ends = True
    client_ok = r'HTTP/1.0 200|hello'

    def __init__(self, name, command='openssl'):
        super().__init__(name)
        self.command = command
        self.needs = (command,)

    @staticmethod
    def _common(peer, end):
        words = ['-keylogfile', end.keys]
        if peer.low:
            words += ['-min_protocol', f'TLSv{peer.low}']
        if peer.high:
            words += ['-max_protocol', f'TLSv{peer.high}']
        if peer.ca:
            words += ['-CAfile', end.file(peer.ca + '.crt')]
        if peer.cert:
            words += ['-cert', end.file(peer.cert + '.crt'), '-key', end.file(peer.key + '.key')]
        return words + [end.file(word[1:-1]) if word[0] == '{' else word for word in peer.extra]

    def client(self, peer, end):
        words = [self.command, 's_client', '-connect', f'{end.host}:{end.port}', '-ign_eof']
        if peer.name:
            words += ['-servername', peer.name]
            words += ['-verify_hostname', peer.name] if peer.verify else []
        words += ['-verify_return_error'] if peer.verify else []
        words += ['-alpn', peer.alpn] if peer.alpn else []
        words += ['-starttls', peer.starttls] if peer.starttls else []
        return words + self._common(peer, end)

    def server(self, peer, end):
        words = [self.command, 's_server', '-accept', f'{end.host}:{end.port}', '-naccept',
                 str(end.visits)]
        words += [] if '-early_data' in peer.extra else ['-www']
        words += ['-Verify', '3', '-verify_return_error'] if peer.ask else []
        words += ['-alpn', peer.alpn] if peer.alpn else []
        words += ['-cert_chain', end.file('between.crt')] if peer.cert == 'chain' else []
        return words + self._common(peer, end)

    def finished(self, role, status, log):
        if role == 'client':
            return re.search(self.client_ok, log) is not None
        return not re.search(r'error:|\bERROR\b', log)


class Curl(Stack):
    """libcurl with OpenSSL; a client that resets what it no longer reads."""
    needs = ('curl',)

    def client(self, peer, end):
        words = ['curl', '-sS', '--resolve', f'{peer.name}:{end.port}:{end.host}', '--http1.1',
                 '--cacert', end.file(peer.ca + '.crt')]
        words += [f'--tlsv{peer.low}'] if peer.low else []
        words += ['--tls-max', peer.high] if peer.high else []
        words += [] if peer.verify else ['-k']
        words += ['--cert', end.file(peer.cert + '.crt'), '--key', end.file(peer.key + '.key')] \
            if peer.cert else []
        return words + peer.extra + [f'https://{peer.name}:{end.port}/']


class Nginx(Stack):
    needs = ('nginx',)
    server_ok = r'" 200 |" 404 '

    def server(self, peer, end):
        low, high = VERSIONS.index(peer.low or '1.2'), VERSIONS.index(peer.high or '1.3')
        versions = VERSIONS[low:high + 1]
        protocols = ' '.join('TLSv' + version for version in versions).replace('1.0', '1')
        lines = [f'listen {end.host}:{end.port} ssl;', f'ssl_protocols {protocols};',
                 f'ssl_certificate {end.file(peer.cert + ".crt")};',
                 f'ssl_certificate_key {end.file(peer.key + ".key")};',
                 'location / { return 200 hello; }']
        if peer.ask:
            lines += ['ssl_verify_client on;',
                      f'ssl_client_certificate {end.file(peer.ca + ".crt")};']
        config = end.own('nginx.conf')
        with open(config, 'w', encoding='ascii') as file:
            file.write(f'pid {end.own("pid")};\nerror_log stderr info;\nevents {{}}\nhttp {{\n'
                       f'access_log /dev/stdout;\n'
                       + ''.join(f'{kind}_temp_path {end.own(kind)};\n' for kind in
                                 ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
                       + 'server {\n' + '\n'.join(lines + peer.extra) + '\n}\n}\n')
        return ['nginx', '-c', config, '-e', 'stderr', '-g', 'daemon off; master_process off;']

    def environment(self, end):
        return {}


class GnuTls(Stack):
    needs = ('gnutls-cli', 'gnutls-serv')
    client_ok = r'HTTP/1.[01] 200'

    @staticmethod
    def _priority(peer):
        low, high = VERSIONS.index(peer.low or '1.2'), VERSIONS.index(peer.high or '1.3')
        wanted = VERSIONS[high:low - 1 if low else None:-1]  # what comes first is preferred
        return 'NORMAL:-VERS-ALL' + ''.join(f':+VERS-TLS{one}' for one in wanted)

    def _common(self, peer, end):
        words = [] if '--priority' in peer.extra else ['--priority', self._priority(peer)]
        words += ['-p', str(end.port)]
        words += ['--x509cafile', end.file(peer.ca + '.crt')] if peer.ca else []
        words += ['--alpn', peer.alpn] if peer.alpn else []
        if peer.cert:
            words += ['--x509certfile', end.file(peer.cert + '.crt'),
                      '--x509keyfile', end.file(peer.key + '.key')]
        return words + peer.extra

    def client(self, peer, end):
        words = ['gnutls-cli', end.host]
        words += ['--sni-hostname', peer.name, '--verify-hostname', peer.name] if peer.name else []
        words += [] if peer.verify else ['--insecure']
        words += ['--starttls-proto', peer.starttls] if peer.starttls else []
        return words + self._common(peer, end)

    def server(self, peer, end):
        words = ['gnutls-serv', '--http']
        words += ['-r', '--verify-client-cert'] if peer.ask else ['-a']
        return words + self._common(peer, end)

    def finished(self, role, status, log):
        if role == 'client':
            return re.search(self.client_ok, log) is not None
        return not re.search(r'Error|\*\*\* Received alert', log)


class Nss(Stack):
    """tstclnt and selfserv of libnss3-tools, with a database made for each."""
    needs = ('tstclnt', 'selfserv', 'certutil', 'pk12util')

    def _database(self, peer, end):
        path = end.own('nss')
        os.makedirs(path)
        database = 'sql:' + path
        self._run('certutil', '-N', '-d', database, '--empty-password')
        if peer.ca:
            self._run('certutil', '-A', '-d', database, '-n', 'root', '-t', 'C,C,C', '-a', '-i',
                      end.file(peer.ca + '.crt'))
        if peer.cert:
            bundle = end.own('bundle.p12')
            self._run('openssl', 'pkcs12', '-export', '-passout', 'pass:x', '-name', 'own', '-in',
                      end.file(peer.cert + '.crt'), '-inkey', end.file(peer.key + '.key'), '-out',
                      bundle)
            self._run('pk12util', '-i', bundle, '-d', database, '-W', 'x', '-K', '')
        return database

    @staticmethod
    def _run(*words):
        subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    @staticmethod
    def _versions(peer):
        return ['-V', f'tls{peer.low or "1.2"}:tls{peer.high or "1.3"}']

    def client(self, peer, end):
        words = ['tstclnt', '-h', end.host, '-p', str(end.port), '-a', peer.name, '-d',
                 self._database(peer, end), '-4', *self._versions(peer)]
        words += ['-n', 'own'] if peer.cert else []
        return words + ([] if peer.verify else ['-o']) + peer.extra

    def server(self, peer, end):
        words = ['selfserv', '-n', 'own', '-e', 'own', '-p', str(end.port), '-v', '-d',
                 self._database(peer, end), *self._versions(peer)]
        return words + (['-r', '-r'] if peer.ask else []) + peer.extra

    def finished(self, role, status, log):
        if role == 'client':
            return status == 0
        return not re.search(r'(?i)error|failed', log)


class Own(Stack):
    """A program of peers/, which all have one command line and say "ok" or "error"."""
    ends = True
    server_ok = client_ok = r'(?m)^ok\b'

    def __init__(self, name, source, build, run, needs):
        super().__init__(name)
        self.source, self.build, self.start, self.needs = source, build, run, needs
        self.built = None

    def missing(self):
        return super().missing() or (None if self.built is not False else 'its library')

    def prepare(self, scratch):
        if not self.build or self.built is not None:
            return
        target = os.path.join(scratch, self.name)
        words = [word.format(source=os.path.join(PEERS, self.source), target=target,
                             directory=scratch) for word in self.build]
        done = subprocess.run(words, capture_output=True, check=False, env=dict(
            os.environ, GOCACHE=os.path.join(scratch, 'go-cache'), GOFLAGS='-mod=mod',
            GO111MODULE='off'))
        self.built = done.returncode == 0

    def _words(self, role, peer, end):
        given = {'name': peer.name, 'ca': peer.ca and end.file(peer.ca + '.crt'),
                 'cert': peer.cert and end.file(peer.cert + '.crt'),
                 'key': peer.cert and end.file(peer.key + '.key'), 'min': peer.low,
                 'max': peer.high, 'alpn': peer.alpn, 'verify': None if peer.verify else 'no',
                 'ask': 'yes' if peer.ask else None, 'keylog': end.keys}
        run = [word.format(source=os.path.join(PEERS, self.source), directory=end.scratch,
                           target=os.path.join(end.scratch, self.name)) for word in self.start]
        return run + [role, end.host, str(end.port)] \
            + [f'{key}={value}' for key, value in given.items() if value] + peer.extra

    def client(self, peer, end):
        return self._words('client', peer, end)

    def server(self, peer, end):
        return self._words('server', peer, end)

    def environment(self, end):
        return {}


def in_c(name, *libraries):
    return Own(name, name + '.c', ['gcc', '-std=c11', '-D_DEFAULT_SOURCE', '{source}', '-o',
                                   '{target}', *(f'-l{library}' for library in libraries)],
               ['{target}'], ('gcc',))


def every_stack():
    stacks = [
        OpenSsl('openssl'), Curl('curl'), Nginx('nginx'), GnuTls('gnutls'), Nss('nss'),
        Own('java', 'Peer.java', ['javac', '-d', '{directory}', '{source}'],
            ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', '{directory}', 'Peer'],
            ('java', 'javac')),
        Own('go', 'peer.go', ['go', 'build', '-o', '{target}', '{source}'], ['{target}'], ('go',)),
        Own('node', 'peer.js', None, ['node', '{source}'], ('node',)),
        in_c('mbedtls', 'mbedtls', 'mbedx509', 'mbedcrypto'), in_c('wolfssl', 'wolfssl')]
    newer = os.environ.get(NEWER)
    stacks += [OpenSsl('openssl-3.5', newer or NEWER)]
    return {stack.name: stack for stack in stacks}
