# SPDX-License-Identifier: GPL-2.0-or-later
"""What an endpoint itself says about its handshake, read from its exit status and log. This is the
truth that diag is held against; no packet is looked at."""
import re
from dataclasses import dataclass

OK, REJECTED, TOLD, CLOSED = 'ok', 'rejected', 'told', 'closed'
# What a server calls an alert that comes in clear where it expects an encrypted record.
UNREADABLE = 'tampered'

# What the peer's alert means, by number and by the names that stacks print.
ALERTS = (
    (70, 'version', 'protocol.version'),
    (86, 'fallback', 'inappropriate.fallback'),
    (112, 'server_name', 'unrecognized.name'),
    (120, 'alpn', 'no.application.protocol'),
    (116, 'client_certificate', 'certificate.required'),
    (42, 'certificate', '(bad.certificate|bad.cert.alert|certificate is bad)'),
    (43, 'certificate', 'unsupported.certificate'),
    (44, 'certificate', 'certificate.revoked'),
    (45, 'certificate', '(certificate.expired|expired.certificate|expired.cert.alert)'),
    (46, 'certificate', 'certificate.unknown'),
    (48, 'certificate', 'unknown.(ca|certificate.authority)'),
    (49, 'certificate', 'access.denied'),
    (20, 'tampered', 'bad.record.mac'),
    (40, 'parameters', '(handshake.failure|no.cypher.overlap)'),
    (71, 'parameters', 'insufficient.security'),
    (47, 'parameters', 'illegal.parameter'),
    (51, 'tampered', 'decrypt.error'),
    (50, 'decode', 'decode.error'),
    (10, 'order', 'unexpected.message'),
    (80, 'internal', 'internal.error'),
)
# How a stack says that its peer sent an alert; a group holds the number or the name.
TOLD_BY = (
    r'SSL alert number (\d+)', r'\*\*\* Received alert \[(\d+)\]', r'remote error: tls: (.*)',
    r'Received fatal alert: (\w+)', r'SSL_ERROR_(\w+_ALERT)\b',
    r'tstclnt: .*SSL_ERROR_(NO_CYPHER_OVERLAP)',  # so a client of NSS calls handshake_failure
    r'alert received: (\w+)',
    r'(?:sslv3|tlsv1|tlsv13) alert (\w[\w ]*)', r'SSL3?_(?:ALERT|ERROR)_(\w+_ALERT)\b',
)
TOLD_NO_MORE = r'fatal alert message was received from our peer|received alert fatal error|' \
               r'fatal alert has been received|revcd alert fatal|error -313 '
