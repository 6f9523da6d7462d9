# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates with every fault that a peer may find in them, made anew for each recording."""
import os
import subprocess
from datetime import datetime, timedelta, timezone

NAME = 'www.example.com'
OTHER_NAME = 'old.example.net'
DAY = timedelta(days=1)
CONFIG = '''[ca]
default_ca = own
[own]
database = {0}/index
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
new_certs_dir = {0}
copy_extensions = none
[any]
organizationName = optional
commonName = supplied
'''


def openssl(*words):
    done = subprocess.run(('openssl',) + words, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f'openssl {" ".join(words)}: {done.stdout}')


class Authority:
    """The files of a small public key infrastructure, by name: file('good.crt')."""

    def __init__(self, directory):
        self.directory = directory
        self._write('index', '')
        self._write('ca.cnf', CONFIG.format(directory))
        for name in ('leaf', 'root', 'stranger', 'between'):
            openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out',
                    self.file(name + '.key'))
        for name in ('root', 'stranger'):
            openssl('req', '-x509', '-new', '-key', self.file(name + '.key'), '-days', '3650',
                    '-subj', f'/O=Test bed/CN=Test {name}', '-out', self.file(name + '.crt'))
        self._issue_all()
        self._issue_rsa()

    def file(self, name):
        return os.path.join(self.directory, name)

    def _write(self, name, text):
        with open(self.file(name), 'w', encoding='ascii') as file:
            file.write(text)

    def _issue_all(self):
        self._issue('between', 'Test between', issuer='root', key='between', ca=True)
        self._issue('good')
        self._issue('expired', start=-60, end=-2)
        self._issue('early', start=30, end=60)
        self._issue('wrong_name', names=(OTHER_NAME,))
        self._issue('unknown', issuer='stranger')
        self._issue('wrong_use', use='clientAuth')
        self._issue('short', issuer='between')
        self._issue('client', 'client 17', names=(), use='clientAuth')
        self._issue('client_unknown', 'client 18', names=(), use='clientAuth', issuer='stranger')
        self._issue('client_expired', 'client 19', names=(), use='clientAuth', start=-60, end=-2)
        self._issue('big', names=(NAME,) + tuple(f'host-{i:04}.department.example.com'
                                                 for i in range(700)))
        openssl('req', '-x509', '-new', '-key', self.file('leaf.key'), '-days', '30', '-subj',
                f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-out',
                self.file('self_signed.crt'))
        for name, parts in (('chain', ('short', 'between')),):
            self._write(name + '.crt', ''.join(self._read(part + '.crt') for part in parts))

    def _issue_rsa(self):
        openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out',
                self.file('rsa.key'))
        self._issue('rsa', key='rsa')

    def _read(self, name):
        with open(self.file(name), encoding='ascii') as file:
            return file.read()

    def _issue(self, name, subject=NAME, names=(NAME,), issuer='root', key='leaf', start=-1,
               end=90, use='serverAuth', ca=False):
        request, out = self.file('request'), self.file(name + '.crt')
        now = datetime.now(timezone.utc)
        openssl('req', '-new', '-key', self.file(key + '.key'), '-subj',
                f'/O=Test bed/CN={subject}', '-out', request)
        self._write('extensions', self._extensions(names, use, ca))
        openssl('ca', '-batch', '-notext', '-config', self.file('ca.cnf'), '-in', request, '-out',
                out, '-cert', self.file(issuer + '.crt'), '-keyfile', self.file(issuer + '.key'),
                '-startdate', f'{now + start * DAY:%Y%m%d%H%M%SZ}', '-enddate',
                f'{now + end * DAY:%Y%m%d%H%M%SZ}', '-extfile', self.file('extensions'))

    @staticmethod
    def _extensions(names, use, ca):
        if ca:
            return 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n'
        text = f'basicConstraints=CA:false\nextendedKeyUsage={use}\n'
        if names:
            text += 'subjectAltName=' + ','.join(f'DNS:{name}' for name in names) + '\n'
        return text
