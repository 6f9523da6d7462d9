/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a side has sent and its peer has not acknowledged: when it was sent first, how often again,
 * and how long that took.
 */
#include "core.h"

#include <string.h>

/* What a stack takes for an answer that it owes at once. */
#define PROMPT_NS (5 * DIAG_MS_NS)

static struct diag_range *range_of(struct diag_half *x, uint32_t seq)
{
    for (uint32_t i = 0; i < x->flight_count; i++)
        if (diag_seq_le(x->flight[i].seq, seq) && diag_seq_lt(seq, x->flight[i].end))
            return &x->flight[i];
    return NULL;
}

void diag_flight_again(const struct diag_step *step)
{
    struct diag_range *range = range_of(step->x, step->seg->seq);

    if (step->seg->payload && !step->fills) {
        if (step->x->again++ == 0)
            step->x->again_frame = step->seg->frame;
        step->x->again_not_ect += step->seg->ecn == 0;
        *(range ? &range->copies : &step->x->repaired) += 1;
    }
    if (!range)
        return;
    int64_t last = range->again ? range->again_ns : range->time_ns;

    /* A recovery sends the lost segments one after the other: a round of copies counts once. */
    range->again += !range->again || diag_seq_le(step->seg->seq, range->again_seq);
    range->again_seq = step->seg->seq;
    range->again_frame = step->seg->frame;
    range->longest_ns = diag_max_ns(range->longest_ns, step->seg->time_ns - last);
    range->again_ns = step->seg->time_ns;
}

void diag_flight_add(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (!x->flight)
        x->flight = g_new0(struct diag_range, DIAG_FLIGHT);
    if (x->flight_count == DIAG_FLIGHT) {
        x->flight[DIAG_FLIGHT - 1].end = step->end;
        return;
    }
    x->flight[x->flight_count++] = (struct diag_range){.seq = seg->seq,
                                                       .end = step->end,
                                                       .frame = seg->frame,
                                                       .time_ns = seg->time_ns,
                                                       .ecn = seg->ecn,
                                                       .fin = step->fin};
}

static void take_rtt(struct diag_connection *conn, enum diag_side side, int64_t rtt)
{
    if (conn->ack_rtts[side] < UINT8_MAX)
        conn->ack_rtts[side]++;
    if (conn->ack_rtt_ns[side] == DIAG_UNKNOWN_NS || rtt < conn->ack_rtt_ns[side])
        conn->ack_rtt_ns[side] = rtt;
}

/* Twice is more than one loss, and a second is noticed by the user. */
bool diag_range_stalled(const struct diag_range *range)
{
    return range->again >= 2 || range->longest_ns >= DIAG_SECOND_NS;
}

/* Karn: only what was sent once gives a round trip (RFC 6298 3). */
void diag_flight_acknowledge(const struct diag_step *step)
{
    struct diag_half *y = step->y;
    uint32_t gone = 0;

    while (gone < y->flight_count && diag_seq_le(y->flight[gone].end, step->seg->ack)) {
        const struct diag_range *range = &y->flight[gone++];

        y->repaired += range->copies;
        if (!range->again)
            take_rtt(step->conn, diag_peer(step->from), step->seg->time_ns - range->time_ns);
        else if (diag_range_stalled(range))
            step->conn->stalled_ns += step->seg->time_ns - range->time_ns;
    }
    y->flight_count -= gone;
    if (y->flight)
        memmove(y->flight, y->flight + gone, y->flight_count * sizeof *y->flight);
    if (y->flight_count && diag_seq_lt(y->flight[0].seq, step->seg->ack)) {
        y->flight[0].seq = step->seg->ack;
        y->repaired += y->flight[0].copies;
        y->flight[0].copies = 0;
    }
}

/* ---- refused: both directions work, and the receiver does not take what it is sent */

/* Blocks that cover something in flight say that it is what comes before them that is missing. */
static bool reports_later_data(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    for (unsigned i = 0; i < seg->sack_count; i++)
        if (diag_seq_lt(step->y->una, seg->sack[i][1]) &&
            diag_seq_lt(seg->sack[i][0], step->y->nxt))
            return true;
    return false;
}

/* Without SACK, an ACK at the oldest data may answer what was sent behind them. */
static bool can_only_answer(const struct diag_step *step)
{
    return step->y->flight_count == 1 ||
           (step->x->options & step->y->options & DIAG_OPT_SACK_PERMITTED);
}

/* Nothing of this is asked of an ordinary ACK: it advances. A window update answers nothing. */
bool diag_flight_is_refused(const struct diag_step *step)
{
    const struct diag_range *range = &step->y->flight[0];
    const struct diag_segment *seg = step->seg;
    uint32_t frame = range->again ? range->again_frame : range->frame;
    int64_t since = seg->time_ns - (range->again ? range->again_ns : range->time_ns);

    if (range->end - range->seq == range->fin || seg->ack != range->seq || seg->window == 0 ||
        step->y->refused_frame == frame)
        return false;
    return since <= diag_rtt(step->conn) * 3 / 2 + PROMPT_NS && can_only_answer(step) &&
           !reports_later_data(step) && diag_scaled_window(step) <= step->x->window;
}

void diag_flight_refuse(const struct diag_step *step)
{
    struct diag_half *y = step->y;
    const struct diag_range *range = &y->flight[0];

    if (y->refused_seq != range->seq)
        y->refusals = 0;
    y->refusals++;
    y->refused_seq = range->seq;
    y->refused_frame = range->again ? range->again_frame : range->frame;
}
