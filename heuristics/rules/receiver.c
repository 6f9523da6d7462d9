/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiver takes nothing: its window is closed, or it does not answer probes any more. */
#include "blame.h"

static bool window_matters(const struct diag_step *step)
{
    const struct diag_half *x = step->x;

    return x->zero_frame && step->conn->closer == DIAG_NO_SIDE && step->y->bytes > 0;
}

static void report_window(const struct diag_connection *conn, struct diag_out *out,
                          enum diag_side side, uint32_t frame, int64_t now_ns)
{
    const struct diag_half *x = &conn->half[side];
    int64_t closed = now_ns - x->zero_ns;

    if (closed < diag_ms(conn->engine->settings.zero_window))
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_zero_window_stall, side, frame, closed, x->zero_frame);

    if (!f)
        return;
    f->blame = diag_blame_side(side);
    if (closed >= diag_ms(conn->engine->settings.slow_warn))
        f->severity = DIAG_WARN;
    diag_cite(f, DIAG_ROLE_zero_window, x->zero_frame);
    diag_cite(f, DIAG_ROLE_window_update, frame);
}

static void window_opens(const struct diag_step *step)
{
    if (window_matters(step) && !step->rst && step->seg->window != 0 &&
        (step->seg->flags & DIAG_ACK) && !diag_raised(step->conn, DIAG_zero_window_stall))
        report_window(step->conn, step->out, step->from, step->seg->frame, step->seg->time_ns);
}

static void probes_unanswered(const struct diag_step *step)
{
    const struct diag_half *x = step->x;

    if (!step->keepalive || x->probes != 3 || step->y->segments == 0 || step->y->fin ||
        diag_raised(step->conn, DIAG_keepalive_dead_peer))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_keepalive_dead_peer, step->from, step->seg->frame, x->probes,
                   step->seg->time_ns - x->probe_ns, x->probe_first_frame);

    if (!f)
        return;
    f->blame = DIAG_BLAME_PATH | diag_blame_side(diag_peer(step->from));
    diag_cite(f, DIAG_ROLE_probe, x->probe_first_frame);
    diag_cite(f, DIAG_ROLE_probe, step->seg->frame);
}

static void still_closed(const struct diag_connection *conn, struct diag_out *out,
                         enum diag_side side)
{
    uint32_t zero = conn->half[side].zero_frame;

    if (zero && conn->closer == DIAG_NO_SIDE && diag_outstanding(conn, diag_peer(side)))
        report_window(conn, out, side, zero, conn->last_ns);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    still_closed(conn, out, DIAG_CLIENT);
    still_closed(conn, out, DIAG_SERVER);
}

/* It was only out of reach for a while. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    const struct diag_half *peer = &conn->half[diag_peer(event->side)];

    return event->id == DIAG_keepalive_dead_peer && peer->last_frame > event->frame &&
           peer->rst_frame < event->frame;
}

const struct diag_rule diag_rule_receiver = {.name = "receiver",
                                             .on_segment = window_opens,
                                             .on_applied = probes_unanswered,
                                             .on_end = on_end,
                                             .overtaken = overtaken};
