/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Did somebody else send this reset? Only where the packets contradict the sender's own: it goes on
 * after its reset, both ends are reset at one instant, or several of its habits change at once.
 * Resets that answer a SYN or a SYN/ACK are never judged here, and the habits of a *reply* (ID 0,
 * no timestamps, window 0) are those of an honest Linux.
 */
#include "blame.h"

/* Later than this, a segment was not merely overtaken by the reset. */
#define OVERTAKEN_NS (5 * DIAG_MS_NS)
/* No path delays one packet so much beyond the next. */
#define LATE_NS    (100 * DIAG_MS_NS)
#define GOES_ON_NS (10 * DIAG_SECOND_NS)
/* So many in a row that counted up, and the source counts. */
#define ID_STEPS 3
/* Many hosts count the packets of all their connections together: after a pause, any may be next.
 */
#define ID_PAUSE_NS DIAG_SECOND_NS

/* What is compared: the reset against the other segments of its source. */
struct suspicion {
    const struct diag_connection *conn;
    struct diag_out *out;
    enum diag_side side;
    uint32_t frame; /* the reset */
    uint8_t ttl;
    uint16_t ip_id;
    uint32_t reference; /* frame to compare with */
};

static bool foreign_id(const struct diag_half *x, uint16_t id)
{
    return x->id_steps >= ID_STEPS && x->rst_ns - x->before_rst_ns < ID_PAUSE_NS &&
           id != x->ip_id && !diag_id_follows(x->ip_id, id);
}

static struct diag_finding *report(const struct suspicion *s, enum diag_cause cause, uint32_t at)
{
    const struct diag_half *x = &s->conn->half[s->side];

    if (diag_raised(s->conn, DIAG_rst_injected))
        return NULL;
    struct diag_finding *f = diag_raise(s->out, DIAG_rst_injected, s->side, at, s->frame, s->ttl,
                                        x->ttl, s->ip_id, x->ip_id, s->reference);

    if (!f)
        return NULL;
    f->cause = cause;
    f->confidence = cause == DIAG_CAUSE_habits ? DIAG_MEDIUM : DIAG_HIGH;
    diag_cite(f, DIAG_ROLE_rst, s->frame);
    diag_cite(f, cause == DIAG_CAUSE_goes_on ? DIAG_ROLE_data : DIAG_ROLE_last, s->reference);
    return f;
}

static const struct diag_reset *find_reset(const struct diag_connection *conn, uint32_t frame)
{
    for (uint32_t i = 0; i < conn->reset_count; i++)
        if (conn->reset[i].frame == frame)
            return &conn->reset[i];
    return NULL;
}

static bool was_established(const struct diag_connection *conn)
{
    return conn->opening.established || (conn->midstream && conn->half[DIAG_CLIENT].segments > 1);
}

/* ---- the same source goes on: a reset leaves no connection behind that could */

/* A reset in the handshake rejects a SYN/ACK that was not meant for it, or is that of a kernel
 * which knows nothing of a TCP in user space; one out of the window may be left from the connection
 * before on these ports. */
static bool is_of_this_connection(const struct diag_connection *conn,
                                  const struct diag_reset *reset)
{
    return reset && was_established(conn) && reset->frame > conn->opening.ack_frame &&
           reset->kind != DIAG_RST_REFUSE && reset->class != DIAG_rst_out_of_window;
}

/* It acknowledges the very bytes that the reset answered: it was sent after they had arrived. */
static bool knows_trigger(const struct diag_step *step, const struct diag_reset *reset)
{
    const struct diag_connection *conn = step->conn;

    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->frame == reset->answers)
            return sent->end != sent->seq && diag_seq_le(sent->end, step->seg->ack);
    }
    return false;
}

/* A reply bears a number of its peer, which may be lower than that of data on their way. */
static bool may_be_overtaken(const struct diag_step *step, const struct diag_reset *reset)
{
    return reset->kind == DIAG_RST_REPLY && !knows_trigger(step, reset) &&
           step->seg->time_ns - step->x->rst_ns < LATE_NS;
}

