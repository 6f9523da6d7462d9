/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a finding suspects, where the suspect is one of the two ends, and whom a reset harms. */
#ifndef DIAG_RULES_BLAME_H
#define DIAG_RULES_BLAME_H

#include "core.h"

static inline unsigned diag_blame_side(enum diag_side side)
{
    return side == DIAG_CLIENT ? DIAG_BLAME_CLIENT : DIAG_BLAME_SERVER;
}

/* RFC 6520 3 forbids heartbeats inside the handshake, and no program needs them there: who sends
 * one looks for servers that answer it (Heartbleed), and wants no session. */
static inline bool diag_is_heartbeat_scan(const struct diag_tls_facts *tls)
{
    if (tls->established.frame)
        return false;
    for (uint8_t i = 0; i < tls->message_count; i++)
        if (tls->messages[i].side == tls->client && diag_tls_is_heartbeat(&tls->messages[i]))
            return true;
    return false;
}

/* This side's last TLS record is a close_notify, or cannot be told from one (tls_encrypted.c). */
bool diag_said_goodbye(const struct diag_connection *conn, enum diag_side side);

/* Of Multipath TCP: the connection lives on in its other subflows (RFC 8684 3.6). */
static inline bool diag_ends_subflow(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    return step->rst && ((step->conn->half[DIAG_CLIENT].options & DIAG_OPT_MPTCP_JOIN) ||
                         (seg->options & DIAG_OPT_MPTCP_RESET && seg->mptcp_reason));
}

#endif
