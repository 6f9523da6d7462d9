/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was sent again arrived in the end, and took its time. Whether somebody waited for it, and
 * whether anything was lost at all, are questions of their own.
 */
#include "tcp/spent.h"
#include "rules/blame.h"

/* One stall is told, but a harmless one does not speak for one that is not. */
static bool is_told(const struct diag_connection *conn, bool harmless)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_retx_stall);

    return said && (harmless || !said->benign);
}

static void weigh_stall(const struct diag_step *step, const struct diag_range *range,
                        struct diag_finding *f, bool harmless)
{
    bool brief = f->value[0] < DIAG_SECOND_NS;

    if (brief || range->again < 2)
        f->severity = DIAG_NOTE;
    if (diag_answers_first(step->seg, range)) {
        f->cause = DIAG_CAUSE_delayed;
        f->blame |= diag_blame_side(step->from);
        harmless |= brief;
    } else if (harmless) {
        f->cause = DIAG_CAUSE_unasked;
    }
    if (harmless)
        diag_excuse(f);
}

static void recovered_late(const struct diag_step *step)
{
    const struct diag_half *y = step->y;
    const struct diag_range *range = y->flight_count ? &y->flight[0] : NULL;

    if (!range || !step->advances || !diag_range_stalled(range) ||
        range->end - range->seq == range->fin || step->x->zero_frame)
        return;
    enum diag_side sender = diag_peer(step->from);
    int64_t late = step->seg->time_ns - range->time_ns;
    bool harmless = diag_nobody_waits(step->conn, sender, late);

    if (is_told(step->conn, harmless) || diag_seq_lt(step->seg->ack, range->end))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_retx_stall, sender, step->seg->frame, late,
                                        range->again + 1, range->frame);

    if (f)
        weigh_stall(step, range, f, harmless);
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, range->again_frame);
    diag_cite(f, DIAG_ROLE_ack, step->seg->frame);
}

/* At the receiver, only the copy that arrives is seen. */
static void arrived_late(const struct diag_step *step)
{
    const struct diag_hole *hole = diag_asked_hole(step->x);

    if (!step->fills || !hole || hole->seq != step->seg->seq ||
        step->seg->time_ns - hole->time_ns < DIAG_SECOND_NS || is_told(step->conn, false))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_retx_stall, step->from, step->seg->frame,
                                        step->seg->time_ns - hole->time_ns, 2, step->seg->frame);

    diag_cite_late(f, hole, step->seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    recovered_late(step);
    arrived_late(step);
}

const struct diag_rule diag_rule_stall = {
    .name = "stall", .sees = DIAG_SEES_AGAIN | DIAG_SEES_REPAIR, .on_segment = on_segment};
