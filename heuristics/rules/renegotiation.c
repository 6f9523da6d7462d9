/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which alert refuses to negotiate a session anew. */
#include "rules/renegotiation.h"

static bool is_alert(const struct diag_tls_message *message)
{
    return message->letter == 'L' || message->letter == 'l';
}

/* Alerts behind the last message that is none. OpenSSL answers a refusal with an alert of its own.
 */
static uint8_t alerts_at_end(const struct diag_tls_facts *tls)
{
    uint8_t alerts = 0, n = tls->message_count;

    while (alerts < n && is_alert(&tls->messages[n - 1 - alerts]))
        alerts++;
    return alerts;
}

bool diag_refused_renegotiation(const struct diag_tls_facts *tls, struct diag_refusal *refusal)
{
    uint8_t alerts = alerts_at_end(tls), n = tls->message_count;

    if (tls->messages_dropped || tls->alerts_dropped || !tls->established.frame || alerts == 0 ||
        alerts > 2)
        return false;
    /* A session that has begun has said more than alerts, and each alert is remembered. */
    const struct diag_tls_message *asked = &tls->messages[n - 1 - alerts];
    const struct diag_tls_alert *alert = &tls->alerts[tls->alert_count - alerts];

    *refusal = (struct diag_refusal){asked->frame, alert};
    return (asked->letter == 'Q' || asked->letter == 'q') &&
           asked->frame > tls->established.frame && alert->side != asked->side;
}
