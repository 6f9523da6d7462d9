/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resets of a connection that was alive: out of the window, given up, broken off by an application,
 * unknown to the other end, and those that nothing explains.
 */
#include "rules/reset.h"

/* The server answers the end of the handshake by a number that the client never acknowledged: what
 * the client sent was rewritten on its way, so the server does not know it. */
static bool answers_rewritten(const struct diag_rst *r)
{
    const struct diag_opening *o = &r->conn->opening;

    return r->kind == DIAG_RST_ODD && r->step->from == DIAG_SERVER && !r->x->fin &&
           !(r->step->seg->flags & DIAG_ACK) && r->step->seg->seq != 0 && o->synack_frame &&
           o->ack_frame && r->x->bytes == 0 && !diag_seq_lt(r->y->isn + 1, r->y->una) &&
           !r->conn->previous;
}

/* RFC 5961 3.2: only beyond the window is certain; inside it, a lost segment can be the reason.
 * Where the window ends is not known without the SYNs, which tell how it is scaled. */
static bool is_out_of_window(const struct diag_rst *r)
{
    uint32_t seq = r->step->seg->seq;

    return r->kind == DIAG_RST_ODD && !answers_rewritten(r) && r->y->ack_valid &&
           (diag_seq_lt(seq, r->y->ack) ||
            (!r->conn->midstream && r->y->edge_valid && diag_seq_lt(r->y->edge, seq)));
}

static void report_out_of_window(const struct diag_rst *r)
{
    diag_rst_cite(r, diag_raise(r->step->out, DIAG_rst_out_of_window, r->step->from,
                                r->step->seg->frame, diag_seq_diff(r->step->seg->seq, r->y->ack)));
}

/* ---- a side that gave up */

static const struct diag_range *sent_in_vain(const struct diag_rst *r)
{
    return r->x->flight_count && r->x->flight[0].again >= 3 ? &r->x->flight[0] : NULL;
}

/* The answers are in the capture, but the sender probes on and resets one interval after the last
 * probe: it has not seen them. */
static bool answers_lost(const struct diag_rst *r)
{
    int64_t last = diag_rst_since(r, r->x->probe_last_ns);

    return r->x->probe_run >= 3 && r->x->probe_gap_ns > 0 &&
           r->x->probe_gap_ns < 120 * DIAG_SECOND_NS && last > r->x->probe_gap_ns * 4 / 5 &&
           last < r->x->probe_gap_ns * 6 / 5;
}

/* Long enough for an answer to have come. */
static bool probes_unanswered(const struct diag_rst *r)
{
    return r->x->probes >= 1 && diag_rst_since(r, r->x->probe_last_ns) >= 3 * diag_rtt(r->conn);
}

static bool is_timeout(const struct diag_rst *r)
{
    if (r->kind != DIAG_RST_ACTIVE)
        return false;
    return probes_unanswered(r) || answers_lost(r) || sent_in_vain(r);
}

static struct diag_finding *report_probes(const struct diag_rst *r)
{
    const struct diag_half *x = r->x;
    bool unanswered = x->probes > 0;
    uint32_t first = unanswered ? x->probe_first_frame : x->probe_run_frame;
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_retx_timeout, r->step->from, r->step->seg->frame,
                   unanswered ? x->probes : x->probe_run,
                   diag_rst_since(r, unanswered ? x->probe_ns : x->probe_run_ns), first);

    if (f)
        f->cause = unanswered ? DIAG_CAUSE_unanswered : DIAG_CAUSE_answers_lost;
    diag_cite(f, DIAG_ROLE_probe, first);
    diag_cite(f, DIAG_ROLE_probe, x->probe_frame);
    return f;
}

static struct diag_finding *report_copies(const struct diag_rst *r)
{
    const struct diag_range *range = sent_in_vain(r);

    if (!range)
        return NULL;
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_retx_timeout, r->step->from, r->step->seg->frame,
                   range->again, diag_rst_since(r, range->time_ns), range->frame);

    if (f)
        f->cause = DIAG_CAUSE_unanswered;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, range->again_frame);
    return f;
}

