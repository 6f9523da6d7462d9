/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames that stand in the capture twice although they were sent once (mirror of two ports, VLANs,
 * both sides of a router, a tunnel and its content). A copy is left out of every TCP rule.
 */
#include "tcp/copies.h"

#include <string.h>

/* Faster than any stack can repeat a segment. */
#define COPY_AT_ONCE_NS (50 * INT64_C(1000))
#define EARLY_SYN_NS    (100 * DIAG_MS_NS)
/* Copies of a connection, after which more of them are no chance. */
#define PROVEN 2

static bool same_segment(const struct diag_sent *old, const struct diag_segment *seg)
{
    return old->seq == seg->seq && old->flags == seg->flags && old->payload == seg->payload &&
           (old->ack == seg->ack || !(seg->flags & DIAG_ACK));
}

static bool same_head(const struct diag_sent *old, const struct diag_segment *seg)
{
    uint32_t n = seg->captured < DIAG_HEAD_BYTES ? seg->captured : DIAG_HEAD_BYTES;

    return old->head_length == n && (n == 0 || memcmp(old->head, seg->data, n) == 0);
}

static bool another_place(const struct diag_sent *old, const struct diag_segment *seg)
{
    return old->ttl != seg->ttl || old->vlan != seg->vlan || old->tunnel != seg->tunnel;
}

/* A kernel answers two segments that came together by two resets that do not differ in a bit. They
 * are copies only where other frames of the connection were proven to be. */
static bool may_repeat_at_once(const struct diag_connection *conn, const struct diag_segment *seg)
{
    return (seg->flags & DIAG_RST) && !(seg->options & DIAG_OPT_TIMESTAMPS) && !conn->copies;
}

/* No stack repeats a SYN or SYN/ACK so early, nor with the timestamp of the first. */
static bool is_early_syn(const struct diag_segment *seg, int64_t apart)
{
    return (seg->flags & DIAG_SYN) && apart < EARLY_SYN_NS;
}

/* A firewall took the timestamps out of a SYN, whose IP ID shows that it is the same packet. */
static bool lost_its_option(const struct diag_sent *old, const struct diag_segment *seg)
{
    return (seg->flags & DIAG_SYN) && old->timestamps && !(seg->options & DIAG_OPT_TIMESTAMPS) &&
           seg->ip_id && seg->ip_id == old->ip_id;
}

/*
 * A real retransmission has another IP ID or a newer TSval. Where IDs do not count (IPv6, and 0 as
 * Linux sends it with DF on SYN/ACK and RST), the same TSval at another place of the network or
 * within microseconds is a copy. A stack that always sends the same ID proves nothing either, so
 * an ID that does not change between different segments is not trusted alone.
 */
static bool is_copy(const struct diag_connection *conn, const struct diag_sent *old,
                    const struct diag_segment *seg)
{
    int64_t apart = seg->time_ns - old->time_ns;
    bool same_ts = old->timestamps == !!(seg->options & DIAG_OPT_TIMESTAMPS) &&
                   (!old->timestamps || old->tsval == seg->tsval);

    same_ts = same_ts || lost_its_option(old, seg);
    if (!same_segment(old, seg) || !same_ts || apart < 0 ||
        apart > diag_ms(conn->engine->settings.copy_window))
        return false;
    if (!same_head(old, seg))
        return false;
    if (seg->ip_version == 4 && (seg->ip_id != 0 || old->ip_id != 0))
        return seg->ip_id == old->ip_id;
    if (apart < COPY_AT_ONCE_NS)
        return !may_repeat_at_once(conn, seg);
    if (another_place(old, seg))
        return old->timestamps || is_early_syn(seg, apart);
    return old->timestamps && is_early_syn(seg, apart);
}

static bool id_counts(const struct diag_connection *conn, const struct diag_sent *old)
{
    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *other = &conn->recent[i];

        if (other != old && other->from == old->from && other->frame != old->frame &&
            other->ip_id == old->ip_id && other->seq != old->seq)
            return false;
    }
    return true;
}

static bool fills_a_hole(const struct diag_half *x, uint32_t seq, uint32_t end)
{
    for (uint32_t i = 0; i < x->hole_count; i++)
        if (diag_seq_lt(seq, x->hole[i].end) && diag_seq_lt(x->hole[i].seq, end))
            return true;
    return false;
}

/*
 * Two captures of a busy connection, merged: between a frame and its copy lie more segments than
 * are remembered. But what is sent again has a timestamp of its own, newer than all that its sender
 * sent before; within one tick of its clock, an IP ID behind the last, or another place, tells.
 */
static bool is_older(const struct diag_half *x, const struct diag_segment *seg)
{
    if (!(seg->options & DIAG_OPT_TIMESTAMPS) || !x->timestamps)
        return false;
    if (seg->tsval != x->tsval)
        return diag_seq_lt(seg->tsval, x->tsval);
    return seg->ttl != x->ttl || (x->id_steps > 1 && diag_id_follows(seg->ip_id, x->ip_id));
}

/* Of the SYN or SYN/ACK by which this connection was opened. */
static struct diag_original old_syn(const struct diag_connection *conn,
                                    const struct diag_segment *seg)
{
    const struct diag_opening *o = &conn->opening;
    bool answer = seg->flags & DIAG_ACK;
    uint32_t tsval = answer ? o->synack_tsval : o->newest_tsval;

    if (!o->established || seg->tsval != tsval)
        return (struct diag_original){false, 0, 0};
    return (struct diag_original){true, answer ? o->synack_frame : o->last_frame,
                                  answer ? o->synack_ns : o->last_ns};
}

static struct diag_original forgotten(const struct diag_connection *conn,
                                      const struct diag_segment *seg, const struct diag_half *x)
{
    const struct diag_original none = {false, 0, 0};
    uint32_t end = seg->seq + seg->payload;

    if (!is_older(x, seg) || seg->flags & (DIAG_FIN | DIAG_RST))
        return none;
    if (seg->flags & DIAG_SYN)
        return x->syn && seg->seq == x->isn ? old_syn(conn, seg) : none;
    return (struct diag_original){conn->copies >= PROVEN && x->ack_valid &&
                                      diag_seq_le(seg->ack, x->ack) && diag_seq_le(end, x->nxt) &&
                                      !fills_a_hole(x, seg->seq, end),
                                  0, 0};
}

struct diag_original diag_original_of(const struct diag_connection *conn,
                                      const struct diag_segment *seg, enum diag_side from)
{
    const struct diag_original none = {false, 0, 0};
    const struct diag_half *x = &conn->half[from];
    bool remembered = false;

    /* New data stand at the end of what was sent, and a new acknowledgment behind the last: most
     * segments are one or the other, and need no look at what is remembered. What a reset
     * acknowledges is not taken over, so its copy does so once more. */
    if (x->segments && seg->payload && seg->seq == x->nxt)
        return none;
    if (x->ack_valid && (seg->flags & (DIAG_ACK | DIAG_RST)) == DIAG_ACK &&
        diag_seq_lt(x->ack, seg->ack))
        return none;
    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *old = &conn->recent[i];

        /* Nearly always decided by the first comparison. */
        if (old->seq != seg->seq || old->from != from)
            continue;
        if (is_copy(conn, old, seg) && (seg->ip_id == 0 || id_counts(conn, old)))
            return (struct diag_original){true, old->frame, old->time_ns};
        remembered = remembered || old->payload;
    }
    return remembered ? none : forgotten(conn, seg, x);
}
