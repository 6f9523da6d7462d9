/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that were sent, because later ones were seen, and that are not in the capture: whether they
 * came after all, and whether the receiver lacks them too.
 */
#include "tcp/loss.h"

#include <string.h>

/* Copies of what is missing were due several times by now. */
#define NEVER_NS (3 * DIAG_SECOND_NS)

static void drop_hole(struct diag_half *x, uint32_t i)
{
    x->hole_count--;
    memmove(x->hole + i, x->hole + i + 1, (x->hole_count - i) * sizeof *x->hole);
}

/* Time alone: a segment overtaken on the way arrives within milliseconds; a lost one is sent again
 * after a round trip at the earliest. */
static bool comes_at_once(const struct diag_step *step, const struct diag_hole *hole)
{
    return step->seg->time_ns - hole->time_ns <=
           diag_max_ns(3 * DIAG_MS_NS, diag_rtt(step->conn) / 2);
}

/* Timestamps and IP IDs that count tell in which order two segments left. Before anybody can have
 * asked for it, no copy comes. */
bool diag_gap_fills_late(const struct diag_step *step, const struct diag_hole *hole)
{
    const struct diag_sent *behind = diag_sent_in(step->conn, hole->frame);
    const struct diag_segment *seg = step->seg;

    if (!hole->duplicate_acked && seg->time_ns - hole->time_ns < DIAG_MS_NS)
        return true;
    if (behind && behind->timestamps && seg->options & DIAG_OPT_TIMESTAMPS &&
        behind->tsval != seg->tsval)
        return diag_seq_lt(seg->tsval, behind->tsval);
    if (behind && diag_id_follows(seg->ip_id, behind->ip_id))
        return true;
    if (behind && step->x->id_steps && diag_id_follows(behind->ip_id, seg->ip_id))
        return false;
    return comes_at_once(step, hole);
}

void diag_gaps_count_late(const struct diag_step *step)
{
    struct diag_half *x = step->x;

    for (uint32_t i = 0; i < x->hole_count; i++) {
        int64_t missing = step->seg->time_ns - x->hole[i].time_ns;

        if (x->hole[i].seq != step->seg->seq)
            continue;
        bool late = !diag_gap_fills_late(step, &x->hole[i]);

        x->late += late;
        if (late)
            diag_flight_add_repair(x, x->hole[i].time_ns, step->seg->time_ns);
        if (x->hole[i].duplicate_acked && missing >= DIAG_SECOND_NS)
            diag_add_ns(&step->conn->stalled_ns, missing);
    }
}

/* A segment in the middle of a hole leaves two. Returns the size of the second. */
static uint32_t keep_behind(const struct diag_step *step, uint32_t i)
{
    struct diag_half *x = step->x;
    struct diag_hole rest = x->hole[i];

    if (!diag_seq_lt(rest.seq, step->seg->seq) || !diag_seq_lt(step->end, rest.end) ||
        x->hole_count == DIAG_HOLES)
        return 0;
    rest.seq = step->end;
    x->hole[x->hole_count++] = rest;
    return rest.end - rest.seq;
}

static void fill_hole(const struct diag_step *step, uint32_t i)
{
    struct diag_hole *hole = &step->x->hole[i];
    uint32_t seq = step->seg->seq;
    uint32_t old = hole->end - hole->seq;
    uint32_t behind = keep_behind(step, i);
    bool late = diag_gap_fills_late(step, hole);

    if (diag_seq_le(seq, hole->seq))
        hole->seq = diag_seq_lt(hole->end, step->end) ? hole->end : step->end;
    else
        hole->end = seq;
    diag_loss_fill(step, hole, old - behind - (hole->end - hole->seq), late);
    if (!diag_seq_lt(hole->seq, hole->end))
        drop_hole(step->x, i);
}

void diag_gaps_fill(const struct diag_step *step)
{
    struct diag_half *x = step->x;

    for (uint32_t i = x->hole_count; i-- > 0;)
        if (diag_seq_lt(step->seg->seq, x->hole[i].end) && diag_seq_lt(x->hole[i].seq, step->end))
            fill_hole(step, i);
}

/* An ACK without data that showed these bytes to be missing is no end of what was seen: the next
 * segment shows it again. */
static bool is_open(struct diag_half *x, uint32_t end)
{
    for (uint32_t i = 0; i < x->hole_count; i++)
        if (x->hole[i].seq == x->nxt) {
            if (diag_seq_lt(x->hole[i].end, end))
                x->hole[i].end = end;
            return true;
        }
    return false;
}

void diag_gaps_open(const struct diag_step *step)
{
    struct diag_half *x = step->x;

    if (!step->gap || is_open(x, step->seg->seq) || x->hole_count == DIAG_HOLES)
        return;
    if (!x->hole)
        x->hole = g_new0(struct diag_hole, DIAG_HOLES);
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
        struct diag_hole *hole = &y->hole[i];

        if (hole->duplicate_acked && step->seg->ack == hole->seq &&
            step->seg->time_ns - hole->time_ns >= NEVER_NS)
            diag_loss_gap(step, hole, DIAG_LOSS_SELECTIVE);
        if (hole->duplicate_acked || !asks_for(step, hole))
            continue;
        hole->duplicate_acked = true;
        hole->asked_frame = step->seg->frame;
        diag_loss_gap(step, hole, DIAG_LOSS_NETWORK);
    }
}

/* What the client received and the capture has lost may have been the answer. */
static void may_have_answered(const struct diag_step *step, const struct diag_hole *hole)
{
    struct diag_request *r = &step->conn->request;

    if (step->from == DIAG_CLIENT && r->open && hole->frame > r->last_frame)
        r->open = false;
}

void diag_gaps_close(const struct diag_step *step)
{
    struct diag_half *y = step->y;

    for (uint32_t i = y->hole_count; i-- > 0;)
        if (diag_seq_le(y->hole[i].end, step->seg->ack)) {
            diag_loss_gap(step, &y->hole[i], DIAG_LOSS_CAPTURE);
            may_have_answered(step, &y->hole[i]);
            drop_hole(y, i);
        }
}
