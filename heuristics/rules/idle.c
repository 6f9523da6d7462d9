/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After a long silence new data meet a reset of somebody who knows no such connection, and stands
 * elsewhere than the peer: a device that forgot it. (What meets no answer at all is in unacked.c.)
 */
#include "rules/blame.h"
#include "rules/clues.h"

/* The reset in this frame, if it says that its sender knows no connection, although there was one.
 */
static const struct diag_reset *forgotten(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_finding *f = diag_raised_finding(conn, DIAG_rst_no_socket);

    if (!f || f->frame != step->seg->frame || f->cause != DIAG_CAUSE_lost_state)
        return NULL;
    return &conn->reset[conn->reset_count - 1];
}

/* A route that changed in the meantime moves the peer itself, one hop or many; it changes neither
 * the TTL that its stack begins with, nor makes it answer faster than it ever did. */
static unsigned suspects(const struct diag_step *step, const struct diag_reset *reset)
{
    bool other =
        diag_has_clue(reset, DIAG_CLUE_initial_ttl) || diag_has_clue(reset, DIAG_CLUE_timing);
    bool nearer = diag_hops(reset->ttl) < diag_hops(step->x->ttl);

    return DIAG_BLAME_MIDDLEBOX | (other && nearer ? 0 : diag_blame_side(step->from));
}

static const struct diag_range *new_data(const struct diag_step *step)
{
    const struct diag_range *range = step->y->flight_count ? &step->y->flight[0] : NULL;

    return range && range->end - range->seq > range->fin ? range : NULL;
}

static void on_applied(const struct diag_step *step)
{
    const struct diag_reset *reset = forgotten(step);
    const struct diag_range *range = new_data(step);

    if (!reset || !range || range->idle_s < step->conn->engine->settings.idle_state ||
        !diag_has_clue(reset, DIAG_CLUE_hop_count) || step->x->before_rst_ns >= range->time_ns)
        return;
    enum diag_side sender = diag_peer(step->from);
    struct diag_finding *f = diag_raise(step->out, DIAG_idle_state_lost, sender, step->seg->frame,
                                        diag_outstanding(step->conn, sender), range->again + 1,
                                        step->seg->time_ns - range->time_ns, range->frame,
                                        range->idle_s * DIAG_SECOND_NS);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_rst;
    f->blame = suspects(step, reset);
    f->confidence = f->blame == DIAG_BLAME_MIDDLEBOX ? DIAG_HIGH : DIAG_MEDIUM;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_last, step->x->before_rst_frame);
    diag_cite(f, DIAG_ROLE_rst, step->seg->frame);
}

const struct diag_rule diag_rule_idle = {
    .name = "idle", .sees_applied = DIAG_SEES_RST, .on_applied = on_applied};
