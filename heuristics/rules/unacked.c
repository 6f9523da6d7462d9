/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Something was sent again because nobody acknowledged it. One fact, one id: the first row of the
 * table that matches. What arrived in the end is another family's (stall.c).
 */
#include "rules/blame.h"
#include "rules/path_mtu.h"

#define FAREWELL_BYTES 64
#define GIVE_UP_NS     (2 * DIAG_SECOND_NS)
/* Copies after which a silence tells that no more will come. */
#define SILENT_TIMES 3
/* A connection that was idle began long before those beside it. */
#define ALL_DAY_NS (86400 * DIAG_SECOND_NS)
/* Copies of a ClientHello after which the end of the connection speaks for itself. */
#define HELLO_TIMES 2
/* One wrong checksum is a bit that flipped; two copies of the same data are a device at work. */
#define DAMAGED_COPIES 2

struct run {
    const struct diag_connection *conn;
    struct diag_out *out;
    uint32_t frame;
    int64_t now_ns;
    enum diag_side side; /* who sends again */
    const struct diag_half *x;
    const struct diag_half *y;
    const struct diag_range *range; /* the oldest unacknowledged */
};

struct row {
    enum diag_id id;
    uint32_t times; /* sent again at least this often */
    bool (*matches)(const struct run *run);
};

static uint32_t payload_of(const struct diag_range *range)
{
    return range->end - range->seq - range->fin;
}

/* ---- rows: data, or a FIN, sent again and not acknowledged so far */

/* Another finding tells this story better. */
static bool told_elsewhere(const struct run *run)
{
    return run->conn->opening.repeats_after_data > 0;
}

/* Everything else of this side arrives intact. */
static bool is_damaged(const struct run *run)
{
    return run->x->damaged >= DAMAGED_COPIES && run->x->damaged_seq == run->range->seq;
}

static bool answered_not_taken(const struct run *run)
{
    return diag_is_rejected(run->x);
}

static bool into_closed_window(const struct run *run)
{
    return run->y->zero_frame != 0;
}

/* Copies prove nothing as long as the ACK can be on its way. */
static bool is_first_request(const struct run *run)
{
    const struct diag_half *c = run->x;

    return run->side == DIAG_CLIENT && run->conn->opening.established && run->y->bytes == 0 &&
           payload_of(run->range) > 0 && run->range->seq == c->isn + 1 &&
           run->now_ns - run->range->time_ns >= 3 * diag_rtt(run->conn);
}

/* The ClientHello that the server has not answered yet, in this run or before it. */
static const struct diag_tls_message *open_hello(const struct run *run)
{
    const struct diag_tls_facts *tls = diag_tls_of(run->conn);
    uint32_t i = tls ? tls->message_count : 0;

    if (run->side != DIAG_CLIENT || !run->conn->opening.established || !i)
        return NULL;
    const struct diag_tls_message *last = &tls->messages[i - 1];

    return last->side == DIAG_CLIENT && last->handshake == DIAG_TLS_CLIENT_HELLO ? last : NULL;
}

static bool is_client_hello(const struct run *run)
{
    const struct diag_tls_message *hello = open_hello(run);

    return hello && diag_seq_lt(run->range->seq, hello->end) &&
           diag_seq_lt(hello->start, run->range->end) &&
           run->now_ns - run->range->time_ns >= 3 * diag_rtt(run->conn);
}

/* Which part of it is missing: the range is what was not acknowledged. */
static enum diag_cause part_lost(const struct run *run)
{
    const struct diag_tls_message *hello = open_hello(run);

    if (hello && diag_seq_lt(hello->start, run->range->seq))
        return DIAG_CAUSE_rest_lost;
    return run->y->sack_valid && diag_seq_lt(run->range->end, run->y->sack_edge)
               ? DIAG_CAUSE_first_lost
               : DIAG_CAUSE_all;
}

static bool is_too_large(const struct run *run)
{
    return diag_size_never_passes(run->conn, run->side, run->range) ||
           diag_path_shrank(run->conn, run->side, run->range);
}

/* What a router said, and what a smaller segment proved, stays true. */
static bool is_for_good(const struct diag_finding *event)
{
    return event->cause == DIAG_CAUSE_smaller_passes || event->cause == DIAG_CAUSE_icmp_seen;
}

/* All was quiet for so long that a device on the path may have forgotten the connection; since then
 * nothing was heard. */
