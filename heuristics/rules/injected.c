/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Did somebody else send this reset? Only where the packets contradict the sender's own: it goes on
 * after its reset, resets at numbers that cannot both be its own, both ends are reset at one
 * instant, or three of its habits and distances change at once. Resets that answer a SYN or a
 * SYN/ACK are never judged here, and the habits of a *reply* (ID 0, no timestamps, window 0) are
 * those of an honest Linux.
 */
#include "rules/blame.h"
#include "rules/clues.h"

#include <string.h>

/* Later than this, a segment was not merely overtaken by the reset. */
#define OVERTAKEN_NS (5 * DIAG_MS_NS)
/* No path delays one packet so much beyond the next. */
#define LATE_NS    (100 * DIAG_MS_NS)
#define GOES_ON_NS (10 * DIAG_SECOND_NS)
/* One that resets by guessing does it in one go. */
#define VOLLEY_NS DIAG_SECOND_NS
/* Resets that a later segment is held against. */
#define LOOKED_AT 64
/* Other weak clues that must stand beside the distance. */
#define WEAK_ENOUGH 3
/* Servers behind one address that were seen in this time. */
#define SIBLINGS_NS (600 * DIAG_SECOND_NS)

static struct diag_finding *report(const struct diag_step *step, const struct diag_reset *reset,
                                   enum diag_cause cause, uint32_t reference)
{
    const struct diag_half *x = &step->conn->half[reset->side];

    if (diag_raised(step->conn, DIAG_rst_injected))
        return NULL;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_rst_injected, reset->side, step->seg->frame, reset->frame,
                   reset->ttl, x->ttl, reset->ip_id, x->ip_id, reference);

    if (!f)
        return NULL;
    f->cause = cause;
    f->confidence = cause == DIAG_CAUSE_habits ? DIAG_MEDIUM : DIAG_HIGH;
    diag_cite(f, DIAG_ROLE_rst, reset->frame);
    return f;
}

static struct diag_reset *find_reset(struct diag_connection *conn, uint32_t frame)
{
    for (uint32_t i = conn->reset_count; i-- > 0 && conn->reset[i].frame >= frame;)
        if (conn->reset[i].frame == frame)
            return &conn->reset[i];
    return NULL;
}

static bool was_established(const struct diag_connection *conn)
{
    return conn->opening.established || (conn->midstream && conn->half[DIAG_CLIENT].segments > 1);
}

/* ---- the same source goes on: a reset leaves no connection behind that could */

/* A reset in the handshake refuses it, rejects a SYN/ACK of another connection, or is that of a
 * kernel which knows nothing of a TCP in user space; one out of the window may be left from the
 * connection before on these ports. */
static bool is_of_this_connection(const struct diag_connection *conn,
                                  const struct diag_reset *reset)
{
    return was_established(conn) && reset->frame > conn->opening.ack_frame &&
           reset->class != DIAG_rst_out_of_window;
}

/* It acknowledges the very bytes that the reset answered: it was sent after they had arrived. */
static bool knows_trigger(const struct diag_step *step, const struct diag_reset *reset)
{
    const struct diag_connection *conn = step->conn;

    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->frame == reset->answers)
            return sent->end != sent->seq && diag_seq_le(sent->end, step->seg->ack);
    }
    return false;
}

/* The first and the last segment of the source before its reset that tell the time of its clock. */
static const struct diag_sent *clock_before(const struct diag_connection *conn,
                                            const struct diag_reset *reset,
                                            const struct diag_sent **last)
{
    const struct diag_sent *first = NULL;

    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->frame > reset->frame || sent->from != reset->side || !sent->timestamps ||
            sent->flags & DIAG_RST)
            continue;
        first = sent;
        *last = *last ? *last : sent;
    }
    return first;
}

/* Its own timestamps (RFC 7323 3.1) say that the segment was sent after the reset, however late
 * packets may be on this path. */
static bool clock_says_later(const struct diag_step *step, const struct diag_reset *reset)
{
    const struct diag_sent *last = NULL;
    const struct diag_sent *first = clock_before(step->conn, reset, &last);

    if (!first)
        return false;
    int64_t ticks = (int32_t)(last->tsval - first->tsval);
    int64_t more = (int32_t)(step->seg->tsval - last->tsval);

    if (more <= 0 || more > 4 * ticks)
        return false;
    /* The product of the two would overflow within an hour of a clock that counts microseconds. */
    double after = (double)more / (double)ticks * (double)(last->time_ns - first->time_ns);

    return after - MAX(after / 4, (double)OVERTAKEN_NS) > (double)(reset->time_ns - last->time_ns);
}

