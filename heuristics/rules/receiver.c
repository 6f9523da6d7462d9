/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiver takes nothing: its window is closed, or it does not answer probes any more. */
#include "rules/blame.h"

/* One probe can be lost, and its repetition too. */
#define DEAD_PROBES 3

/* ---- the window */

static bool window_matters(const struct diag_step *step)
{
    return step->conn->closer == DIAG_NO_SIDE && step->y->bytes > 0;
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

/* ---- probes */

/* What is sent just now cannot have been answered yet: the probes before it count. */
static bool may_be_dead(const struct diag_connection *conn, enum diag_side side, uint32_t probes)
{
    const struct diag_half *y = &conn->half[diag_peer(side)];

    return probes >= DEAD_PROBES && !y->fin && !y->zero_frame;
}

static void report_dead(const struct diag_connection *conn, struct diag_out *out,
                        enum diag_side side, uint32_t probes)
{
    const struct diag_half *x = &conn->half[side];
    struct diag_finding *f = diag_raise(out, DIAG_keepalive_dead_peer, side, x->probe_frame, probes,
                                        x->probe_last_ns - x->probe_ns, x->probe_first_frame);

    if (!f)
        return;
    f->blame = DIAG_BLAME_PATH | diag_blame_side(diag_peer(side));
    diag_cite(f, DIAG_ROLE_probe, x->probe_first_frame);
    diag_cite(f, DIAG_ROLE_probe, x->probe_frame);
}

static void probes_unanswered(const struct diag_step *step)
{
    if (step->keepalive && may_be_dead(step->conn, step->from, step->x->probes - 1) &&
        !diag_raised(step->conn, DIAG_keepalive_dead_peer))
        report_dead(step->conn, step->out, step->from, step->x->probes - 1);
}

static void never_answered(const struct diag_connection *conn, struct diag_out *out,
                           enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    bool heard = conn->half[diag_peer(side)].last_frame > x->probe_frame;

    if (!heard && !x->rst_frame && may_be_dead(conn, side, x->probes) &&
        !diag_near_end(conn, x->probe_last_ns))
        report_dead(conn, out, side, x->probes);
}

/* ---- once the capture is over */

static void still_closed(const struct diag_connection *conn, struct diag_out *out,
                         enum diag_side side)
{
    if (diag_kept_closed(conn, side))
        report_window(conn, out, side, conn->half[side].zero_frame,
                      conn->half[side].zero_ns + diag_kept_closed(conn, side));
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        still_closed(conn, out, side);
        never_answered(conn, out, side);
    }
}

/* It was only out of reach for a while; or it is there, and knows the connection no more. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_keepalive_dead_peer &&
           conn->half[diag_peer(event->side)].last_frame > event->frame;
}

const struct diag_rule diag_rule_receiver = {.name = "receiver",
                                             .sees = DIAG_SEES_WINDOW,
                                             .sees_applied = DIAG_SEES_AGAIN,
                                             .on_segment = window_opens,
                                             .on_applied = probes_unanswered,
                                             .on_end = on_end,
                                             .overtaken = overtaken};