static bool is_after_idle(const struct run *run)
{
    return payload_of(run->range) > 0 &&
           run->range->idle_s >= run->conn->engine->settings.idle_state &&
           run->y->last_ns < run->range->time_ns && run->now_ns - run->range->time_ns >= GIVE_UP_NS;
}

/* Nothing but the FIN, or TLS's close_notify and the FIN. */
static bool is_only_fin(const struct run *run)
{
    uint32_t bytes = diag_outstanding(run->conn, run->side);

    return run->x->fin && (bytes == 0 || (bytes <= FAREWELL_BYTES && diag_tls_of(run->conn)));
}

/* The next copy was due long ago, and nobody had ended the connection: the sender gave up without a
 * word (TCP_USER_TIMEOUT), however few copies its patience allowed. */
static bool fell_silent(const struct run *run)
{
    int64_t silence = run->conn->engine->last_ns - run->x->last_ns;
    int64_t tail = diag_ms(run->conn->engine->settings.capture_tail);

    return run->range->again >= SILENT_TIMES && !run->x->rst_frame && !run->y->rst_frame &&
           silence >= tail && silence / 2 >= run->range->longest_ns;
}

/* Several copies within a round trip or two are a recovery, not yet a failure. */
static bool is_data(const struct run *run)
{
    int64_t since = diag_max_ns(run->range->time_ns, run->y->ack_ns);

    return payload_of(run->range) > 0 && (run->now_ns - since >= GIVE_UP_NS || fell_silent(run));
}

static const struct row rows[] = {
    {DIAG_synack_retx_after_data, 0, told_elsewhere},
    {DIAG_checksum_drop, DAMAGED_COPIES, is_damaged},
    {DIAG_data_rejected, 0, answered_not_taken},
    {DIAG_tls_ch_not_acked, 3, is_client_hello},
    {DIAG_request_unacked, 3, is_first_request},
    {DIAG_zero_window_stall, 0, into_closed_window},
    {DIAG_pmtu_blackhole, 2, is_too_large},
    {DIAG_idle_state_lost, 3, is_after_idle},
    {DIAG_fin_unacked, 2, is_only_fin},
    {DIAG_retx_give_up, 5, is_data},
};

static const struct row *row_of(const struct run *run)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].matches(run))
            return &rows[i];
    return NULL;
}

static void cite_run(struct diag_finding *f, const struct diag_range *range)
{
    diag_cite(f, range->fin ? DIAG_ROLE_fin : DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, range->again_frame);
}

static int64_t bytes_of(const struct run *run, enum diag_id id)
{
    const struct diag_tls_message *hello = id == DIAG_tls_ch_not_acked ? open_hello(run) : NULL;

    return hello ? hello->length : payload_of(run->range);
}

/* In another connection the peer was heard after these data had been sent. */
static bool heard_elsewhere(const struct diag_connection *conn, const struct diag_connection *other)
{
    for (int side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        const struct diag_half *x = &conn->half[side];
        const enum diag_side peer = diag_peer((enum diag_side)side);

        if (x->flight_count && x->flight[0].again && diag_same_ends(conn, other) &&
            other->half[peer].last_ns > x->flight[0].time_ns)
            return true;
    }
    return false;
}

static void suspect_memory(const struct run *run, struct diag_finding *f)
{
    bool alive = diag_any_beside(run->conn, ALL_DAY_NS, heard_elsewhere);

    f->blame = DIAG_BLAME_MIDDLEBOX | (alive ? 0 : diag_blame_side(diag_peer(run->side)));
    f->cause = alive ? DIAG_CAUSE_compared : DIAG_CAUSE_none;
    f->confidence = alive ? DIAG_HIGH : DIAG_MEDIUM;
}

static void suspect(const struct run *run, struct diag_finding *f)
{
    if (f->id == DIAG_checksum_drop)
        f->blame = DIAG_BLAME_PATH | diag_blame_side(run->side);
    if (f->id == DIAG_retx_give_up)
        f->blame = DIAG_BLAME_PATH | diag_blame_side(diag_peer(run->side));
    if (f->id == DIAG_idle_state_lost)
        suspect_memory(run, f);
    if (f->id == DIAG_tls_ch_not_acked)
        f->cause = part_lost(run);
    /* Only the FIN is missing and the user has everything; unless the peer never said a word after
     * the handshake, and may not have been there at all. */
    if (f->id == DIAG_fin_unacked)
        f->benign = run->y->segments > run->conn->opening.synacks || !run->conn->opening.synacks;
}