static void report_timeout(const struct diag_rst *r)
{
    struct diag_finding *f = r->x->probe_run ? report_probes(r) : report_copies(r);

    if (f)
        f->blame = DIAG_BLAME_PATH | diag_blame_side(diag_peer(r->step->from));
    diag_rst_cite(r, f);
}

/* ---- an application that closed */

/* What came long ago and asks for no answer was read long ago. */
static bool was_read_long_ago(const struct diag_rst *r)
{
    int64_t since = diag_rst_since(r, r->y->data_ns);

    return since >= diag_ms(r->conn->engine->settings.idle_close) &&
           !diag_answer_due(r->conn, since) && diag_rst_lost_nothing(r);
}

/* The server owes an answer to what it received; a client only to what is still pouring in: a
 * client that has its answer and resets the connection has read it, unless its buffer is full. */
static bool is_unread_data(const struct diag_rst *r)
{
    bool own = r->kind == DIAG_RST_ACTIVE || (r->x->fin && r->kind == DIAG_RST_REPLY);
    bool fresh =
        r->y->data_frame && diag_rst_since(r, r->y->data_ns) < diag_rtt(r->conn) + 100 * DIAG_MS_NS;

    /* What is missing may have been the answer. */
    if (!own || r->missing || diag_unanswered(r->conn, r->step->from) == 0)
        return false;
    return (r->step->from == DIAG_SERVER && !was_read_long_ago(r)) || diag_rst_peer_lost(r) > 0 ||
           r->x->zero_frame || (r->x->fin && fresh);
}

static void report_unread(const struct diag_rst *r)
{
    uint32_t unread = diag_unanswered(r->conn, r->step->from);
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_unread_data, r->step->from, r->step->seg->frame, unread,
                   r->y->data_frame, diag_rst_since(r, r->y->data_ns));

    if (!f)
        return;
    f->blame = diag_blame_side(r->step->from);
    diag_cite(f, DIAG_ROLE_data, r->y->data_frame);
    diag_rst_cite(r, f);
    if (diag_rst_only_farewell(r, unread) || diag_closes_by_design(r->conn) ||
        diag_rst_is_last_word(r, unread))
        diag_excuse(f);
}

/* ---- a peer that does not know the connection */

/* What its peer acknowledged and the capture does not hold may have ended with a FIN. */
static bool may_have_closed(const struct diag_rst *r)
{
    return (r->conn->opening.established || r->conn->midstream) &&
           diag_unseen(r->conn, r->step->from) > 0;
}

static bool knows_nothing(const struct diag_rst *r)
{
    return (r->kind == DIAG_RST_REPLY && !r->x->fin && !may_have_closed(r)) || answers_rewritten(r);
}

static enum diag_cause how_unknown(const struct diag_rst *r)
{
    if (r->conn->midstream && r->x->segments == 0)
        return DIAG_CAUSE_stray;
    /* What the client acknowledged was said, even if the capture does not have it. */
    if (r->step->from == DIAG_SERVER && r->conn->opening.synack_frame && r->x->bytes == 0 &&
        r->conn->opening.ack_frame && !diag_seq_lt(r->y->isn + 1, r->y->una) &&
        !diag_unseen(r->conn, DIAG_SERVER))
        return DIAG_CAUSE_handshake_ack;
    return DIAG_CAUSE_lost_state;
}

/* Since it was heard last, before the segment that it does not know; it may have spoken since. What
 * the capture lacks was heard when its peer acknowledged it. */
static int64_t idle_before(const struct diag_rst *r, const struct diag_sent *answered)
{
    if (!answered || !r->x->segments)
        return r->conn->segments_gap_ns;
    int64_t heard = diag_unseen(r->conn, r->step->from) ? r->y->ack_ns : r->x->last_ns;

    return diag_max_ns(0, answered->time_ns - heard);
}

static void report_no_socket(const struct diag_rst *r)
{
    const struct diag_sent *answered =
        r->answers ? r->answers : diag_last_from(r->conn, diag_peer(r->step->from));
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_no_socket, r->step->from, r->step->seg->frame,
                   answered ? answered->frame : 0, idle_before(r, answered));

    if (!f)
        return;
    f->cause = how_unknown(r);
    f->blame = f->cause == DIAG_CAUSE_stray ? DIAG_BLAME_UNKNOWN
                                            : diag_blame_side(r->step->from) | DIAG_BLAME_MIDDLEBOX;
    if (r->conn->midstream)
        f->severity = DIAG_NOTE;
    diag_rst_cite(r, f);
    /* A client that cancelled a read lets its stack answer the rest of the transfer. */
    if ((r->step->from == DIAG_CLIENT && f->cause == DIAG_CAUSE_lost_state &&
         !diag_rst_in_opening(r)) ||
        diag_closes_by_design(r->conn))
        diag_excuse(f);
}

