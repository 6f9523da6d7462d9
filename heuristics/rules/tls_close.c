/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS handshakes that end with a close and without a word. Silence in a handshake is told with the
 * other silences (silence.c).
 */
#include "rules/blame.h"

static const char *last_message(const struct diag_tls_facts *tls)
{
    return diag_tls_message_name(&tls->messages[tls->message_count - 1]);
}

/* A server that has accepted early data (0-RTT) may answer and close before the client's Finished
 * arrives (RFC 8446 2.3): a record behind its own Finished is its answer. */
static bool answered_early(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    return step->from != tls->client && tls->client_hello->early_data &&
           tls->server_finished.frame && step->x->data_frame > tls->server_finished.frame;
}

/* Inside the handshake, at the first close, with something said before and no reason in clear. */
static bool breaks_handshake_off(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    return (step->fin || step->rst) && tls && conn->close_frame == step->seg->frame &&
           !step->seg->payload && !tls->established.frame && tls->message_count > 0 &&
           tls->alert_count == 0 && diag_in_tls_handshake(conn) && !conn->midstream &&
           !diag_raised(conn, DIAG_tls_ch_reset) && !diag_raised(conn, DIAG_tls_ch_split_failed) &&
           !answered_early(step, tls);
}

/* The peer's messages were sent to it again and again, and it has not got them. */
static bool lacks_messages(const struct diag_step *step)
{
    const struct diag_range *oldest = step->y->flight_count ? &step->y->flight[0] : NULL;

    return oldest && oldest->again >= 2 && step->seg->flags & DIAG_ACK &&
           diag_seq_le(step->seg->ack, oldest->seq);
}

static void closed_in_handshake(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    bool lacks = lacks_messages(step);

    if (!breaks_handshake_off(step) || diag_raised(conn, DIAG_close_gave_up) ||
        !diag_saw_all(conn) || (lacks && diag_raised(conn, DIAG_retx_give_up)))
        return;
    int64_t waited = step->seg->time_ns - conn->last_data_ns;
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    uint32_t last = tls->messages[tls->message_count - 1].frame;
    struct diag_finding *f = diag_raise(step->out, DIAG_tls_closed_in_handshake, step->from,
                                        step->seg->frame, waited, last);

    if (!f)
        return;
    f->cause = lacks ? DIAG_CAUSE_bytes_lost : DIAG_CAUSE_none;
    f->blame = lacks ? diag_blame_side(step->from) | DIAG_BLAME_PATH
                     : DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER;
    diag_name_it(step->out, f, last_message(tls));
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_server_hello, tls->server_hello_at.frame);
    diag_cite(f, DIAG_ROLE_last, last);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
    /* A client that sends its hello and leaves at once: a navigation, a race, a probe. */
    if ((step->from == DIAG_CLIENT && !tls->server_hello_at.frame) || diag_is_heartbeat_scan(tls))
        diag_excuse(f);
}

/* ---- monitors: a look at the certificate, always at the same interval */

#define MONITOR_WITHIN_NS (86400 * DIAG_SECOND_NS)
#define UNEVEN_PERCENT    10

static bool is_alike(const struct diag_connection *conn, const struct diag_connection *other)
{
    const struct diag_finding *mine = diag_raised_finding(conn, DIAG_tls_closed_in_handshake);
    const struct diag_finding *its = diag_raised_finding(other, DIAG_tls_closed_in_handshake);

    return its && mine && its->side == DIAG_CLIENT && mine->side == DIAG_CLIENT &&
           diag_same_ends(conn, other);
}

static const struct diag_connection *alike(const struct diag_connection *conn, int step)
{
    return conn ? diag_beside(conn, step, MONITOR_WITHIN_NS, is_alike) : NULL;
}

static bool are_even(const struct diag_connection *a, const struct diag_connection *b,
                     const struct diag_connection *c)
{
    if (!a || !b || !c)
        return false;
    int64_t first = b->first_ns - a->first_ns;
    int64_t second = c->first_ns - b->first_ns;
    int64_t apart = first > second ? first - second : second - first;

    return first >= DIAG_SECOND_NS && apart <= first / 100 * UNEVEN_PERCENT;
}

static bool is_monitor(const struct diag_connection *conn, const struct diag_finding *event)
{
    if (event->id != DIAG_tls_closed_in_handshake || event->side != DIAG_CLIENT)
        return false;
    const struct diag_connection *before = alike(conn, -1);
    const struct diag_connection *after = alike(conn, 1);

    return are_even(before, conn, after) || are_even(alike(before, -1), before, conn) ||
           are_even(conn, after, alike(after, 1));
}

const struct diag_rule diag_rule_tls_close = {.name = "tls_close",
                                              .sees_applied = DIAG_SEES_FIN | DIAG_SEES_RST,
                                              .on_applied = closed_in_handshake,
                                              .overtaken = is_monitor};