static bool goes_on(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const struct diag_half *x = step->x;
    int64_t later = seg->time_ns - x->rst_ns;

    /* Being overtaken changes no hop count. */
    bool apart = later > OVERTAKEN_NS || diag_foreign_hops(x->rst_ttl, seg->ttl);

    return x->rst_frame && !step->rst && !(seg->flags & DIAG_SYN) && apart && later < GOES_ON_NS &&
           step->fresh && seg->seq == x->nxt && diag_seq_le(x->rst_seq, seg->seq) &&
           diag_hops(seg->ttl) == diag_hops(x->ttl);
}

static void source_goes_on(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_reset *reset = find_reset(step->conn, x->rst_frame);

    if (!goes_on(step) || !is_of_this_connection(step->conn, reset) ||
        may_be_overtaken(step, reset))
        return;
    /* A client that connects resets what belongs to another connection, and goes on by design. */
    if (x->rst_frame < step->conn->opening.ack_frame)
        return;
    report(&(struct suspicion){step->conn, step->out, step->from, x->rst_frame, x->rst_ttl,
                               x->rst_ip_id, step->seg->frame},
           DIAG_CAUSE_goes_on, step->seg->frame);
}

/* ---- both ends are reset before one can have heard of the other */

static bool too_close(const struct diag_connection *conn, int64_t apart_ns)
{
    bool known = conn->min_rtt_ns != DIAG_UNKNOWN_NS;

    return apart_ns < (known ? conn->min_rtt_ns / 4 : DIAG_MS_NS);
}

static bool unprovoked(const struct diag_connection *conn, uint32_t frame)
{
    const struct diag_reset *reset = find_reset(conn, frame);

    return reset && (reset->kind == DIAG_RST_ACTIVE || reset->kind == DIAG_RST_ODD);
}

static bool is_foreign(const struct diag_half *x)
{
    return diag_foreign_hops(x->ttl, x->rst_ttl) || foreign_id(x, x->rst_ip_id);
}

static void both_ends_reset(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_half *y = step->y;

    if (x->rst_frame != step->seg->frame || !y->rst_frame || !was_established(step->conn) ||
        !too_close(step->conn, x->rst_ns - y->rst_ns) || !unprovoked(step->conn, x->rst_frame) ||
        !unprovoked(step->conn, y->rst_frame) || (!is_foreign(x) && !is_foreign(y)))
        return;
    bool own = is_foreign(x);
    const struct diag_half *odd = own ? x : y;

    struct diag_finding *f = report(
        &(struct suspicion){step->conn, step->out, own ? step->from : diag_peer(step->from),
                            odd->rst_frame, odd->rst_ttl, odd->rst_ip_id, odd->before_rst_frame},
        DIAG_CAUSE_both_ends, step->seg->frame);

    diag_cite(f, DIAG_ROLE_rst, own ? y->rst_frame : x->rst_frame);
}

/* ---- several habits change at once, in a reset that nothing provoked */

static void habits_change(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_reset *reset = find_reset(step->conn, x->rst_frame);
    bool timestamps = step->seg->options & DIAG_OPT_TIMESTAMPS;

    if (x->rst_frame != step->seg->frame || !was_established(step->conn) || !reset ||
        reset->kind != DIAG_RST_ACTIVE)
        return;
    if (!diag_foreign_hops(x->ttl, x->rst_ttl) || !foreign_id(x, x->rst_ip_id) ||
        !(x->timestamps && !timestamps))
        return;
    report(&(struct suspicion){step->conn, step->out, step->from, x->rst_frame, x->rst_ttl,
                               x->rst_ip_id, x->before_rst_frame},
           DIAG_CAUSE_habits, step->seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    source_goes_on(step);
}

static void on_applied(const struct diag_step *step)
{
    both_ends_reset(step);
    habits_change(step);
}

const struct diag_rule diag_rule_injected = {.name = "injected",
                                             .sees = DIAG_SEES_RST | DIAG_SEES_CLOSED,
                                             .sees_applied = DIAG_SEES_RST,
                                             .on_segment = on_segment,
                                             .on_applied = on_applied};
