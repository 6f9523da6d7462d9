/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the way of capturing does to a connection: frames cut short, segments that the network card
 * had not yet cut (or had already joined), a clock that jumps. Accuses nobody.
 */
#include "core.h"

/* ---- bytes of a frame that were not kept */

/* Later bytes of a connection that needs no reading miss nobody. */
static bool is_needed(const struct diag_step *step)
{
    return step->seg->cut || !step->x->bytes || diag_in_tls_handshake(step->conn);
}

static void cut_short(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    bool lacks = seg->cut || seg->captured < seg->payload;

    if (!lacks || diag_raised(step->conn, DIAG_cap_truncated) || !is_needed(step))
        return;
    diag_cite(diag_raise(step->out, DIAG_cap_truncated, step->from, seg->frame, seg->captured,
                         seg->payload),
              DIAG_ROLE_first, seg->frame);
}

/* ---- larger than any packet of this connection can be: a property of the file, said once */

static void super_segment(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    uint32_t most = step->y->mss ? step->y->mss : DIAG_ETHERNET_MSS;

    if (seg->payload <= MAX(most, DIAG_ETHERNET_MSS) || step->out->engine->offload)
        return;
    step->out->engine->offload = true;
    diag_cite(diag_raise(step->out, DIAG_cap_offload, step->from, seg->frame, seg->payload, most),
              DIAG_ROLE_first, seg->frame);
}

/* ---- the clock */

static void clock_jumps(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    int64_t ahead = diag_clock_jump(step);

    if (!ahead || diag_raised(conn, DIAG_cap_clock_backwards))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_cap_clock_backwards, step->from, step->seg->frame, ABS(ahead));

    if (f)
        f->cause = ahead > 0 ? DIAG_CAUSE_ahead : DIAG_CAUSE_none;
    diag_cite(f, DIAG_ROLE_last, conn->last_frame);
    diag_cite(f, DIAG_ROLE_first, step->seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    cut_short(step);
    super_segment(step);
    clock_jumps(step);
}

const struct diag_rule diag_rule_capture_limits = {
    .name = "capture_limits", .sees = DIAG_SEES_ODD_FRAME, .on_segment = on_segment};
