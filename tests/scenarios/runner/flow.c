/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two correct stacks know of each other: which number each would send next, and what each has
 * received. Segment lines take their defaults from here.
 */
#include "scenario.h"

/* In sequence space. */
static uint32_t length_of(const struct diag_segment *segment)
{
    bool syn = (segment->flags & DIAG_SYN) != 0;
    bool fin = (segment->flags & DIAG_FIN) != 0;

    return segment->flags & DIAG_RST ? 0 : segment->payload + syn + fin;
}

static uint32_t first_isn(unsigned number, unsigned incarnation, enum diag_side side)
{
    uint32_t base = side == DIAG_CLIENT ? 0x10000000 : 0x20000000;

    return base + number * 0x00100000 + incarnation * 0x01234567;
}

void scn_flow_init(struct scn_flow *flow, unsigned number, unsigned incarnation)
{
    *flow = (struct scn_flow){0};
    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        flow->half[side].isn = first_isn(number, incarnation, side);
        flow->half[side].early = g_array_new(FALSE, FALSE, sizeof(struct scn_range));
        flow->half[side].sent = g_array_new(FALSE, FALSE, sizeof(struct scn_sent));
    }
}

static void clear_half(struct scn_half *half)
{
    if (!half->sent)
        return;
    for (guint i = 0; i < half->sent->len; i++)
        g_byte_array_unref(g_array_index(half->sent, struct scn_sent, i).payload);
    g_array_free(half->sent, TRUE);
    g_array_free(half->early, TRUE);
}

void scn_flow_clear(struct scn_flow *flow)
{
    clear_half(&flow->half[DIAG_CLIENT]);
    clear_half(&flow->half[DIAG_SERVER]);
    *flow = (struct scn_flow){0};
}

/* That side's SYN was sent and received before the story begins. */
static void assume_syn(struct scn_flow *flow, enum diag_side side)
{
    flow->half[side].syn_sent = true;
    flow->half[side].next = 1;
    flow->half[side].options =
        DIAG_OPT_MSS | DIAG_OPT_WSCALE | DIAG_OPT_TIMESTAMPS | DIAG_OPT_SACK_PERMITTED;
    flow->half[diag_peer(side)].received = 1;
}

void scn_flow_start(struct scn_flow *flow, enum diag_side from, unsigned flags)
{
    if (flow->started)
        return;
    flow->started = true;
    if ((flags & DIAG_SYN) == 0) {
        assume_syn(flow, DIAG_CLIENT);
        assume_syn(flow, DIAG_SERVER);
    } else if (flags & DIAG_ACK) {
        assume_syn(flow, diag_peer(from));
    }
}

/* Ranges that the hole's filling has made contiguous become received. */
static void absorb_early(struct scn_half *half)
{
    for (guint i = 0; i < half->early->len;) {
        struct scn_range range = g_array_index(half->early, struct scn_range, i);

        if (range.from > half->received) {
            i++;
            continue;
        }
        half->received = MAX(half->received, range.to);
        g_array_remove_index(half->early, i);
        i = 0;
    }
}

/* A block grows by what touches it, and comes first: SACK reports the latest first. */
static void keep_early(struct scn_half *half, struct scn_range added)
{
    for (guint i = 0; i < half->early->len;) {
        struct scn_range range = g_array_index(half->early, struct scn_range, i);

        if (range.to < added.from || range.from > added.to) {
            i++;
            continue;
        }
        added.from = MIN(added.from, range.from);
        added.to = MAX(added.to, range.to);
        g_array_remove_index(half->early, i);
    }
    g_array_prepend_val(half->early, added);
}

/* A SYN under another number, while its receiver has sent nothing yet, starts the count anew. */
static bool renumbers(const struct scn_half *half, const struct diag_segment *segment,
                      struct scn_range range)
{
    return segment->flags & DIAG_SYN && half->next <= 1 && range.from != 0;
}

static void receive(struct scn_half *half, const struct diag_segment *segment,
                    struct scn_range range)
{
    if (renumbers(half, segment, range))
        half->received = range.to;
    else if (range.from > half->received && range.to > range.from)
        keep_early(half, range);
    else if (range.to > range.from)
        half->received = MAX(half->received, range.to);
    absorb_early(half);
    if (segment->flags & DIAG_ACK) {
        half->was_acked = true;
        half->peer_ack = segment->ack;
    }
    if (segment->options & DIAG_OPT_TIMESTAMPS)
        half->ts_recent = segment->tsval;
}

static void note_syn(struct scn_flow *flow, enum diag_side from, const struct diag_segment *segment)
{
    unsigned asked = segment->flags & (DIAG_ECE | DIAG_CWR);
    bool answer = segment->flags & DIAG_ACK;

    flow->half[from].syn_sent = true;
    flow->half[from].options = segment->options;
    flow->half[from].ecn_setup = asked == (answer ? DIAG_ECE : DIAG_ECE | DIAG_CWR);
}

void scn_flow_sent(struct scn_flow *flow, enum diag_side from, const struct diag_segment *segment,
                   bool arrives)
{
    struct scn_half *half = &flow->half[from];
    struct scn_range range = {.from = segment->seq - half->isn};

    range.to = range.from + length_of(segment);
    if (range.from < UINT32_MAX / 2 && length_of(segment) > 0)
        half->next = MAX(half->next, range.to);
    if (segment->flags & DIAG_SYN)
        note_syn(flow, from, segment);
    if (segment->flags & DIAG_FIN && !half->fin_sent) {
        half->fin_sent = true;
        half->fin_seq = range.to - 1;
    }
    if (arrives)
        receive(&flow->half[diag_peer(from)], segment, range);
}
