/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequence space of both directions (RFC 9293 3.4): what a segment means before it is applied, and
 * what both sides have sent, acknowledged and missed after it.
 */
#include "core.h"

#include <string.h>

static bool is_keepalive(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const struct diag_half *x = step->x;

    if (seg->flags & (DIAG_SYN | DIAG_FIN | DIAG_RST) || !x->segments || seg->payload > 1)
        return false;
    return seg->seq == x->nxt - 1 && x->una_valid && x->una == x->nxt;
}

static bool overlaps_hole(const struct diag_half *x, uint32_t seq, uint32_t end)
{
    for (uint32_t i = 0; i < x->hole_count; i++)
        if (diag_seq_lt(seq, x->hole[i].end) && diag_seq_lt(x->hole[i].seq, end))
            return true;
    return false;
}

static void derive_space(struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const struct diag_half *x = step->x;
    bool takes_space = step->end != seg->seq;

    if (step->rst || step->syn || step->synack)
        return;
    step->keepalive = is_keepalive(step);
    if (!x->segments) {
        step->fresh = takes_space;
        return;
    }
    if (step->keepalive)
        return;
    step->fresh = takes_space && diag_seq_lt(x->nxt, step->end);
    step->again = takes_space && !step->fresh;
    step->fills = step->again && overlaps_hole(x, seg->seq, step->end);
    if (diag_seq_lt(x->nxt, seg->seq))
        step->gap = seg->seq - x->nxt;
}

static void derive_ack(struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const struct diag_half *y = step->y;

    if (!(seg->flags & DIAG_ACK) || step->rst || step->synack)
        return;
    step->advances = !y->una_valid || diag_seq_lt(y->una, seg->ack);
    step->repeats_ack = !step->advances && step->x->ack_valid && seg->ack == step->x->ack &&
                        seg->payload == 0 && !step->fin && !step->keepalive;
}

void diag_step_derive(struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    step->x = &step->conn->half[step->from];
    step->y = &step->conn->half[diag_peer(step->from)];
    step->syn = (seg->flags & (DIAG_SYN | DIAG_ACK | DIAG_RST)) == DIAG_SYN;
    step->synack = (seg->flags & (DIAG_SYN | DIAG_ACK | DIAG_RST)) == (DIAG_SYN | DIAG_ACK);
    step->rst = seg->flags & DIAG_RST;
    step->fin = !step->rst && (seg->flags & DIAG_FIN);
    step->end = seg->seq + seg->payload + !!(seg->flags & DIAG_SYN) + step->fin;
    derive_space(step);
    derive_ack(step);
}

/* ---- what the sender has in flight */

static struct diag_range *range_of(struct diag_half *x, uint32_t seq)
{
    for (uint32_t i = 0; i < x->flight_count; i++)
        if (diag_seq_le(x->flight[i].seq, seq) && diag_seq_lt(seq, x->flight[i].end))
            return &x->flight[i];
    return NULL;
}

