// SPDX-License-Identifier: GPL-2.0-or-later
//
// One TLS connection of Node, as client or server: peer.js client|server HOST PORT KEY=VALUE...
// Prints "ok VERSION" or "error TEXT", which is the truth that a recording is held against.
'use strict';

const fs = require('fs');
const tls = require('tls');

const REQUEST = 'GET / HTTP/1.0\r\nHost: peer\r\n\r\n';
const RESPONSE = 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello';

const [role, host, port, ...words] = process.argv.slice(2);
const given = Object.fromEntries(words.map((word) => word.split('=')));

let told = false;

/* The first word counts: what follows an error is its consequence. */
function tell(error, version) {
    if (told)
        return;
    told = true;
    console.log(error ? `error ${error.code} ${error.message}` : `ok ${version}`);
    process.exitCode = error ? 1 : 0;
}

function read(name) {
    return given[name] && fs.readFileSync(given[name]);
}

const options = {
    host, port: Number(port), servername: given.name, ca: read('ca'), cert: read('cert'),
    key: read('key'), rejectUnauthorized: given.verify !== 'no',
    minVersion: `TLSv${given.min || '1.2'}`, maxVersion: `TLSv${given.max || '1.3'}`,
    ALPNProtocols: given.alpn ? [given.alpn] : undefined,
};

function note(emitter) {
    if (given.keylog)
        emitter.on('keylog', (line) => fs.appendFileSync(given.keylog, line));
}

function client() {
    const talk = tls.connect(options, () => talk.write(REQUEST));
    let version = null;
    note(talk);
    talk.on('secureConnect', () => { version = talk.getProtocol(); });
    talk.on('data', () => {});
    talk.on('error', (error) => tell(error));
    talk.on('end', () => tell(null, version));
}

function server() {
    const asks = given.ask === 'yes';
    const listener = tls.createServer({...options, requestCert: asks, rejectUnauthorized: asks});
    const end = (error) => { tell(error); listener.close(); };
    note(listener);
    listener.on('tlsClientError', end);
    listener.on('secureConnection', (talk) => {
        const version = talk.getProtocol();
        talk.on('error', end);
        talk.on('data', () => { talk.end(RESPONSE); tell(null, version); listener.close(); });
    });
    listener.listen(Number(port), host);
}

(role === 'client' ? client : server)();
