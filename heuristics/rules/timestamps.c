/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timestamps after the handshake (RFC 7323): segments without those that were agreed, and segments
 * that are older than what their receiver has seen. Neither is a fault by itself: what is judged is
 * that the receiver does not take them.
 */
#include "rules/blame.h"

/* Of two transmissions without an answer one may be chance. */
#define BARE_TIMES 2
/* RFC 7323 5.5: after that the receiver forgets what it has seen. */
#define FORGOTTEN_NS (INT64_C(24) * 86400 * DIAG_SECOND_NS)
/* A sender with several processors may be a tick behind itself. */
#define TICKS 1

static bool agreed(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    const struct diag_half *s = &conn->half[DIAG_SERVER];

    if (!c->syn || !s->syn)
        return c->timestamps && s->timestamps;
    return c->options & s->options & DIAG_OPT_TIMESTAMPS;
}

/* ---- ts_missing */

struct lack {
    const struct diag_connection *conn;
    struct diag_out *out;
    enum diag_side side;
    uint32_t frame;
    int64_t now_ns;
};

static struct diag_finding *report_missing(const struct lack *lack)
{
    const struct diag_half *x = &lack->conn->half[lack->side];
    const struct diag_range *range = &x->flight[0];
    struct diag_finding *f =
        diag_raise(lack->out, DIAG_ts_missing, lack->side, lack->frame, range->bare,
                   lack->now_ns - range->time_ns, range->frame, range->again + 1);

    if (!f)
        return NULL;
    f->blame = diag_blame_side(lack->side) | DIAG_BLAME_MIDDLEBOX;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, range->again_frame);
    return f;
}

/* Nothing without them was ever taken, and this has been sent without them again and again. */
static bool is_refused_bare(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_range *range = x->flight_count ? &x->flight[0] : NULL;

    return range && range->bare >= BARE_TIMES && !x->bare_taken && agreed(conn) &&
           !conn->half[diag_peer(side)].zero_frame;
}

/* That nobody answers may have another reason; that the copy with timestamps is answered settles
 * it. */
static void sent_without(const struct diag_step *step)
{
    const struct lack lack = {step->conn, step->out, step->from, step->seg->frame,
                              step->seg->time_ns};

    if (!step->x->flight_count || step->x->flight[0].bare <= BARE_TIMES ||
        step->x->flight[0].again_frame != step->seg->frame ||
        diag_raised(step->conn, DIAG_ts_missing) || !is_refused_bare(step->conn, step->from))
        return;
    struct diag_finding *f = report_missing(&lack);

    if (f)
        f->confidence = DIAG_LOW;
}

static void taken_with(const struct diag_step *step)
{
    const struct lack lack = {step->conn, step->out, diag_peer(step->from), step->seg->frame,
                              step->seg->time_ns};
    const struct diag_range *range = step->y->flight_count ? &step->y->flight[0] : NULL;

    if (!range || diag_seq_lt(step->seg->ack, range->end) || range->bare > range->again ||
        !is_refused_bare(step->conn, lack.side) || diag_raised(step->conn, DIAG_ts_missing))
        return;
    diag_cite(report_missing(&lack), DIAG_ROLE_ack, step->seg->frame);
}

static void taken_all_the_same(const struct diag_connection *conn, struct diag_out *out,
                               enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];

    if (!x->bare_taken || !agreed(conn))
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_ts_missing, side, x->bare_frame, 1, 0, x->bare_frame, 1);

    if (f)
        f->cause = DIAG_CAUSE_accepted;
    diag_cite(f, DIAG_ROLE_data, x->bare_frame);
    diag_excuse(f);
}

/* ---- ts_backwards (RFC 7323 5.3 R1) */

static const struct diag_sent *sent_in(const struct diag_connection *conn, uint32_t frame)
{
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].frame == frame)
            return &conn->recent[i];
    return NULL;
}

static bool is_newer(uint32_t a, uint32_t b)
{
    return diag_seq_diff(a, b) > TICKS;
}

/* What its side had sent before with a newer timestamp, at least the one that is echoed. */
static const struct diag_sent *newer_before(const struct diag_connection *conn,
                                            const struct diag_sent *data, uint32_t echo)
{
    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->from == data->from && sent->frame < data->frame && sent->timestamps &&
            !(sent->flags & DIAG_RST) && diag_seq_le(echo, sent->tsval) &&
            is_newer(sent->tsval, data->tsval) && data->time_ns - sent->time_ns < FORGOTTEN_NS)
            return sent;
    }
    return NULL;
}

static void report_backwards(const struct diag_step *step, const struct diag_sent *data,
                             const struct diag_sent *newer)
{
    struct diag_finding *f = diag_raise(
        step->out, DIAG_ts_backwards, data->from, step->seg->frame, data->tsval, newer->tsval,
        (uint32_t)(newer->tsval - data->tsval), data->frame, newer->frame, step->seg->tsecr);

    if (!f)
        return;
    f->blame = diag_blame_side(data->from) | DIAG_BLAME_MIDDLEBOX;
    /* One may be a segment that was overtaken on its way here. */
    if (step->y->refusals < 2)
        f->severity = DIAG_NOTE;
    diag_cite(f, DIAG_ROLE_first, newer->frame);
    diag_cite(f, DIAG_ROLE_data, data->frame);
    diag_cite(f, DIAG_ROLE_duplicate_ack, step->seg->frame);
}

/* The receiver says that it has seen a newer one: it echoes it, and does not take the data. */
static void older_than_echo(const struct diag_step *step)
{
    const struct diag_finding *said = diag_raised_finding(step->conn, DIAG_ts_backwards);

    if (!step->refuses || !(step->seg->options & DIAG_OPT_TIMESTAMPS) || !step->seg->tsecr ||
        (said && said->severity > DIAG_NOTE))
        return;
    const struct diag_sent *data = sent_in(step->conn, step->y->refused_frame);

    if (!data || !data->timestamps || !is_newer(step->seg->tsecr, data->tsval))
        return;
    const struct diag_sent *newer = newer_before(step->conn, data, step->seg->tsecr);

    if (newer && (!said || step->y->refusals >= 2))
        report_backwards(step, data, newer);
}

/* ---- */

static void on_applied(const struct diag_step *step)
{
    sent_without(step);
    older_than_echo(step);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    taken_all_the_same(conn, out, DIAG_CLIENT);
    taken_all_the_same(conn, out, DIAG_SERVER);
}

/* It was taken after all. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_ts_missing && !event->verdict && conn->half[event->side].bare_taken;
}

const struct diag_rule diag_rule_timestamps = {.name = "timestamps",
                                               .sees = DIAG_SEES_REPAIR,
                                               .sees_applied = DIAG_SEES_AGAIN | DIAG_SEES_REFUSAL,
                                               .on_segment = taken_with,
                                               .on_applied = on_applied,
                                               .on_end = on_end,
                                               .overtaken = overtaken};