/* A reply bears a number of its peer, which may be lower than that of data on their way. */
static bool may_be_overtaken(const struct diag_step *step, const struct diag_reset *reset)
{
    return reset->kind == DIAG_RST_REPLY && step->seg->time_ns - reset->time_ns < LATE_NS &&
           !knows_trigger(step, reset) && !clock_says_later(step, reset);
}

static bool sends_new_data(const struct diag_step *step, const struct diag_reset *reset)
{
    return step->fresh && step->seg->seq == step->x->nxt && reset->kind != DIAG_RST_ODD &&
           diag_seq_le(reset->seq, step->seg->seq) && !may_be_overtaken(step, reset);
}

/* It acknowledges what had not been sent before its reset, or what its reset did not: a reset
 * acknowledges all that its sender has. A reply of a kernel may be that of a node in front of the
 * host, and a number out of order that of bytes which were not captured. */
static bool acknowledges_more(const struct diag_step *step, const struct diag_reset *reset,
                              bool foreign)
{
    uint32_t ack = step->seg->ack;
    bool own = reset->kind == DIAG_RST_ACTIVE || foreign;

    if (!own || diag_seq_lt(step->y->nxt, ack))
        return false;
    if (diag_seq_lt(reset->peer_end, ack))
        return true;
    return reset->kind == DIAG_RST_ACTIVE && reset->has_ack && foreign &&
           diag_seq_le(step->x->ack, reset->ack) && diag_seq_lt(reset->ack, ack);
}

/* Being overtaken changes no hop count. */
static bool contradicts(const struct diag_step *step, struct diag_reset *reset)
{
    int64_t later = step->seg->time_ns - reset->time_ns;
    bool foreign = diag_elsewhere(reset->ttl, step->seg->ttl);

    if (!is_of_this_connection(step->conn, reset) || later >= GOES_ON_NS ||
        (later <= OVERTAKEN_NS && !foreign))
        return false;
    bool acknowledges = acknowledges_more(step, reset, foreign);

    if (sends_new_data(step, reset))
        diag_clue_add(reset, DIAG_CLUE_goes_on, step->seg->frame, reset->seq, step->seg->seq);
    else if (acknowledges)
        diag_clue_add(reset, DIAG_CLUE_acknowledges, step->seg->frame,
                      reset->has_ack ? reset->ack : reset->peer_end, step->seg->ack);
    else
        return false;
    return true;
}

static void source_goes_on(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    const struct diag_half *x = step->x;
    uint32_t oldest = conn->reset_count - MIN(conn->reset_count, LOOKED_AT);

    if (!x->rst_frame || diag_hops(step->seg->ttl) != diag_hops(x->ttl))
        return;
    for (uint32_t i = conn->reset_count; i-- > oldest;) {
        struct diag_reset *reset = &conn->reset[i];

        if (reset->side == step->from && contradicts(step, reset))
            diag_cite(report(step, reset, DIAG_CAUSE_goes_on, step->seg->frame),
                      step->seg->payload ? DIAG_ROLE_data : DIAG_ROLE_ack, step->seg->frame);
    }
}

/* ---- two resets at different numbers that answer nothing (RST_SEQ_CHANGE) */

/* Not the next byte of the source, nor one that its peer ever acknowledged or would take. */
static bool answers_nothing(const struct diag_half *y, const struct diag_reset *reset)
{
    return reset->kind == DIAG_RST_ODD && diag_seq_lt(y->ack, reset->seq) &&
           diag_seq_lt(reset->seq, y->edge);
}

/* A segment of the peer in between may have asked for the second (RFC 5961 3.2). */
static void two_numbers(const struct diag_step *step, struct diag_reset *reset)
{
    const struct diag_connection *conn = step->conn;

    if (!answers_nothing(step->y, reset) || !was_established(conn) ||
        diag_raised(conn, DIAG_cap_gap_not_captured))
        return;
    for (uint32_t i = conn->reset_count; i-- > 0;) {
        const struct diag_reset *first = &conn->reset[i];

        if (reset->time_ns - first->time_ns > VOLLEY_NS || step->y->last_frame >= first->frame)
            return;
        if (first->seq == reset->seq || !answers_nothing(step->y, first))
            continue;
        diag_clue_add(reset, DIAG_CLUE_two_numbers, first->frame, reset->seq, first->seq);
        diag_cite(report(step, reset, DIAG_CAUSE_two_numbers, first->frame), DIAG_ROLE_rst,
                  first->frame);
        return;
    }
}

/* ---- several habits change at once */

