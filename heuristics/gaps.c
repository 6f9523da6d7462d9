/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that were sent, because later ones were seen, and that are not in the capture: whether they
 * came after all, and whether the receiver lacks them too.
 */
#include "core.h"

#include <string.h>

static void drop_hole(struct diag_half *x, uint32_t i)
{
    x->hole_count--;
    memmove(x->hole + i, x->hole + i + 1, (x->hole_count - i) * sizeof *x->hole);
}

/* A segment overtaken on the way arrives within milliseconds; a lost one is sent again after a
 * round trip at the earliest. */
void diag_gaps_count_late(const struct diag_step *step)
{
    struct diag_half *x = step->x;
    int64_t reordering = diag_max_ns(3 * DIAG_MS_NS, diag_rtt(step->conn) / 2);

    for (uint32_t i = 0; i < x->hole_count; i++) {
        int64_t missing = step->seg->time_ns - x->hole[i].time_ns;

        if (x->hole[i].seq != step->seg->seq)
            continue;
        x->late += missing > reordering;
        if (x->hole[i].duplicate_acked && missing >= DIAG_SECOND_NS)
            step->conn->stalled_ns += missing;
    }
}

void diag_gaps_fill(struct diag_half *x, uint32_t seq, uint32_t end)
{
    for (uint32_t i = x->hole_count; i-- > 0;) {
        struct diag_hole *hole = &x->hole[i];

        if (!diag_seq_lt(seq, hole->end) || !diag_seq_lt(hole->seq, end))
            continue;
        if (diag_seq_le(seq, hole->seq))
            hole->seq = diag_seq_lt(hole->end, end) ? hole->end : end;
        else
            hole->end = seq;
        if (!diag_seq_lt(hole->seq, hole->end))
            drop_hole(x, i);
    }
}

void diag_gaps_open(const struct diag_step *step)
{
    struct diag_half *x = step->x;

    if (!step->gap || x->hole_count == DIAG_HOLES)
        return;
    x->hole[x->hole_count++] = (struct diag_hole){.seq = x->nxt,
                                                  .end = step->seg->seq,
                                                  .frame = step->seg->frame,
                                                  .before_frame = x->last_frame,
                                                  .time_ns = step->seg->time_ns};
}

/* More than the receiver ever allowed can not have been sent: the numbers are another connection's,
 * or were rewritten. */
static bool can_have_been_sent(const struct diag_half *receiver, const struct diag_hole *hole)
{
    return !receiver->edge_valid || diag_seq_le(hole->end, receiver->edge);
}

/* An ACK at the hole may have left before the segment behind it arrived, unless it is a repeated
 * one, carries SACK blocks, or comes a round trip later. */
static bool asks_for(const struct diag_step *step, const struct diag_hole *hole)
{
    const struct diag_segment *seg = step->seg;

    return seg->ack == hole->seq && can_have_been_sent(step->x, hole) &&
           (seg->sack_count || (!step->advances && !seg->payload) ||
            seg->time_ns - hole->time_ns >= diag_rtt(step->conn));
}

/* The receiver repeats its ACK at the hole: it lacks these bytes too. */
void diag_gaps_ask(const struct diag_step *step)
{
    struct diag_half *y = step->y;

    for (uint32_t i = 0; i < y->hole_count; i++) {
        if (y->hole[i].duplicate_acked || !asks_for(step, &y->hole[i]))
            continue;
        y->hole[i].duplicate_acked = true;
        y->hole[i].asked_frame = step->seg->frame;
    }
}

void diag_gaps_close(const struct diag_step *step)
{
    struct diag_half *y = step->y;

    for (uint32_t i = y->hole_count; i-- > 0;)
        if (diag_seq_le(y->hole[i].end, step->seg->ack))
            drop_hole(y, i);
}
