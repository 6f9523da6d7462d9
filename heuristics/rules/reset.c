/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why was it reset? Every RST gets exactly one class: the first row of the table that matches,
 * decided at its frame from the past. Kinds after RFC 9293 3.5.2 and the two ways in which a Linux
 * kernel sends one: as a reply to a segment (no ACK flag, seq = that segment's ACK number), or
 * actively (seq = SND.NXT).
 */
#include "connect.h"

#include <string.h>

/* A TLS close_notify, and what a server may add to it: nobody misses it. */
#define TLS_FAREWELL_BYTES 64
/* The line end that a terminal adds to the last command. */
#define LINE_END_BYTES 2

struct reset {
    const struct diag_step *step;
    const struct diag_connection *conn;
    const struct diag_half *x;
    const struct diag_half *y;
    enum diag_reset_kind kind;
    const struct diag_sent *answers; /* NULL if none was captured */
};

struct row {
    enum diag_id id;
    bool (*matches)(const struct reset *r);
    void (*report)(const struct reset *r);
};

/* ---- kind */

static const struct diag_sent *last_from(const struct diag_connection *conn, enum diag_side side)
{
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].from == side)
            return &conn->recent[i];
    return NULL;
}

/* A stack resets at once what it does not know; one round trip may lie between it and us. */
static bool is_prompt(const struct diag_step *step, const struct diag_sent *sent)
{
    return step->seg->time_ns - sent->time_ns <=
           diag_max_ns(DIAG_SECOND_NS, 3 * diag_rtt(step->conn));
}

static const struct diag_sent *acknowledging(const struct diag_connection *conn,
                                             enum diag_side side, uint32_t ack)
{
    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->from == side && (sent->flags & DIAG_ACK) && !(sent->flags & DIAG_RST) &&
            sent->ack == ack)
            return sent;
    }
    return NULL;
}

static bool answers_syn(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;

    return step->from == DIAG_SERVER && o->syns && !o->synack_frame && !o->ack_frame &&
           (step->seg->flags & DIAG_ACK) && step->y->segments &&
           diag_seq_lt(step->y->isn, step->seg->ack) && diag_seq_le(step->seg->ack, step->y->nxt);
}

static bool at_own_sequence(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    uint32_t seq = step->seg->seq;
    uint32_t low = x->una_valid ? x->una : x->nxt;

    if (!x->segments)
        return false;
    if (step->y->edge_valid && seq == step->y->edge)
        return true;
    return diag_seq_le(low, seq) && diag_seq_le(seq, x->nxt);
}

static enum diag_reset_kind kind_of(const struct diag_step *step, const struct diag_sent **answers)
{
    enum diag_side peer = diag_peer(step->from);

    *answers = NULL;
    if (answers_syn(step)) {
        *answers = last_from(step->conn, peer);
        return DIAG_RST_REFUSE;
    }
    if (!(step->seg->flags & DIAG_ACK)) {
        *answers = acknowledging(step->conn, peer, step->seg->seq);
        if (*answers && is_prompt(step, *answers))
            return DIAG_RST_REPLY;
        *answers = NULL;
    }
    return at_own_sequence(step) ? DIAG_RST_ACTIVE : DIAG_RST_ODD;
}

/* ---- shared words */

static struct diag_finding *cite_reset(const struct reset *r, struct diag_finding *f)
{
    if (r->answers)
        diag_cite(f, r->answers->payload ? DIAG_ROLE_data : DIAG_ROLE_ack, r->answers->frame);
    diag_cite(f, DIAG_ROLE_rst, r->step->seg->frame);
    return f;
}

static unsigned blame_side(enum diag_side side)
{
    return side == DIAG_CLIENT ? DIAG_BLAME_CLIENT : DIAG_BLAME_SERVER;
}

static bool in_opening(const struct reset *r)
{
    return r->conn->opening.syns && !r->conn->opening.ack_frame;
}

static int64_t since(const struct reset *r, int64_t then_ns)
{
    return r->step->seg->time_ns - then_ns;
}

/* ---- answers to a SYN */

static bool refuses(const struct reset *r)
{
    return r->kind == DIAG_RST_REFUSE;
}

/* A client that is refused again and again is refused once for all that a reader needs. */
static void report_refused(const struct reset *r)
{
    const struct diag_opening *o = &r->conn->opening;
    struct diag_finding *f = diag_raise(
        r->step->out, DIAG_connect_refused, DIAG_SERVER, r->step->seg->frame, since(r, o->last_ns),
        r->conn->endpoint[DIAG_SERVER].port, r->step->seg->ttl, o->last_frame, o->refusals + 1);

    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    cite_reset(r, f);
}

