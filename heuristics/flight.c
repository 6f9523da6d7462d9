/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a side has sent and its peer has not acknowledged: when it was sent first, how often again,
 * and how long that took.
 */
#include "core.h"

#include <string.h>

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
