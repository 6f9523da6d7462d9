/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receive window that a side offers (RFC 9293 3.8.6), scaled, and how long it was closed. */
#include "core.h"

/* RFC 7323 2.2: the window of a SYN is never scaled, later ones only if both sides agreed. */
uint32_t diag_scaled_window(const struct diag_step *step)
{
    const unsigned both = step->x->options & step->y->options;

    if (step->seg->flags & DIAG_SYN || !(both & DIAG_OPT_WSCALE))
        return step->seg->window;
    return (uint32_t)step->seg->window << (step->x->wscale < 14 ? step->x->wscale : 14);
}

void diag_window_apply(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    if (step->rst || !(seg->flags & DIAG_ACK))
        return;
    x->window = diag_scaled_window(step);
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
