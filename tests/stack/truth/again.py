# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of all families once more: over IPv6, and as a capture between the ends of a tunnel shows
them."""
from dataclasses import replace

from scene import SCENARIOS

OVER_IPV6 = (
    'accept-queue-aborts', 'both-abort-with-data', 'both-ends-reset', 'cancelled-connect',
    'challenged-reset', 'client-lingers-idle', 'connect-scan', 'final-ack-garbled',
    'health-check-by-reset', 'keepalive-of-client', 'mirrored-abort', 'orphaned-fin',
    'request-crosses-fin', 'reset-overtakes-data', 'server-goes-on', 'stray-synack',
    'synack-with-old-echo', 'user-timeout-in-flight')

IN_TUNNEL = {
    'gre': ('closed-port', 'client-breaks-off-download', 'close-with-data-in-flight',
            'half-open-old-connection', 'server-goes-on', 'rejected-by-icmp-admin-prohibited'),
    'ipip': ('closed-port-v6', 'server-leaves-request-unread', 'both-ends-reset',
             'request-crosses-fin', 'mirrored-abort', 'synack-of-unsent'),
    'vxlan': ('request-to-restarted-server', 'challenged-reset', 'reset-overtakes-data',
              'refused-by-far-firewall', 'keepalive-of-server', 'happy-eyeballs-loser',
              'server-leaves-request-unread-v6', 'user-timeout-in-flight'),
}

ON_ALL_LINKS = (
    'both-abort-with-data', 'challenged-reset', 'client-always-resets', 'closed-port',
    'close-with-data-in-flight', 'half-open-old-connection', 'request-crosses-fin',
    'server-lingers-with-data', 'server-writes-after-eof-v6')


def repeat():
    """Once all others are known."""
    known = {play.name: play for play in SCENARIOS}
    for name in OVER_IPV6:
        play = known[name]
        SCENARIOS.append(replace(play, name=f'{name}-v6', story=f'{play.story} Over IPv6.', v6=True))
    for name in ON_ALL_LINKS:
        play = known[name]
        SCENARIOS.append(replace(play, name=f'{name}-on-all-links', all_links=True, tempting=True,
                                 story=f'{play.story} The router records it on all its links.'))
    for kind, names in IN_TUNNEL.items():
        for name in names:
            play = known[name]
            SCENARIOS.append(replace(play, name=f'{name}-in-{kind}', tunnel=kind,
                                     story=f'{play.story} Inside of {kind.upper()}.'))
