/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYNs on ports that were in use a short while ago stay unanswered, while others reach the same
 * listener: somebody on the way, or the server itself, still holds the old connection and drops
 * what does not fit into it (TIME-WAIT, RFC 9293 3.6.1; the state table of a firewall or NAT).
 */
#include "core.h"

#include "bounded.h"

/* Twice the maximum segment lifetime (RFC 9293 3.4.2): so long a TIME-WAIT may last. */
#define TIME_WAIT_NS (240 * DIAG_SECOND_NS)
#define BESIDE_NS    (30 * DIAG_SECOND_NS)
/* One SYN may be lost; two in a row, while others get through, hardly. */
#define IN_A_ROW 2

/* Of anybody, after this one's first SYN. */
static bool is_answered_meanwhile(const struct diag_connection *conn,
                                  const struct diag_connection *other)
{
    const struct diag_endpoint *x = &conn->endpoint[DIAG_SERVER];
    const struct diag_endpoint *y = &other->endpoint[DIAG_SERVER];

    return other->opening.synack_ns > conn->opening.first_ns && x->port == y->port &&
           diag_same_address(&x->address, &y->address);
}

static bool stays_unanswered(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;

    return o->series >= IN_A_ROW && !o->answered && !o->icmp_frame &&
           !conn->half[DIAG_SERVER].segments;
}

/* The connection before was answered: it left state behind. */
static bool leaves_state(const struct diag_connection *old, const struct diag_connection *conn)
{
    return old && old->opening.synack_frame && conn->first_ns - old->last_ns < TIME_WAIT_NS;
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_connection *old = conn->previous;
    const struct diag_opening *o = &conn->opening;

    if (!stays_unanswered(conn) || !leaves_state(old, conn) ||
        !diag_any_beside(conn, BESIDE_NS, is_answered_meanwhile))
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_syn_hits_old_connection, DIAG_CLIENT, o->last_frame, 0,
                   o->last_ns - o->first_ns, o->frame[0], 0, conn->first_ns - old->last_ns);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_unanswered;
    f->confidence = DIAG_MEDIUM;
    f->blame = DIAG_BLAME_CLIENT | DIAG_BLAME_MIDDLEBOX | DIAG_BLAME_SERVER;
    diag_cite(f, DIAG_ROLE_old_connection, old->last_frame);
    for (uint32_t i = 0; i < DIAG_SYN_FRAMES; i++)
        diag_cite(f, DIAG_ROLE_syn, o->frame[i]);
}

const struct diag_rule diag_rule_port_reuse = {.name = "port_reuse", .on_end = on_end};