/* ---- answers to a SYN/ACK, or to a bare ACK in its place */

static bool rejects_synack(const struct reset *r)
{
    const struct diag_opening *o = &r->conn->opening;

    return in_opening(r) && r->step->from == DIAG_CLIENT && o->synack_frame &&
           (r->step->seg->seq == o->synack_ack || r->step->seg->seq == r->x->nxt);
}

static bool rejects_echo(const struct reset *r)
{
    return rejects_synack(r) && r->kind == DIAG_RST_REPLY && !diag_good_echo(r->conn) &&
           r->conn->opening.synack_ack == r->x->isn + 1;
}

static void report_echo(const struct reset *r)
{
    diag_report_bad_echo(r->step);
}

static bool rejects_ack_number(const struct reset *r)
{
    return rejects_synack(r) && r->conn->opening.synack_ack != r->x->isn + 1;
}

static void report_ack_number(const struct reset *r)
{
    const struct diag_opening *o = &r->conn->opening;
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_synack_bad_ack, DIAG_SERVER, r->step->seg->frame,
                   o->synack_ack, r->x->isn + 1, o->synack_frame);

    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    cite_reset(r, f);
}

static bool rejects_old_connection(const struct reset *r)
{
    const struct diag_sent *challenge = diag_challenge_ack(r->conn);

    return r->step->from == DIAG_CLIENT && challenge && r->step->seg->seq == challenge->ack;
}

static void report_old(const struct reset *r)
{
    diag_report_old_connection(r->step, diag_challenge_ack(r->conn));
}

static void report_good_synack(const struct reset *r)
{
    const struct diag_opening *o = &r->conn->opening;
    int64_t delay = since(r, o->first_ns);
    struct diag_finding *f = diag_raise(r->step->out, DIAG_rst_after_good_synack, DIAG_CLIENT,
                                        r->step->seg->frame, delay, o->synack_frame);

    if (!f)
        return;
    f->cause = o->synack_ns - o->first_ns > DIAG_SECOND_NS ? DIAG_CAUSE_late
               : r->x->options & DIAG_OPT_SACK_PERMITTED   ? DIAG_CAUSE_gone
                                                           : DIAG_CAUSE_no_socket;
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    cite_reset(r, f);
    /* A cancelled race or a scan: nobody waited for this connection. */
    if (f->cause != DIAG_CAUSE_late)
        diag_excuse(f);
}

/* ---- after the handshake: is anything lost by it? */

/* The reset's own ACK number counts: what it acknowledges has arrived. */
static uint32_t peer_bytes_lost(const struct reset *r)
{
    const struct diag_segment *seg = r->step->seg;
    uint32_t lost = diag_outstanding(r->conn, diag_peer(r->step->from));
    uint32_t end = r->y->fin ? r->y->fin_seq : r->y->nxt;

    if (!(seg->flags & DIAG_ACK) || lost == 0)
        return lost;
    return diag_seq_lt(seg->ack, end) ? end - seg->ack : 0;
}

/* Only the farewell of TLS was on the way: nobody misses it. */
static bool only_farewell(const struct reset *r, uint32_t bytes)
{
    if (bytes <= LINE_END_BYTES)
        return true;
    return bytes <= TLS_FAREWELL_BYTES && diag_tls_established(r->conn);
}

static bool sent_close_notify(const struct reset *r)
{
    const struct diag_tls_facts *tls = diag_tls_of(r->conn);

    return tls && tls->close_notify[r->step->from].frame;
}

static bool took_data_after_own_fin(const struct reset *r)
{
    return r->x->fin && r->y->data_frame && r->y->data_ns > r->x->fin_ns &&
           r->y->data_frame > r->x->fin_frame;
}

static bool everything_acknowledged(const struct reset *r)
{
    uint32_t own = diag_outstanding(r->conn, r->step->from);
    uint32_t peers = peer_bytes_lost(r);

    return own + peers == 0 || (only_farewell(r, own) && only_farewell(r, peers));
}

static bool is_after_close(const struct reset *r)
{
    if (r->y->rst_frame)
        return true;
    if (diag_both_fins(r->conn) && peer_bytes_lost(r) == 0)
        return true;
    if (!r->x->fin && !sent_close_notify(r))
        return false;
    return everything_acknowledged(r) && !took_data_after_own_fin(r);
}

