/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets of a connection that somebody had closed: harmless, or data that came too late. */
#include "rules/reset.h"

static bool sent_close_notify(const struct diag_rst *r)
{
    const struct diag_tls_facts *tls = diag_tls_of(r->conn);

    return tls && tls->close_notify[r->step->from].frame;
}

static bool took_data_after_own_fin(const struct diag_rst *r)
{
    return r->x->fin && r->y->data_frame && r->y->data_ns > r->x->fin_ns &&
           r->y->data_frame > r->x->fin_frame;
}

/* It had ended the connection by a reset that its peer did not take: what its peer sends after
 * that, a challenge ACK above all (RFC 5961 3.2), finds no connection any more. */
static bool had_aborted(const struct diag_rst *r)
{
    if (!r->answers || r->answers->payload)
        return false;
    for (uint32_t i = 0; i < r->conn->reset_count; i++)
        if (r->conn->reset[i].side == r->step->from && r->conn->reset[i].kind == DIAG_RST_ACTIVE)
            return r->kind == DIAG_RST_REPLY;
    return false;
}

static bool is_after_close(const struct diag_rst *r)
{
    if (r->y->rst_frame || had_aborted(r))
        return true;
    if (diag_both_fins(r->conn) && diag_rst_peer_lost(r) == 0)
        return true;
    if (!r->x->fin && !sent_close_notify(r))
        return false;
    return diag_rst_lost_nothing(r) && !took_data_after_own_fin(r);
}

static void report_after_close(const struct diag_rst *r)
{
    struct diag_finding *f = diag_raise(r->step->out, DIAG_rst_after_close, r->step->from,
                                        r->step->seg->frame, r->x->fin_frame);

    diag_cite(f, DIAG_ROLE_fin, r->x->fin_frame);
    diag_cite(f, DIAG_ROLE_fin, r->y->fin_frame);
    diag_cite(f, DIAG_ROLE_rst, r->y->rst_frame);
    if (had_aborted(r))
        diag_cite(f, DIAG_ROLE_rst, r->x->rst_frame);
    diag_rst_cite(r, f);
}

static bool answers_data(const struct diag_rst *r)
{
    return r->kind == DIAG_RST_REPLY && r->answers->payload > 0;
}

/* Before the FIN and the request that met: whichever of them the capture saw first. */
static int64_t idle_before(const struct diag_rst *r)
{
    uint32_t frame = MIN(r->answers->frame, r->x->fin_frame);
    int64_t end = diag_min_ns(r->answers->time_ns, r->x->fin_ns);

    for (uint32_t i = r->conn->recent_count; i-- > 0;)
        if (r->conn->recent[i].frame < frame)
            return end - r->conn->recent[i].time_ns;
    return 0;
}

/* The request had left before the FIN of an idle server can have been read. */
static bool is_reuse_race(const struct diag_rst *r)
{
    if (r->step->from != DIAG_SERVER || !r->x->fin || !answers_data(r) ||
        r->conn->closer != DIAG_SERVER || r->conn->requests < 2 || diag_in_tls_handshake(r->conn))
        return false;
    int64_t apart = r->answers->time_ns - r->x->fin_ns;

    return apart <= diag_rtt(r->conn) && apart >= -diag_rtt(r->conn) &&
           idle_before(r) >= DIAG_SECOND_NS;
}

static void report_reuse_race(const struct diag_rst *r)
{
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_reuse_race, DIAG_SERVER, r->step->seg->frame,
                   idle_before(r), r->x->fin_frame, r->answers->frame);

    diag_cite(f, DIAG_ROLE_fin, r->x->fin_frame);
    diag_rst_cite(r, f);
}

/* Stacks that set ACK in every reset (lwIP; gVisor here) answer data after their close by what
 * looks like an abort: at once, as the first thing they say to a peer that had acknowledged the FIN
 * and wrote on. A client often closes no more than its sending side. */
static const struct diag_sent *answered_like_abort(const struct diag_rst *r)
{
    const struct diag_connection *conn = r->conn;
    const struct diag_sent *last =
        conn->recent_count ? &conn->recent[conn->recent_count - 1] : NULL;

    if (r->kind != DIAG_RST_ACTIVE || r->step->from != DIAG_SERVER || !last ||
        last->from != DIAG_CLIENT || !last->payload || !diag_seq_lt(r->x->fin_seq, last->ack) ||
        diag_rst_since(r, last->time_ns) > diag_rtt(conn) + 20 * DIAG_MS_NS)
        return NULL;
    return last;
}

static const struct diag_sent *late_data(const struct diag_rst *r)
{
    return r->kind == DIAG_RST_REPLY ? r->answers : answered_like_abort(r);
}

static bool is_data_after_close(const struct diag_rst *r)
{
    return r->x->fin && late_data(r) &&
           (answers_data(r) || r->kind == DIAG_RST_ACTIVE || diag_rst_peer_lost(r));
}

static bool crossed(const struct diag_rst *r, const struct diag_sent *data)
{
    return diag_seq_lt(data->ack, r->x->fin_seq + 1) ||
           data->time_ns - r->x->fin_ns < diag_rtt(r->conn);
}

static void report_data_after_close(const struct diag_rst *r)
{
    const struct diag_sent *data = late_data(r);

    if (!data)
        return;
    uint32_t bytes = diag_rst_peer_lost(r) ? diag_rst_peer_lost(r) : data->payload;
    struct diag_finding *f = diag_raise(r->step->out, DIAG_rst_data_after_close, r->step->from,
                                        r->step->seg->frame, bytes, r->x->fin_frame, data->frame);

    if (!f)
        return;
    f->cause = crossed(r, data) ? DIAG_CAUSE_crossing : DIAG_CAUSE_after_eof;
    f->blame = diag_blame_side(crossed(r, data) ? r->step->from : diag_peer(r->step->from));
    /* It may have closed only its sending side, and have left the data unread. */
    if (r->kind == DIAG_RST_ACTIVE) {
        f->blame |= diag_blame_side(r->step->from);
        f->confidence = DIAG_LOW;
        diag_cite(f, DIAG_ROLE_data, data->frame);
    }
    diag_cite(f, DIAG_ROLE_fin, r->x->fin_frame);
    diag_rst_cite(r, f);
    /* A client that closes does not want what still comes; a broken download is told as such. */
    if (diag_rst_only_farewell(r, bytes) || diag_rst_is_last_word(r, bytes) ||
        (r->step->from == DIAG_CLIENT && !r->conn->request.open))
        diag_excuse(f);
}

const struct diag_rst_class diag_rst_after_close = {DIAG_rst_after_close, is_after_close,
                                                    report_after_close};
const struct diag_rst_class diag_rst_reuse_race = {DIAG_rst_reuse_race, is_reuse_race,
                                                   report_reuse_race};
const struct diag_rst_class diag_rst_data_after_close = {
    DIAG_rst_data_after_close, is_data_after_close, report_data_after_close};