/* ---- the rest */

static bool is_active(const struct diag_rst *r)
{
    return r->kind == DIAG_RST_ACTIVE;
}

static enum diag_cause abort_cause(const struct diag_rst *r, uint32_t own)
{
    if (r->missing)
        return DIAG_CAUSE_bytes_lost;
    if (own)
        return DIAG_CAUSE_own_data_discarded;
    return r->x->fin ? DIAG_CAUSE_after_own_fin : DIAG_CAUSE_idle;
}

bool diag_had_said_all(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];

    for (uint32_t i = 0; i < x->flight_count; i++)
        if (x->flight[i].again)
            return false;
    return x->fin && !x->hole_count && !conn->request.open &&
           diag_may_have_said_goodbye(conn, side);
}

/* The reset only answers what came too late to be read, and the peer has the answer before it. */
static bool had_said_all(const struct diag_rst *r)
{
    return !r->missing && diag_had_said_all(r->conn, r->step->from) &&
           diag_rst_only_farewell(r, diag_rst_peer_lost(r));
}

static void report_abort(const struct diag_rst *r)
{
    const struct diag_sent *last = diag_last_from(r->conn, diag_peer(r->step->from));
    uint32_t own = diag_rst_own_lost(r);
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_abort, r->step->from, r->step->seg->frame, own,
                   diag_rst_peer_lost(r), last ? last->frame : 0,
                   diag_rst_since(r, r->conn->last_ns), r->missing);

    if (!f)
        return;
    f->cause = abort_cause(r, own);
    f->blame = diag_blame_side(r->step->from);
    if (r->missing) {
        f->blame |= DIAG_BLAME_PATH;
        f->confidence = DIAG_LOW;
    }
    if (last)
        diag_cite(f, DIAG_ROLE_last, last->frame);
    diag_rst_cite(r, f);
    if (diag_rst_lost_nothing(r) || diag_closes_by_design(r->conn) || had_said_all(r))
        diag_excuse(f);
}

static bool always(const struct diag_rst *r)
{
    (void)r;
    return true;
}

static void report_unexplained(const struct diag_rst *r)
{
    uint32_t expected = r->x->segments ? r->x->nxt : r->step->seg->seq;
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_unexplained, r->step->from, r->step->seg->frame,
                   diag_seq_diff(r->step->seg->seq, expected), r->conn->last_frame);

    if (f && (r->conn->midstream || diag_rst_in_opening(r)))
        f->severity = DIAG_NOTE;
    /* A client that asks to connect waits for an answer, and this is none. */
    bool asks = diag_rst_in_opening(r) && r->step->from == DIAG_SERVER && !r->y->ack_valid;
    bool awaited = r->conn->request.open || asks;

    if ((diag_rst_lost_nothing(r) && !awaited) || may_have_closed(r))
        diag_excuse(f);
    diag_cite(f, DIAG_ROLE_last, r->conn->last_frame);
    diag_rst_cite(r, f);
}

const struct diag_rst_class diag_rst_out_of_window = {DIAG_rst_out_of_window, is_out_of_window,
                                                      report_out_of_window};
const struct diag_rst_class diag_rst_timeout = {DIAG_rst_retx_timeout, is_timeout, report_timeout};
const struct diag_rst_class diag_rst_unread_data = {DIAG_rst_unread_data, is_unread_data,
                                                    report_unread};
const struct diag_rst_class diag_rst_no_socket = {DIAG_rst_no_socket, knows_nothing,
                                                  report_no_socket};
const struct diag_rst_class diag_rst_abort = {DIAG_rst_abort, is_active, report_abort};
const struct diag_rst_class diag_rst_unexplained = {DIAG_rst_unexplained, always,
                                                    report_unexplained};