static void report_after_close(const struct reset *r)
{
    struct diag_finding *f = diag_raise(r->step->out, DIAG_rst_after_close, r->step->from,
                                        r->step->seg->frame, r->x->fin_frame);

    diag_cite(f, DIAG_ROLE_fin, r->x->fin_frame);
    diag_cite(f, DIAG_ROLE_fin, r->y->fin_frame);
    diag_cite(f, DIAG_ROLE_rst, r->y->rst_frame);
    cite_reset(r, f);
}

/* RFC 5961 3.2: only beyond the window is certain; inside it, a lost segment can be the reason. */
static bool is_out_of_window(const struct reset *r)
{
    uint32_t seq = r->step->seg->seq;

    return r->kind == DIAG_RST_ODD && r->y->edge_valid && r->y->ack_valid &&
           (diag_seq_lt(seq, r->y->ack) || diag_seq_lt(r->y->edge, seq));
}

static void report_out_of_window(const struct reset *r)
{
    cite_reset(r, diag_raise(r->step->out, DIAG_rst_out_of_window, r->step->from,
                             r->step->seg->frame, diag_seq_diff(r->step->seg->seq, r->y->ack)));
}

static bool answers_data(const struct reset *r)
{
    return r->kind == DIAG_RST_REPLY && r->answers->payload > 0;
}

/* The request had left before the FIN of an idle server can have been read. */
static bool is_reuse_race(const struct reset *r)
{
    return r->step->from == DIAG_SERVER && r->x->fin && answers_data(r) &&
           r->conn->idle_before_close_ns >= DIAG_SECOND_NS && r->conn->closer == DIAG_SERVER &&
           r->conn->requests >= 2 && r->answers->time_ns - r->x->fin_ns <= diag_rtt(r->conn) &&
           diag_in_tls_handshake(r->conn) == false;
}

static void report_reuse_race(const struct reset *r)
{
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_reuse_race, DIAG_SERVER, r->step->seg->frame,
                   r->conn->idle_before_close_ns, r->x->fin_frame, r->answers->frame);

    diag_cite(f, DIAG_ROLE_fin, r->x->fin_frame);
    cite_reset(r, f);
}

static bool is_data_after_close(const struct reset *r)
{
    return r->x->fin && (answers_data(r) || (r->kind == DIAG_RST_REPLY && peer_bytes_lost(r)));
}

static bool crossed(const struct reset *r)
{
    return diag_seq_lt(r->answers->ack, r->x->fin_seq + 1) ||
           r->answers->time_ns - r->x->fin_ns < diag_rtt(r->conn);
}

static void report_data_after_close(const struct reset *r)
{
    uint32_t lost = peer_bytes_lost(r);
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_data_after_close, r->step->from, r->step->seg->frame,
                   lost ? lost : r->answers->payload, r->x->fin_frame, r->answers->frame);

    if (!f)
        return;
    f->cause = crossed(r) ? DIAG_CAUSE_crossing : DIAG_CAUSE_after_eof;
    f->blame = blame_side(crossed(r) ? r->step->from : diag_peer(r->step->from));
    diag_cite(f, DIAG_ROLE_fin, r->x->fin_frame);
    cite_reset(r, f);
    /* A client that closes does not want what still comes; a broken download is told as such. */
    if (only_farewell(r, lost ? lost : r->answers->payload) ||
        (r->step->from == DIAG_CLIENT && !r->conn->request.open))
        diag_excuse(f);
}

/* ---- a side that gave up */

static const struct diag_range *sent_in_vain(const struct reset *r)
{
    return r->x->flight_count && r->x->flight[0].again >= 3 ? &r->x->flight[0] : NULL;
}

/* The answers are in the capture, but the sender probes on and resets one interval after the last
 * probe: it has not seen them. */
static bool answers_lost(const struct reset *r)
{
    int64_t last = since(r, r->x->probe_last_ns);

    return r->x->probe_run >= 3 && r->x->probe_gap_ns > 0 && last > r->x->probe_gap_ns * 4 / 5 &&
           last < r->x->probe_gap_ns * 6 / 5 && r->x->probe_gap_ns < 120 * DIAG_SECOND_NS;
}

static bool is_timeout(const struct reset *r)
{
    if (r->kind != DIAG_RST_ACTIVE)
        return false;
    return r->x->probes >= 1 || answers_lost(r) || sent_in_vain(r);
}