static bool is_sibling(const struct diag_connection *conn, const struct diag_connection *other)
{
    const struct diag_finding *f = diag_raised_finding(conn, DIAG_rst_injected);
    const struct diag_reset *last = &conn->reset[conn->reset_count - 1];
    enum diag_side side = f ? f->side : last->side;
    uint8_t ttl = f ? (uint8_t)f->value[1] : last->ttl;

    return other->opening.established &&
           memcmp(&other->endpoint[side].address, &conn->endpoint[side].address,
                  sizeof conn->endpoint[side].address) == 0 &&
           !diag_foreign_hops(other->half[side].ttl, ttl);
}

/* Other connections of the same address come from where the reset came from: several machines stand
 * behind it. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_rst_injected && event->cause == DIAG_CAUSE_habits &&
           diag_any_beside(conn, SIBLINGS_NS, is_sibling);
}

static uint32_t compared_with(const struct diag_reset *reset, enum diag_clue_kind kind)
{
    for (unsigned i = 0; i < reset->clue_count; i++)
        if (reset->clues[i].kind == kind)
            return reset->clues[i].reference;
    return 0;
}

/* A device may stand anywhere; a second machine behind the same address (anycast) is nearer or
 * farther just the same, so a mere reply leaves both. */
static void habits_change(const struct diag_step *step, const struct diag_reset *reset)
{
    uint32_t own = compared_with(reset, DIAG_CLUE_hop_count);

    if (!own || !was_established(step->conn) || diag_weak_clues(reset) < WEAK_ENOUGH ||
        diag_any_beside(step->conn, SIBLINGS_NS, is_sibling))
        return;
    struct diag_finding *f = report(step, reset, DIAG_CAUSE_habits, own);

    diag_cite(f, DIAG_ROLE_last, own);
    if (f && reset->kind == DIAG_RST_REPLY)
        f->blame |= diag_blame_side(step->from);
}

/* ---- both ends are reset before one can have heard of the other */

static int64_t too_close(const struct diag_connection *conn)
{
    return conn->min_rtt_ns != DIAG_UNKNOWN_NS ? conn->min_rtt_ns / 4 : DIAG_MS_NS;
}

static bool unprovoked(const struct diag_reset *reset)
{
    return reset && (reset->kind == DIAG_RST_ACTIVE || reset->kind == DIAG_RST_ODD);
}

static bool is_foreign(const struct diag_half *x)
{
    return diag_elsewhere(x->ttl, x->rst_ttl) ||
           diag_foreign_id(x, x->rst_ip_id, x->rst_ns - x->before_rst_ns);
}

static void both_ends_reset(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_half *y = step->y;
    int64_t apart = x->rst_ns - y->rst_ns;

    if (x->rst_frame != step->seg->frame || !y->rst_frame || !was_established(step->conn) ||
        apart >= too_close(step->conn) || (!is_foreign(x) && !is_foreign(y)))
        return;
    struct diag_reset *mine = find_reset(step->conn, x->rst_frame);
    struct diag_reset *other = find_reset(step->conn, y->rst_frame);
    bool own = is_foreign(x);

    if (!unprovoked(mine) || !unprovoked(other))
        return;
    diag_clue_add(mine, DIAG_CLUE_both_ends, other->frame, apart, step->conn->min_rtt_ns);
    diag_clue_add(other, DIAG_CLUE_both_ends, mine->frame, apart, step->conn->min_rtt_ns);
    uint32_t before = own ? x->before_rst_frame : y->before_rst_frame;
    struct diag_finding *f = report(step, own ? mine : other, DIAG_CAUSE_both_ends, before);

    diag_cite(f, DIAG_ROLE_last, before);
    diag_cite(f, DIAG_ROLE_rst, own ? other->frame : mine->frame);
}

static void on_segment(const struct diag_step *step)
{
    if (!step->rst) {
        source_goes_on(step);
        return;
    }
    struct diag_reset *reset = find_reset(step->conn, step->seg->frame);

    if (!reset)
        return;
    diag_weigh_reset(step, reset);
    two_numbers(step, reset);
}

static void on_applied(const struct diag_step *step)
{
    const struct diag_reset *reset = find_reset(step->conn, step->seg->frame);

    both_ends_reset(step);
    if (reset)
        habits_change(step, reset);
}

const struct diag_rule diag_rule_injected = {.name = "injected",
                                             .sees = DIAG_SEES_RST | DIAG_SEES_CLOSED,
                                             .sees_applied = DIAG_SEES_RST,
                                             .on_segment = on_segment,
                                             .on_applied = on_applied,
                                             .overtaken = overtaken};