static int64_t last_value(const struct run *run, enum diag_id id)
{
    return id == DIAG_checksum_drop ? run->x->damaged : run->range->idle_s * DIAG_SECOND_NS;
}

static void report_run(const struct run *run, enum diag_id id, uint32_t tries)
{
    const struct diag_range *range = run->range;
    int64_t elapsed = run->now_ns - range->time_ns;

    if (id == DIAG_pmtu_blackhole) {
        diag_report_size(run->out, run->side, range, run->frame, tries);
        return;
    }
    struct diag_finding *f =
        id == DIAG_fin_unacked
            ? diag_raise(run->out, id, run->side, run->frame, tries, elapsed, range->frame)
            : diag_raise(run->out, id, run->side, run->frame, bytes_of(run, id), tries, elapsed,
                         range->frame, last_value(run, id));

    if (!f)
        return;
    suspect(run, f);
    cite_run(f, range);
    diag_cite(f, DIAG_ROLE_retransmission, run->frame);
}

static bool may_judge(const struct run *run)
{
    return run->range && run->y->segments > 0 &&
           diag_outstanding(run->conn, run->side) + run->x->fin;
}

/* What a router told about a size is no complaint yet. */
static bool is_news(const struct diag_connection *conn, enum diag_id id)
{
    const struct diag_finding *said = diag_raised_finding(conn, id);

    return !said || said->cause == DIAG_CAUSE_icmp_seen;
}

static void sent_again(const struct diag_step *step)
{
    struct run run = {.conn = step->conn,
                      .out = step->out,
                      .frame = step->seg->frame,
                      .now_ns = step->seg->time_ns,
                      .side = step->from,
                      .x = step->x,
                      .y = step->y,
                      .range = step->x->flight_count ? &step->x->flight[0] : NULL};

    if (!may_judge(&run) || run.range->again_frame != step->seg->frame)
        return;
    const struct row *row = row_of(&run);

    if (row && row->times && run.range->again >= row->times && is_news(step->conn, row->id))
        report_run(&run, row->id, run.range->again + 1);
}

static bool said_already(const struct diag_connection *conn, enum diag_id id,
                         const struct diag_range *range)
{
    const struct diag_finding *said = diag_raised_finding(conn, id);
    size_t tries = id == DIAG_fin_unacked ? 0 : 1;

    return said && said->value[tries] == range->again + 1;
}

/* The last word: how often it was sent in all. */
static void never_acknowledged(const struct diag_connection *conn, struct diag_out *out,
                               enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_range *range = x->flight_count ? &x->flight[0] : NULL;
    struct run run = {conn, out, range ? range->again_frame : 0, range ? range->again_ns : 0,
                      side, x,   &conn->half[diag_peer(side)],   range};
    const struct row *row = range && may_judge(&run) ? row_of(&run) : NULL;

    if (!row || !row->times || said_already(conn, row->id, range))
        return;
    if (range->again >= row->times || (row->id == DIAG_retx_give_up && fell_silent(&run)) ||
        (row->id == DIAG_tls_ch_not_acked && range->again >= HELLO_TIMES &&
         !diag_near_end(conn, range->again_ns)))
        report_run(&run, row->id, range->again + 1);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++)
        never_acknowledged(conn, out, side);
}

/* It was acknowledged after all; damaged data by an intact copy, or the damage is the capture's. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    const struct diag_half *x = &conn->half[event->side];

    if (event->id != DIAG_request_unacked && event->id != DIAG_retx_give_up &&
        event->id != DIAG_tls_ch_not_acked && event->id != DIAG_idle_state_lost &&
        (event->id != DIAG_checksum_drop || x->mended) &&
        (event->id != DIAG_pmtu_blackhole || is_for_good(event)))
        return false;
    for (uint32_t i = 0; i < x->flight_count; i++)
        if (x->flight[i].frame == event->value[3])
            return false;
    return true;
}

const struct diag_rule diag_rule_unacked = {.name = "unacked",
                                            .sees_applied = DIAG_SEES_AGAIN,
                                            .on_applied = sent_again,
                                            .on_end = on_end,
                                            .overtaken = overtaken};
