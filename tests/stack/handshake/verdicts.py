# SPDX-License-Identifier: GPL-2.0-or-later
"""Which verdicts of diag tell which truth. The reason is what an end gave, or what the script did;
where an alert is encrypted, or none is sent, the reason itself cannot be known."""

# The end that ended it judged what it was sent, and the packet of the finding must be its own.
REJECTING = ('tls_alert_fatal', 'tls13_alert_likely', 'tls_closed_in_handshake',
             'tls_alert_after_data')

# By reason, as seen at the client and, if that differs, at the server.
VERDICTS = {
    'not_tls': (('tls_not_tls',),),
    # A server may close without a word: then nobody can tell that it expected TLS.
    'plain_to_tls': (('tls_not_tls', 'closed_without_response', 'server_silent'),),
    'slow': (('tls_slow_server_hello', 'slow_response'),),
    'starttls_refused': (('starttls_refused',),),
    'proxy_refused': (('proxy_connect_failed',),),
    'danced': (('tls_downgrade_dance',),),
    'no_answer': (('tls_no_server_hello',),),
    'no_flight': (('tls_stall_after_server_hello',),),
    'flight_lost': (('tls_stall_after_server_hello', 'tls_no_server_hello',
                     'tls_server_flight_gap'),
                    ('tls_stall_after_server_hello', 'tls_server_flight_gap', 'pmtu_blackhole',
                     'retx_give_up', 'retx_stall', 'close_gave_up')),
    # At the client, a flight whose end was lost may also have been a pause of the server.
    'flight_late': (('tls_server_flight_gap', 'loss_recovered', 'retx_stall', 'slow_response'),
                    ('tls_server_flight_gap', 'loss_recovered', 'retx_stall')),
    'hello_lost': (('tls_ch_not_acked',),
                   ('tls_ch_not_acked', 'tls_no_client_hello', 'response_lost_fin_gap',
                    'close_gave_up')),
    'hello_reset': (('tls_ch_reset', 'tls_ch_split_failed', 'tls_downgrade_dance'),),
    'hello_split': (('tls_ch_split_failed', 'tls_ch_reset', 'tls_ch_not_acked'),),
    'client_waits': (('tls_stall_client_after_cert',),),
    'no_finished': (('tls_stall_server_finished',),),
    'no_hello': (('tls_no_client_hello',),),
    'no_response': (('tls_request_no_response', 'server_silent'),),
    'left': (('tls_closed_in_handshake',),),
    'renegotiation': (('tls_alert_after_data', 'tls_alert_fatal'),),
}
# Reasons whose verdict only lowers the outcome, or leaves it as it is.
SOFT = {'danced': ('healthy', 'degraded'), 'flight_late': ('healthy', 'degraded'),
        'slow': ('healthy', 'degraded'), 'no_hello': ('healthy', 'failed', 'degraded')}
UNSEEN = {'hello_lost': 'server'}  # nothing of it gets there: no verdict is wanted
# Of these, both ends together made it fail: what one offers, the other does not take.
NEGOTIATED = ('version', 'fallback', 'parameters', 'server_name', 'alpn', None)
# What keys show of an alert may add a suspect that nobody could think of without them.
KEYS_ADD = {'integrity': {'middlebox'}}
# A certificate chain without its intermediate, and the case whose server sends it.
CHAIN_FAULT, SHOWS_ISSUER = 'no-intermediate', 'healthy-chain'
CHAIN_VERDICTS = ('tls_cert_chain_incomplete',)

# The causes of an alert that fit a reason.
CAUSES = {
    'certificate': ('certificate',),
    'client_certificate': ('client_certificate', 'certificate'),
    'version': ('version',),
    'fallback': ('fallback',),
    'parameters': ('cipher', 'version'),
    'server_name': ('server_name',),
    'alpn': ('alpn',),
    'tampered': ('integrity',),
    'renegotiation': ('renegotiation',),
}
# What an alert may say besides of a certificate, by the fault that its sender found; some have one
# alert for everything that is wrong with dates.
DETAILED = {
    'expired': ('certificate_expired',),
    'early': ('certificate_expired',),
    'unknown_ca': ('unknown_ca', 'self_signed'),
    None: ('certificate_expired', 'unknown_ca', 'prohibited'),
}
# A fault of the certificate that can be seen in it is as good a verdict as the alert about it.
SEEN = {'expired': ('tls_cert_expired',), 'early': ('tls_cert_expired',),
        'name': ('tls_cert_name_mismatch',), 'unknown_ca': ('tls_cert_chain_incomplete',)}
# Alert 49 of stacks that have no word for it.
ALWAYS = ('prohibited',)


def fitting(truth, end):
    """The verdicts that tell this truth at this end."""
    ends = VERDICTS.get(truth['reason'], (REJECTING + SEEN.get(truth.get('detail'), ()),))
    return ends[-1 if end == 'server' else 0]


def causes(truth):
    """The causes of an alert that fit; none when any does."""
    known = CAUSES.get(truth['reason'])
    if truth['reason'] == 'certificate':
        known += DETAILED.get(truth.get('detail'), ()) + ALWAYS
    return known


def suspects(truth, cause):
    """Who must be among the suspects, as far as the ends settle it."""
    reason, by = truth['reason'], truth['by']
    if reason in ('certificate', 'client_certificate'):  # whose certificate it is
        return {'server' if by == 'client' else 'client'}
    if reason == 'tampered':  # only the alert's own words tell it from other rejections
        return {'middlebox'} if cause == 'integrity' else set()
    if reason == 'plain_to_tls':  # a close without a word looks like any server that fails
        return set()
    if reason in NEGOTIATED:
        return {'client', 'server'}
    return {by} if by else set()