static void report_timeout(const struct reset *r)
{
    const struct diag_range *range = r->x->probe_run ? NULL : sent_in_vain(r);
    int64_t begun = range ? range->time_ns : r->x->probe_ns;
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_retx_timeout, r->step->from, r->step->seg->frame,
                   range ? range->again : r->x->probe_run, since(r, begun),
                   range ? range->frame : r->x->probe_first_frame);

    if (!f)
        return;
    f->cause = range || r->x->probes ? DIAG_CAUSE_unanswered : DIAG_CAUSE_answers_lost;
    f->blame = DIAG_BLAME_PATH | blame_side(diag_peer(r->step->from));
    diag_cite(f, range ? DIAG_ROLE_data : DIAG_ROLE_probe,
              range ? range->frame : r->x->probe_first_frame);
    diag_cite(f, range ? DIAG_ROLE_retransmission : DIAG_ROLE_probe,
              range ? range->again_frame : r->x->probe_frame);
    cite_reset(r, f);
}

/* ---- an application that closed */

/* The server owes an answer to what it received; a client only to what is still pouring in: a
 * client that has its answer and resets the connection has read it. */
static bool is_unread_data(const struct reset *r)
{
    bool own = r->kind == DIAG_RST_ACTIVE || (r->x->fin && r->kind == DIAG_RST_REPLY);
    bool fresh = r->y->data_frame && since(r, r->y->data_ns) < diag_rtt(r->conn) + 100 * DIAG_MS_NS;

    if (!own || diag_unanswered(r->conn, r->step->from) == 0)
        return false;
    return r->step->from == DIAG_SERVER || peer_bytes_lost(r) > 0 || (r->x->fin && fresh);
}

static void report_unread(const struct reset *r)
{
    uint32_t unread = diag_unanswered(r->conn, r->step->from);
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_unread_data, r->step->from, r->step->seg->frame, unread,
                   r->y->data_frame, since(r, r->y->data_ns));

    if (!f)
        return;
    f->blame = blame_side(r->step->from);
    diag_cite(f, DIAG_ROLE_data, r->y->data_frame);
    cite_reset(r, f);
    if (only_farewell(r, unread) || diag_closes_by_design(r->conn))
        diag_excuse(f);
}

/* ---- a peer that does not know the connection */

static bool knows_nothing(const struct reset *r)
{
    return r->kind == DIAG_RST_REPLY && !r->x->fin;
}

static enum diag_cause how_unknown(const struct reset *r)
{
    if (r->conn->midstream && r->x->segments == 0)
        return DIAG_CAUSE_stray;
    if (r->step->from == DIAG_SERVER && r->conn->opening.synack_frame && r->x->bytes == 0 &&
        r->conn->opening.ack_frame && !diag_seq_lt(r->y->isn + 1, r->y->una))
        return DIAG_CAUSE_handshake_ack;
    return DIAG_CAUSE_lost_state;
}

static void report_no_socket(const struct reset *r)
{
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_no_socket, r->step->from, r->step->seg->frame,
                   r->answers->frame, r->conn->segments_gap_ns);

    if (!f)
        return;
    f->cause = how_unknown(r);
    f->blame = f->cause == DIAG_CAUSE_stray ? DIAG_BLAME_UNKNOWN
                                            : blame_side(r->step->from) | DIAG_BLAME_MIDDLEBOX;
    if (r->conn->midstream)
        f->severity = DIAG_NOTE;
    cite_reset(r, f);
    /* A client that cancelled a read lets its stack answer the rest of the transfer. */
    if ((r->step->from == DIAG_CLIENT && f->cause == DIAG_CAUSE_lost_state) ||
        diag_closes_by_design(r->conn))
        diag_excuse(f);
}

/* ---- the rest */

static bool is_active(const struct reset *r)
{
    return r->kind == DIAG_RST_ACTIVE;
}

static void report_abort(const struct reset *r)
{
    const struct diag_sent *last = last_from(r->conn, diag_peer(r->step->from));
    uint32_t own = diag_outstanding(r->conn, r->step->from);
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_abort, r->step->from, r->step->seg->frame, own,
                   peer_bytes_lost(r), last ? last->frame : 0, since(r, r->conn->last_ns));

    if (!f)
        return;
    f->cause = own         ? DIAG_CAUSE_own_data_discarded
               : r->x->fin ? DIAG_CAUSE_after_own_fin
                           : DIAG_CAUSE_idle;
    f->blame = blame_side(r->step->from);
    if (last)
        diag_cite(f, DIAG_ROLE_last, last->frame);
    cite_reset(r, f);
    if (everything_acknowledged(r))
        diag_excuse(f);
}

static bool always(const struct reset *r)
{
    (void)r;
    return true;
}

