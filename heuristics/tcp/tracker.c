/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequence space of both directions (RFC 9293 3.4): what a segment means before it is applied, and
 * what both sides have sent, acknowledged and missed after it.
 */
#include "tcp/damage.h"
#include "tcp/ecn.h"
#include "tcp/loss.h"

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
    step->refuses = step->repeats_ack && y->flight_count && diag_flight_is_refused(step);
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
    step->traits = diag_step_traits(step);
}

/* ---- applying a segment */

static void apply_space(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    bool again = step->again;

    if (step->traits & (DIAG_SEES_AGAIN | DIAG_SEES_GAP))
        again = diag_loss_add(step) && again;
    diag_gaps_open(step);
    if (again) {
        diag_flight_again(step);
        diag_damage_copy(step);
        diag_gaps_count_late(step);
    }
    /* An ACK that overtook these bytes may have told of them before. */
    if (x->hole_count && step->end != seg->seq)
        diag_gaps_fill(step);
    if (!step->fresh)
        return;
    x->bytes += diag_seq_lt(seg->seq, x->nxt) && x->segments ? step->end - x->nxt - step->fin
                                                             : seg->payload;
    diag_flight_add(step);
    x->nxt = step->end;
}

static void apply_payload(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (!seg->payload || step->keepalive)
        return;
    x->data_segments++;
    if (step->again && !step->fills)
        return;
    x->data_frame = seg->frame;
    x->data_ns = step->conn->last_data_ns = seg->time_ns;
    x->peer_mark = step->y->nxt;
    x->mark_valid = step->y->segments > 0;
    if (!x->first_data_frame) {
        x->first_data_frame = seg->frame;
        x->first_data_ns = seg->time_ns;
    }
}

/* RFC 2018: what arrived behind a hole. */
static void apply_sack(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (step->conn->losses)
        diag_loss_duplicates(step);
    diag_flight_sack(step);
    for (unsigned i = 0; i < seg->sack_count; i++) {
        if (!x->sack_valid || diag_seq_lt(x->sack_edge, seg->sack[i][1]))
            x->sack_edge = seg->sack[i][1];
        x->sack_valid = true;
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
    if (step->refuses)
        diag_flight_refuse(step);
    if (step->advances)
        diag_flight_acknowledge(step);
    if (step->advances)
        y->una = seg->ack;
    y->una_valid = true;
    diag_gaps_close(step);
    diag_gaps_ask(step);
    if (seg->sack_count)
        apply_sack(step);
}

static void apply_probe(const struct diag_step *step)
{
    struct diag_half *x = step->x;

    if (step->keepalive) {
        if (x->probes++ == 0) {
            x->probe_first_frame = step->seg->frame;
            x->probe_ns = step->seg->time_ns;
        }
        if (x->probe_run == 0) {
            x->probe_run_frame = step->seg->frame;
            x->probe_run_ns = step->seg->time_ns;
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
        x->before_rst_frame = x->last_frame;
        x->before_rst_ns = x->last_ns;
        x->rst_seq = seg->seq;
        x->rst_ttl = seg->ttl;
        x->rst_ip_id = seg->ip_id;
        x->rst_frame = seg->frame;
        x->rst_ns = seg->time_ns;
    }
    if ((step->fin || step->rst) && step->conn->closer == DIAG_NO_SIDE) {
        step->conn->closer = step->from;
        step->conn->close_frame = seg->frame;
        step->conn->close_ack = seg->flags & DIAG_ACK ? seg->ack : x->ack;
        step->conn->close_ns = seg->time_ns;
        step->conn->idle_before_close_ns = seg->time_ns - step->conn->last_ns;
    }
}

/* Does the source number its packets upwards (RFC 6864 allows anything)? */
static void count_id(struct diag_half *x, uint16_t id)
{
    if (!diag_id_follows(x->ip_id, id) || !x->segments)
        x->id_steps = 0;
    else if (x->id_steps < UINT8_MAX)
        x->id_steps++;
    x->ip_id = id;
}

static void apply_sender(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (!x->segments) {
        x->first_frame = seg->frame;
        x->first_tsval = seg->tsval;
        diag_damage_first(step);
        if (!step->rst)
            x->nxt = step->end;
    }
    if (!step->rst) {
        x->ttl = seg->ttl;
        count_id(x, seg->ip_id);
        if (seg->options & DIAG_OPT_TIMESTAMPS) {
            x->timestamps = true;
            x->tsval = seg->tsval;
        }
    }
    x->segments++;
    x->last_frame = seg->frame;
    x->last_ns = seg->time_ns;
}

static void keep_head(struct diag_sent *sent, const struct diag_segment *seg)
{
    sent->head_length = seg->captured < DIAG_HEAD_BYTES ? (uint8_t)seg->captured : DIAG_HEAD_BYTES;
    if (sent->head_length)
        memcpy(sent->head, seg->data, sent->head_length);
}

/* The connections of a scan have one to three segments, so the space begins small; and it is twice
 * the window, so that the window is moved back only once in DIAG_RECENT segments. */
static void make_room(struct diag_connection *conn)
{
    const uint32_t most = 2 * DIAG_RECENT;

    if (conn->recent_start && conn->recent_capacity == most) {
        memmove(conn->recent_space, conn->recent, conn->recent_count * sizeof *conn->recent);
        conn->recent_start = 0;
    } else {
        conn->recent_capacity = conn->recent_capacity ? MIN(conn->recent_capacity * 4, most) : 1;
        conn->recent_space = g_renew(struct diag_sent, conn->recent_space, conn->recent_capacity);
    }
}

static void forget_oldest(struct diag_connection *conn)
{
    if (conn->recent_count == DIAG_RECENT) {
        conn->recent_start++;
        conn->recent_count--;
    }
    if (conn->recent_start + conn->recent_count == conn->recent_capacity)
        make_room(conn);
    conn->recent = conn->recent_space + conn->recent_start;
}

static void remember(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_connection *conn = step->conn;

    forget_oldest(conn);
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
                           .ip_id = seg->ip_id,
                           .vlan = seg->vlan,
                           .ttl = seg->ttl,
                           .tunnel = seg->tunnel,
                           .timestamps = !!(seg->options & DIAG_OPT_TIMESTAMPS)};
    keep_head(&conn->recent[conn->recent_count - 1], seg);
}

/* A SYN after a reset begins anew: what was reset was the try before it. */
static void begin_anew(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;

    if (!step->syn || !conn->opening.over)
        return;
    conn->closer = DIAG_NO_SIDE;
    conn->half[DIAG_CLIENT].rst_frame = conn->half[DIAG_SERVER].rst_frame = 0;
}

void diag_step_apply(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;

    begin_anew(step);
    diag_history_add(step);
    diag_opening_apply(step);
    apply_space(step);
    apply_payload(step);
    diag_window_apply(step);
    apply_ack(step);
    apply_probe(step);
    apply_end(step);
    apply_sender(step);
    if (step->traits & DIAG_SEES_ECN)
        diag_ecn_apply(step);
    diag_turns_apply(step);
    remember(step);
    diag_tls_apply(step);
    conn->segments_gap_ns = conn->last_frame ? step->seg->time_ns - conn->last_ns : 0;
    conn->last_frame = step->seg->frame;
    conn->last_ns = diag_max_ns(conn->last_ns, step->seg->time_ns);
}