# What this end itself found wrong with the other.
REJECTIONS = (
    ('client_certificate', r'did not return a certificate|didn.t provide a certificate|'
     r'Empty (client|server) certificate chain|No client certification received|'
     r'certificate is required|NO_CERTIFICATE\b|No certificate was found|error -(?:387|305) |'
     r'No certificates found|client sent no required SSL certificate'),
    ('certificate', r'certificate verify failed|certificate verification|x509: |PKI verification|'
     r'Error in the certificate|PKIX path|'
     r'CertificateException|SEC_ERROR_|SSL_ERROR_BAD_CERT_DOMAIN|CERT_HAS_EXPIRED|'
     r'CERT_NOT_YET_VALID|SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|ALTNAME_INVALID|'
     r'INVALID_PURPOSE|SSL certificate problem|no alternative certificate subject|'
     r'error -(?:150|151|188|275|322|329|385) |client SSL certificate verify error'),
    ('fallback', r'inappropriate fallback'),
    ('version', r'unsupported protocol|protocol is disabled|versions are not accepted|'
     r'unsupported (protocol )?version|only unsupported versions|UNSUPPORTED_VERSION|'
     r'not within min/max|protocol not available|error -326 |version packet was received|'
     r'version too low|Handshake protocol version|'
     r'Selected version .* is not|not support|UNSUPPORTED_PROTOCOL'),
    ('parameters', r'no shared cipher|no suitable (key share|signature)|no cipher suite supported|'
     r'NO_CYPHER_OVERLAP|common ciphersuites|cipher suites in common|no cipher suites? supported|'
     r'supported cipher suites|NO_SHARED|no shared (signature|group)|mutually supported|'
     r'No supported cipher|error -501 |no ECDHE curve supported|error -404 |'
     r'peer.s certificate algorithm'),
    ('alpn', r'no application protocol|unsupported application protocols|application protocol'),
    ('server_name', r'callback failed|rejecting handshake|clienthello tlsext|unrecognized name'),
    ('not_tls', r'wrong version number|http request|does not look like a TLS|packet length|'
     r'unrecognized SSL message|RX_RECORD_TOO_LONG|UNSUPPORTED_EXTENSION|WRONG_VERSION_NUMBER|'
     r'invalid SSL record|plain HTTP request|An unexpected TLS packet|400 The plain'),
    ('tampered', r'bad record mac|bad_record_mac|BAD_MAC|Tag mismatch|digest check failed|'
     r'tag mismatch'),
)
# Which fault of a certificate it was, where the end says so.
DETAILS = (
    ('expired', r'(has|have) expired|EXPIRED|current date after|is after 20|validity check|'
     r'uses expired'),
    ('early', r'not yet valid|not yet activated|NOT_YET|current date before'),
    ('unknown_ca', r'unknown authority|local issuer|unable to find valid certification|'
     r'UNKNOWN_ISSUER|self.signed|first certificate|LEAF_SIGNATURE|trusted CA|issuer is unknown|'
     r'error -188 '),
    ('name', r'hostname mismatch|subject name|altnames|No subject alternative|is valid for|'
     r'does not match'),
)
LOST = r'unexpected eof|reset by peer|\bEOF\b|ECONNRESET|terminated the handshake|socket hang up|' \
       r'PR_(END_OF_FILE|CONNECT_RESET)_ERROR|premature|broken pipe|errno=(0|104|32)|' \
       r'error -(?:308|397) |Connection (was )?(reset|closed|terminated)|peer closed|timed out'


@dataclass
class Said:
    """`reason` says why, when it is known to this end."""
    result: str
    reason: str = None
    text: str = ''  # the line that says so
    detail: str = None


def reason_of(alert):
    """Of a number, or of a name as a stack spells it."""
    for number, reason, name in ALERTS:
        if str(number) == alert or re.search(name, alert, re.IGNORECASE):
            return reason
    return None


def line_with(log, match):
    start = log.rfind('\n', 0, match.start()) + 1
    end = log.find('\n', match.end())
    return log[start:end if end >= 0 else None].strip()[:200]


def told(log):
    for pattern in TOLD_BY:
        match = re.search(pattern, log, re.IGNORECASE)
        if match:
            return Said(TOLD, reason_of(match.group(1)), line_with(log, match))
    match = re.search(TOLD_NO_MORE, log, re.IGNORECASE)
    return Said(TOLD, None, line_with(log, match)) if match else None


def rejected(log):
    for reason, pattern in REJECTIONS:
        match = re.search(pattern, log, re.IGNORECASE)
        if match:
            return Said(REJECTED, reason, line_with(log, match),
                        detail_of(log) if reason == 'certificate' else None)
    return None


def detail_of(log):
    found = (name for name, pattern in DETAILS if re.search(pattern, log))
    return next(found, None)


def read(log, finished):
    """`finished`: by its exit status or its words, this end got what it wanted."""
    if finished:
        return Said(OK, None, '')
    lost = re.search(LOST, log, re.IGNORECASE)
    return told(log) or rejected(log) or Said(CLOSED, None, line_with(log, lost) if lost else '')


@dataclass
class Truth:
    """Of one connection. `by` is who ended it: client, server, or path; None when it is healthy."""
    outcome: str
    by: str = None
    reason: str = None
    detail: str = None


HEALTHY = Truth('healthy')


def truth_of(client, server):
    """What both ends together say: an end that rejects knows best, then one that was told. None
    when they do not say enough."""
    if client.result == server.result == OK:
        return HEALTHY
    for side, said, peer in (('client', client, server), ('server', server, client)):
        if said.result == REJECTED and (peer.result != REJECTED or peer.reason == UNREADABLE):
            return Truth('failed', side, said.reason, said.detail)
    for side, said in (('server', client), ('client', server)):
        if said.result == TOLD:
            return Truth('failed', side, said.reason)
    return None
