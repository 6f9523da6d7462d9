/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reset held against the other packets of its source, habit by habit. What a reply lacks (IP ID,
 * timestamps, a window) every Linux leaves out of its replies, so only an active reset is asked for
 * it; distance and time are physics, and count for both.
 */
#include "rules/clues.h"

/* Many hosts count the packets of all their connections together: after a pause, any may be next.
 */
#define ID_PAUSE_NS DIAG_SECOND_NS
/* Nobody starts below it, and no path is longer: a lower TTL was set by an application. */
#define LEAST_TTL 32
/* Earlier segments of the source that must agree on its distance. */
#define STEADY 3
/* A reader who breaks off a download resets by the hundred: the first ones tell. */
#define MOST_WEIGHED 64
/* Besides the handshake. */
#define LEAST_RTTS 2
/* Interrupts are coalesced: shorter differences are the hardware's. */
#define JITTER_NS (DIAG_MS_NS / 5)
/* A reply may wait for its turn. */
#define LAZY_NS (20 * DIAG_MS_NS)
/* Longer answers tell nothing about timing; multiples of them could overflow. */
#define LONGEST_NS (3600 * DIAG_SECOND_NS)

void diag_clue_add(struct diag_reset *reset, enum diag_clue_kind kind, uint32_t reference,
                   int64_t seen, int64_t usual)
{
    if (diag_has_clue(reset, kind))
        return;
    if (!reset->clues)
        reset->clues = g_new(struct diag_clue, DIAG_CLUE_COUNT);
    reset->clues[reset->clue_count++] = (struct diag_clue){kind, reference, seen, usual};
}

bool diag_has_clue(const struct diag_reset *reset, enum diag_clue_kind kind)
{
    for (unsigned i = 0; i < reset->clue_count; i++)
        if (reset->clues[i].kind == kind)
            return true;
    return false;
}

unsigned diag_weak_clues(const struct diag_reset *reset)
{
    unsigned weak = 0;

    for (unsigned i = 0; i < reset->clue_count; i++)
        weak += !diag_clue_is_strong(reset->clues[i].kind);
    return weak;
}

/* ---- distance */

static int initial_ttl(uint8_t ttl)
{
    return diag_hops(ttl) + ttl;
}

static bool tell_distance(uint8_t one, uint8_t other)
{
    return one > LEAST_TTL && other > LEAST_TTL;
}

bool diag_elsewhere(uint8_t usual, uint8_t ttl)
{
    return tell_distance(usual, ttl) && diag_foreign_hops(usual, ttl);
}

static bool is_own(const struct diag_sent *sent, enum diag_side side)
{
    return sent->from == side && !(sent->flags & DIAG_RST);
}

/* The last segment of this side, if the last ones came all from the same distance. */
static const struct diag_sent *steady_source(const struct diag_connection *conn,
                                             enum diag_side side)
{
    const struct diag_sent *last = NULL;
    unsigned same = 0;

    for (uint32_t i = conn->recent_count; i-- > 0 && same < STEADY;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (!is_own(sent, side))
            continue;
        last = last ? last : sent;
        if (diag_hops(sent->ttl) != diag_hops(last->ttl))
            return NULL;
        same++;
    }
    return last;
}

static void weigh_distance(const struct diag_step *step, struct diag_reset *reset)
{
    const struct diag_sent *own = steady_source(step->conn, step->from);
    uint8_t ttl = step->seg->ttl;

    if (!own || !tell_distance(own->ttl, ttl))
        return;
    if (diag_foreign_hops(own->ttl, ttl))
        diag_clue_add(reset, DIAG_CLUE_hop_count, own->frame, ttl, own->ttl);
    if (initial_ttl(own->ttl) != initial_ttl(ttl))
        diag_clue_add(reset, DIAG_CLUE_initial_ttl, own->frame, initial_ttl(ttl),
                      initial_ttl(own->ttl));
}

/* ---- time */

/* The shortest time in which this side ever answered its peer, as seen here; DIAG_UNKNOWN_NS when
 * too few answers were seen. Kernels answer a SYN or a SYN/ACK at once. */
static int64_t shortest_answer(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_opening *o = &conn->opening;
    enum diag_side peer = diag_peer(side);

    if (conn->ack_rtts[peer] < LEAST_RTTS)
        return DIAG_UNKNOWN_NS;
    return diag_min_ns(conn->ack_rtt_ns[peer],
                       side == DIAG_SERVER ? o->rtt_ns : o->ack_ns - o->synack_ns);
}

/* What the reset claims to have received: a reply bears the segment's ACK number, any other reset
 * acknowledges its bytes. */
static bool may_trigger(const struct diag_sent *sent, const struct diag_reset *reset)
{
    if (!is_own(sent, diag_peer(reset->side)))
        return false;
    if (reset->kind == DIAG_RST_REPLY)
        return sent->ack == reset->seq;
    return sent->payload && sent->end == reset->ack;
}

/* The newest segment that it can answer; none if an earlier one had its answer due just now. */
static const struct diag_sent *trigger_of(const struct diag_connection *conn,
                                          const struct diag_reset *reset, int64_t usual)
{
    const struct diag_sent *trigger = NULL;
    int64_t lazy = diag_max_ns(4 * usual, usual + LAZY_NS);

    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];
        int64_t waited = reset->time_ns - sent->time_ns;

        if (!may_trigger(sent, reset))
            continue;
        if (waited >= usual / 2 && waited <= lazy)
            return NULL;
        trigger = trigger ? trigger : sent;
    }
    return trigger;
}

static void weigh_time(const struct diag_step *step, struct diag_reset *reset)
{
    const struct diag_connection *conn = step->conn;
    int64_t usual = diag_min_ns(shortest_answer(conn, step->from), LONGEST_NS);

    /* Unknown. What had been acknowledged before was received long ago. */
    if (usual < 0 || (reset->has_ack && diag_seq_le(reset->ack, step->x->ack)))
        return;
    const struct diag_sent *trigger = trigger_of(conn, reset, usual);

    if (!trigger)
        return;
    int64_t waited = reset->time_ns - trigger->time_ns;

    /* Less, and the clock was set back. */
    if (waited >= 0 && usual - waited > JITTER_NS)
        diag_clue_add(reset, DIAG_CLUE_timing, trigger->frame, waited, usual);
}

/* ---- habits of an active reset */

bool diag_foreign_id(const struct diag_half *x, uint16_t id, int64_t pause_ns)
{
    return x->id_steps >= DIAG_ID_STEPS && pause_ns < ID_PAUSE_NS && id != x->ip_id &&
           !diag_id_follows(x->ip_id, id);
}

static void weigh_habits(const struct diag_step *step, struct diag_reset *reset)
{
    const struct diag_half *x = step->x;
    const struct diag_segment *seg = step->seg;

    if (reset->kind != DIAG_RST_ACTIVE)
        return;
    if (diag_foreign_id(x, seg->ip_id, seg->time_ns - x->last_ns))
        diag_clue_add(reset, DIAG_CLUE_ip_id, x->last_frame, seg->ip_id, x->ip_id);
    if (x->timestamps && !(seg->options & DIAG_OPT_TIMESTAMPS))
        diag_clue_add(reset, DIAG_CLUE_timestamps, x->last_frame, 0, x->tsval);
}

void diag_weigh_reset(const struct diag_step *step, struct diag_reset *reset)
{
    if (reset->kind == DIAG_RST_REFUSE || step->conn->reset_count > MOST_WEIGHED)
        return;
    weigh_distance(step, reset);
    weigh_time(step, reset);
    weigh_habits(step, reset);
}