static void sent_again(const struct diag_step *step)
{
    struct diag_range *range = range_of(step->x, step->seg->seq);

    if (step->seg->payload && !step->fills) {
        if (step->x->again++ == 0)
            step->x->again_frame = step->seg->frame;
        step->x->again_not_ect += step->seg->ecn == 0;
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

static void sent_fresh(const struct diag_step *step)
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
static void acknowledge_flight(const struct diag_step *step)
{
    struct diag_half *y = step->y;
    uint32_t gone = 0;

    while (gone < y->flight_count && diag_seq_le(y->flight[gone].end, step->seg->ack)) {
        const struct diag_range *range = &y->flight[gone++];

        if (!range->again)
            take_rtt(step->conn, diag_peer(step->from), step->seg->time_ns - range->time_ns);
        else if (diag_range_stalled(range))
            step->conn->stalled_ns += step->seg->time_ns - range->time_ns;
    }
    y->flight_count -= gone;
    if (y->flight)
        memmove(y->flight, y->flight + gone, y->flight_count * sizeof *y->flight);
    if (y->flight_count && diag_seq_lt(y->flight[0].seq, step->seg->ack))
        y->flight[0].seq = step->seg->ack;
}

/* ---- bytes that were sent and not captured */

static void drop_hole(struct diag_half *x, uint32_t i)
{
    x->hole_count--;
    memmove(x->hole + i, x->hole + i + 1, (x->hole_count - i) * sizeof *x->hole);
}

/* A segment overtaken on the way arrives within milliseconds; a lost one is sent again after a
 * round trip at the earliest. */
static void count_late(const struct diag_step *step)
{
    struct diag_half *x = step->x;
    int64_t reordering = diag_max_ns(3 * DIAG_MS_NS, diag_rtt(step->conn) / 2);

    for (uint32_t i = 0; i < x->hole_count; i++)
        if (x->hole[i].seq == step->seg->seq)
            x->late += step->seg->time_ns - x->hole[i].time_ns > reordering;
}

static void fill_holes(struct diag_half *x, uint32_t seq, uint32_t end)
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

static void open_hole(const struct diag_step *step)
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

/* The receiver repeats its ACK at the hole: it lacks these bytes too. */
static void ask_for_holes(const struct diag_step *step)
{
    struct diag_half *y = step->y;

    for (uint32_t i = 0; i < y->hole_count; i++) {
        if (step->seg->ack != y->hole[i].seq)
            continue;
        y->hole[i].duplicate_acked = true;
        y->hole[i].asked_frame = step->seg->frame;
    }
}

static void close_acked_holes(const struct diag_step *step)
{
    struct diag_half *y = step->y;

    for (uint32_t i = y->hole_count; i-- > 0;)
        if (diag_seq_le(y->hole[i].end, step->seg->ack))
            drop_hole(y, i);
}

/* ---- applying a segment */

static void apply_space(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    open_hole(step);
    if (step->again) {
        sent_again(step);
        count_late(step);
        fill_holes(x, seg->seq, step->end);
    }
    if (!step->fresh)
        return;
    x->bytes += diag_seq_lt(seg->seq, x->nxt) && x->segments ? step->end - x->nxt - step->fin
                                                             : seg->payload;
    sent_fresh(step);
    x->nxt = step->end;
}

static void apply_payload(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (!seg->payload || step->keepalive)
        return;
    x->data_segments++;
    if (step->again)
        return;
    x->data_frame = seg->frame;
    x->data_ns = step->conn->last_data_ns = seg->time_ns;
    x->peer_mark = step->y->nxt;
    x->mark_valid = true;
    if (!x->first_data_frame) {
        x->first_data_frame = seg->frame;
        x->first_data_ns = seg->time_ns;
    }
}

static void apply_ack(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;
    struct diag_half *y = step->y;

    if (!(seg->flags & DIAG_ACK) || step->rst || step->synack)
        return;
    if (!x->ack_valid || diag_seq_lt(x->ack, seg->ack)) {
        x->acked_bytes += x->ack_valid ? seg->ack - x->ack : 0;
        x->ack = seg->ack;
        x->ack_frame = seg->frame;
        x->ack_ns = seg->time_ns;
        x->ack_valid = true;
        x->duplicate_acks = 0;
    } else if (step->repeats_ack) {
        x->duplicate_acks++;
    }
    if (step->advances)
        acknowledge_flight(step);
    if (step->advances)
        y->una = seg->ack;
    y->una_valid = true;
    close_acked_holes(step);
    ask_for_holes(step);
    for (unsigned i = 0; i < seg->sack_count; i++) {
        if (!x->sack_valid || diag_seq_lt(x->sack_edge, seg->sack[i][1]))
            x->sack_edge = seg->sack[i][1];
        x->sack_valid = true;
    }
}

/* RFC 7323 2.2: the window of a SYN is never scaled, later ones only if both sides agreed. */
static uint32_t scaled_window(const struct diag_step *step)
{
    const unsigned both = step->x->options & step->y->options;

    if (step->seg->flags & DIAG_SYN || !(both & DIAG_OPT_WSCALE))
        return step->seg->window;
    return (uint32_t)step->seg->window << (step->x->wscale < 14 ? step->x->wscale : 14);
}

static void apply_window(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (step->rst || !(seg->flags & DIAG_ACK))
        return;
    x->window = scaled_window(step);
    uint32_t edge = seg->ack + x->window;

    if (!x->edge_valid || diag_seq_lt(x->edge, edge))
        x->edge = edge;
    x->edge_valid = true;
    if (seg->window == 0 && !step->synack && !x->zero_frame && !x->fin) {
        x->zero_frame = seg->frame;
        x->zero_ns = seg->time_ns;
    } else if (seg->window != 0 && x->zero_frame) {
        int64_t closed = seg->time_ns - x->zero_ns;

        step->conn->stalled_ns += closed >= DIAG_SECOND_NS ? closed : 0;
        x->zero_frame = 0;
    }
}

static void apply_probe(const struct diag_step *step)
{
    struct diag_half *x = step->x;

    if (step->keepalive) {
        if (x->probes++ == 0) {
            x->probe_first_frame = step->seg->frame;
            x->probe_ns = step->seg->time_ns;
        }
        x->probe_gap_ns = x->probe_run++ ? step->seg->time_ns - x->probe_last_ns : 0;
        x->probe_last_ns = step->seg->time_ns;
        x->probe_frame = step->seg->frame;
    } else if (!step->rst) {
        x->probes = x->probe_run = 0;
    }
    if (!step->rst)
        step->y->probes = 0;
}

static void apply_end(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (step->fin) {
        x->fin_repeats += x->fin;
        if (!x->fin) {
            x->fin_seq = step->end - 1;
            x->fin_frame = seg->frame;
            x->fin_ns = seg->time_ns;
        }
        x->fin = true;
    }
    if (step->rst && !x->rst_frame) {
        x->rst_frame = seg->frame;
        x->rst_ns = seg->time_ns;
    }
    if ((step->fin || step->rst) && step->conn->closer == DIAG_NO_SIDE) {
        step->conn->closer = step->from;
        step->conn->close_frame = seg->frame;
        step->conn->close_ns = seg->time_ns;
        step->conn->idle_before_close_ns = seg->time_ns - step->conn->last_ns;
    }
}

static void apply_sender(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (!x->segments) {
        x->first_frame = seg->frame;
        x->first_tsval = seg->tsval;
        if (!step->rst)
            x->nxt = step->end;
    }
    if (!step->rst) {
        x->ttl = seg->ttl;
        if (seg->options & DIAG_OPT_TIMESTAMPS) {
            x->timestamps = true;
            x->tsval = seg->tsval;
        }
    }
    x->segments++;
    x->last_frame = seg->frame;
    x->last_ns = seg->time_ns;
}

static void remember(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_connection *conn = step->conn;

    if (conn->recent_count == DIAG_RECENT) {
        conn->recent_count--;
        memmove(conn->recent, conn->recent + 1, conn->recent_count * sizeof *conn->recent);
    }
    conn->recent[conn->recent_count++] =
        (struct diag_sent){.frame = seg->frame,
                           .time_ns = seg->time_ns,
                           .from = step->from,
                           .flags = seg->flags,
                           .seq = seg->seq,
                           .end = step->end,
                           .ack = seg->ack,
                           .payload = seg->payload,
                           .tsval = seg->tsval,
                           .hash = diag_payload_hash(seg),
                           .ip_id = seg->ip_id,
                           .vlan = seg->vlan,
                           .ttl = seg->ttl,
                           .tunnel = seg->tunnel,
                           .timestamps = !!(seg->options & DIAG_OPT_TIMESTAMPS)};
}

void diag_step_apply(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;

    diag_history_add(step);
    diag_opening_apply(step);
    apply_space(step);
    apply_payload(step);
    apply_window(step);
    apply_ack(step);
    apply_probe(step);
    apply_end(step);
    apply_sender(step);
    diag_turns_apply(step);
    remember(step);
    diag_tls_apply(step);
    conn->segments_gap_ns = conn->last_frame ? step->seg->time_ns - conn->last_ns : 0;
    conn->last_frame = step->seg->frame;
    conn->last_ns = diag_max_ns(conn->last_ns, step->seg->time_ns);
}