static void report_unexplained(const struct reset *r)
{
    uint32_t expected = r->x->segments ? r->x->nxt : r->step->seg->seq;
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_rst_unexplained, r->step->from, r->step->seg->frame,
                   diag_seq_diff(r->step->seg->seq, expected), r->conn->last_frame);

    if (f && (r->conn->midstream || in_opening(r)))
        f->severity = DIAG_NOTE;
    if (everything_acknowledged(r) && !r->conn->request.open)
        diag_excuse(f);
    diag_cite(f, DIAG_ROLE_last, r->conn->last_frame);
    cite_reset(r, f);
}

static const struct row rows[] = {
    {DIAG_connect_refused, refuses, report_refused},
    {DIAG_synack_bad_tsecr, rejects_echo, report_echo},
    {DIAG_synack_bad_ack, rejects_ack_number, report_ack_number},
    {DIAG_syn_hits_old_connection, rejects_old_connection, report_old},
    {DIAG_rst_after_good_synack, rejects_synack, report_good_synack},
    {DIAG_rst_after_close, is_after_close, report_after_close},
    {DIAG_rst_out_of_window, is_out_of_window, report_out_of_window},
    {DIAG_rst_reuse_race, is_reuse_race, report_reuse_race},
    {DIAG_rst_data_after_close, is_data_after_close, report_data_after_close},
    {DIAG_rst_retx_timeout, is_timeout, report_timeout},
    {DIAG_rst_unread_data, is_unread_data, report_unread},
    {DIAG_rst_no_socket, knows_nothing, report_no_socket},
    {DIAG_rst_abort, is_active, report_abort},
    {DIAG_rst_unexplained, always, report_unexplained},
};

/* ---- keeping the class */

static const struct diag_reset *earlier(const struct diag_connection *conn, enum diag_side side,
                                        enum diag_reset_kind kind)
{
    for (uint32_t i = 0; i < conn->reset_count; i++)
        if (conn->reset[i].side == side && conn->reset[i].kind == kind)
            return &conn->reset[i];
    return NULL;
}

static const struct row *class_of(const struct reset *r)
{
    size_t i = 0;

    while (!rows[i].matches(r))
        i++;
    return &rows[i];
}

static void keep(struct diag_connection *conn, const struct diag_reset *reset)
{
    if (!conn->reset)
        conn->reset = g_new0(struct diag_reset, DIAG_RESETS);
    if (conn->reset_count < DIAG_RESETS)
        conn->reset[conn->reset_count++] = *reset;
}

static void on_segment(const struct diag_step *step)
{
    struct reset r = {.step = step, .conn = step->conn, .x = step->x, .y = step->y};

    if (!step->rst)
        return;
    r.kind = kind_of(step, &r.answers);
    const struct diag_reset *first = earlier(step->conn, step->from, r.kind);
    const struct row *row = first ? NULL : class_of(&r);

    if (row)
        row->report(&r);
    keep(step->conn, &(struct diag_reset){.frame = step->seg->frame,
                                          .side = step->from,
                                          .class = first ? first->class : row->id,
                                          .kind = r.kind,
                                          .answers = r.answers ? r.answers->frame : 0,
                                          .repeat = first != NULL});
}

/* ---- how often, once the capture is over */

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_finding *echo = diag_raised_finding(conn, DIAG_synack_bad_tsecr);
    const struct diag_finding *old = diag_raised_finding(conn, DIAG_syn_hits_old_connection);
    struct diag_finding *f = NULL;

    if (echo && echo->value[2] && o->bad_cycles > 1) {
        f = diag_raise(out, DIAG_synack_bad_tsecr, DIAG_SERVER, echo->frame, echo->value[0],
                       echo->value[1], o->bad_cycles, echo->value[3]);
        for (uint32_t i = 0; f && i < echo->evidence_count; i++)
            diag_cite(f, echo->evidence[i].role, echo->evidence[i].frame);
        for (uint32_t i = 0; f && i < conn->reset_count; i++)
            diag_cite(f, DIAG_ROLE_rst, conn->reset[i].frame);
    }
    if (!old || !o->established)
        return;
    f = diag_raise(out, DIAG_syn_hits_old_connection, old->side, old->frame, old->value[0],
                   o->synack_ns - o->all_first_ns, old->value[2], old->value[3]);
    if (!f)
        return;
    f->cause = old->cause;
    for (uint32_t i = 0; i < old->evidence_count; i++)
        diag_cite(f, old->evidence[i].role, old->evidence[i].frame);
    if (f->value[1] < DIAG_SECOND_NS * 12 / 10)
        f->severity = DIAG_NOTE;
}

const struct diag_rule diag_rule_reset = {
    .name = "reset", .on_segment = on_segment, .on_end = on_end};
