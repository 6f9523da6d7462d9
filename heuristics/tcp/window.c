/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receive window that a side offers (RFC 9293 3.8.6), scaled: how long it was closed, and how
 * long it had no room for a segment of its peer.
 */
#include "tcp/spent.h"

/* RFC 7323 2.2: the window of a SYN is never scaled, later ones only if both sides agreed. */
uint32_t diag_scaled_window(const struct diag_step *step)
{
    const unsigned both = step->x->options & step->y->options;

    if (step->seg->flags & DIAG_SYN || !(both & DIAG_OPT_WSCALE))
        return step->seg->window;
    return (uint32_t)step->seg->window << (step->x->wscale < 14 ? step->x->wscale : 14);
}

uint32_t diag_mss_of(const struct diag_half *receiver)
{
    const uint32_t smallest = 536; /* RFC 9293 3.7.1 */

    return receiver->mss > smallest ? receiver->mss : smallest;
}

static void end_starving(struct diag_half *sender, int64_t now_ns)
{
    if (sender->starved)
        diag_add_ns(&sender->starved_ns, diag_max_ns(now_ns - sender->starved_since_ns, 0));
    sender->starved = false;
}

/* An ACK of all that was sent, and still no room: the receiver has the data, and has not read them.
 * It had them one round trip after they had filled its window; it may have held back the ACK. */
static void note_room(const struct diag_step *step, struct diag_half *sender,
                      const struct diag_half *receiver, bool from_sender)
{
    const struct diag_segment *seg = step->seg;
    bool full = sender->bytes && !sender->fin && receiver->edge_valid &&
                diag_seq_diff(receiver->edge, sender->nxt) < (int32_t)diag_mss_of(receiver);

    if (sender->starved && (from_sender ? seg->payload > 0 : !full))
        end_starving(sender, seg->time_ns);
    if (full && !sender->full_frame) {
        sender->full_frame = seg->frame;
        sender->full_since_ns = seg->time_ns;
        if (!sender->ever_full_frame)
            sender->ever_full_frame = seg->frame;
    } else if (!full && sender->full_frame) {
        diag_add_ns(&sender->full_ns, diag_max_ns(seg->time_ns - sender->full_since_ns, 0));
        sender->full_frame = 0;
    }
    if (full && !from_sender && !sender->starved && seg->ack == sender->nxt) {
        sender->starved = true;
        sender->starved_since_ns =
            diag_min_ns(seg->time_ns, sender->full_since_ns + diag_round_trip(step->conn));
    }
}

static void note_closed(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (seg->window == 0 && !step->synack && !x->zero_frame && !x->fin) {
        x->zero_frame = seg->frame;
        x->zero_ns = seg->time_ns;
    } else if (seg->window != 0 && x->zero_frame) {
        int64_t closed = seg->time_ns - x->zero_ns;

        diag_add_ns(&step->conn->stalled_ns, closed >= DIAG_SECOND_NS ? closed : 0);
        x->zero_frame = 0;
    }
}

void diag_window_apply(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (step->rst || !(seg->flags & DIAG_ACK))
        return;
    x->window = diag_scaled_window(step);
    x->most_window = x->window > x->most_window ? x->window : x->most_window;
    uint32_t edge = seg->ack + x->window;

    if (!x->edge_valid || diag_seq_lt(x->edge, edge))
        x->edge = edge;
    x->edge_valid = true;
    note_closed(step);
    note_room(step, step->y, x, false);
    if (seg->payload)
        note_room(step, x, step->y, true);
}
